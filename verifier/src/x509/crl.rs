//! One certificate revocation list, parsed once.

use core::fmt;

use der::asn1::{IntRef, ObjectIdentifier};
use der::{Decode, Tag};

use super::algorithm;
use super::certificate::Certificate;
use super::error::X509Error;
use super::extension::{self, Extension};
use super::name;
use super::walk::{Span, Walk, explicit, whole_octets};
use crate::crypto::SignatureMemo;
use crate::time::UnixTime;

/// A version 2 CRL (RFC 5280 section 5) with the bytes it came as.
#[derive(Clone)]
pub struct Crl {
    der: Box<[u8]>,
    tbs: Span,
    algorithm: Span,
    signature: Span,
    issuer: Span,
    this_update: UnixTime,
    next_update: Option<UnixTime>,
    number: Option<Span>,
    /// Sorted by serial number, then by date.
    revoked: Vec<Entry>,
    /// An extension that changes what the list means in a way that is not supported.
    unsupported: Option<ObjectIdentifier>,
    memo: SignatureMemo,
}

/// One revoked certificate.
#[derive(Clone, Copy, Debug)]
struct Entry {
    serial: Span,
    at: UnixTime,
}

impl Crl {
    /// Parses exactly one CRL in strict DER of at most 4 MiB and 100 000 entries; nothing may follow it.
    pub fn parse(der: &[u8]) -> Result<Self, X509Error> {
        if der.len() > MAX_CRL {
            return Err(X509Error::TooLarge { structure: CRL, size: der.len(), limit: MAX_CRL });
        }
        let mut outer = Walk::new(CRL, der)?;
        let crl = outer.nested("CRL", Tag::Sequence, |parts| {
            let tbs = parts.element("tbsCertList", Tag::Sequence)?;
            let algorithm = parts.element("signatureAlgorithm", Tag::Sequence)?;
            let signature = parts.element("signatureValue", Tag::BitString)?;
            let signature = whole_octets(&signature).ok_or_else(|| parts.encoding("signatureValue"))?;
            let mut fields = parts.inside(&tbs)?;
            let crl = Self::read(der, &mut fields, algorithm.der, tbs.span, signature)?;
            fields.finish("tbsCertList")?;
            Ok(crl)
        })?;
        outer.finish("CRL")?;
        Ok(crl)
    }

    /// Reads TBSCertList.
    fn read(
        der: &[u8],
        fields: &mut Walk<'_>,
        outer_algorithm: &[u8],
        tbs: Span,
        signature: Span,
    ) -> Result<Self, X509Error> {
        version(fields)?;
        let algorithm = fields.element("signature", Tag::Sequence)?;
        if algorithm.der != outer_algorithm {
            return Err(X509Error::AlgorithmMismatch { structure: CRL });
        }
        let issuer = fields.element("issuer", Tag::Sequence)?;
        let this_update = fields.time("thisUpdate")?;
        let next_update = match fields.peek("nextUpdate")? {
            Some(Tag::UtcTime | Tag::GeneralizedTime) => Some(fields.time("nextUpdate")?),
            _ => None,
        };
        let (revoked, unsupported_entry) = match fields.peek("revokedCertificates")? {
            Some(Tag::Sequence) => entries(der, fields)?,
            _ => (Vec::new(), None),
        };
        let extensions = match fields.peek("crlExtensions")? {
            None => Vec::new(),
            Some(_) => {
                fields.nested("crlExtensions", explicit(0), |tagged| extension::extensions(CRL, tagged))?
            }
        };
        let number = extensions.iter().find(|extension| extension.oid == CRL_NUMBER);
        Ok(Self {
            der: der.into(),
            tbs,
            algorithm: algorithm.span,
            signature,
            issuer: issuer.span,
            this_update,
            next_update,
            number: number.map(|extension| crl_number(fields, extension, der)).transpose()?,
            revoked,
            unsupported: unsupported(&extensions, &[AUTHORITY_KEY_IDENTIFIER, CRL_NUMBER])
                .or(unsupported_entry),
            memo: SignatureMemo::default(),
        })
    }

    /// The CRL as received.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The issuer as a DER Name.
    pub fn issuer(&self) -> &[u8] {
        self.issuer.of(&self.der)
    }

    /// When the list was issued.
    pub const fn this_update(&self) -> UnixTime {
        self.this_update
    }

    /// When the next list will have been issued, if the list says so.
    pub const fn next_update(&self) -> Option<UnixTime> {
        self.next_update
    }

    /// The octets of the CRL number, big endian. Every Intel CRL has the number 1, so nothing is decided by it.
    pub fn number(&self) -> Option<&[u8]> {
        // That it is an INTEGER was checked when the list was parsed.
        IntRef::from_der(self.number?.of(&self.der)).ok().map(|number| number.as_bytes())
    }

    /// How many certificates the list names.
    pub fn len(&self) -> usize {
        self.revoked.len()
    }

    /// Whether the list names no certificate.
    pub fn is_empty(&self) -> bool {
        self.revoked.is_empty()
    }

    /// Checks that `issuer` issued this list: name, the right to sign CRLs, extensions that are understood, and
    /// the signature over the bytes as received (RFC 5280 section 6.3.3). Its time is not checked here.
    pub fn check_signed_by(&self, issuer: &Certificate) -> Result<(), X509Error> {
        if self.issuer() != issuer.subject() {
            let expected = name::printable(issuer.subject());
            return Err(X509Error::Issuer { expected, actual: name::printable(self.issuer()) });
        }
        if let Some(oid) = self.unsupported {
            return Err(X509Error::UnknownCritical { structure: CRL, oid });
        }
        issuer.check_issues_crls()?;
        let algorithm = algorithm::signature_algorithm(CRL, self.algorithm.of(&self.der))?;
        self.memo.check(issuer.public_key(), || {
            let signature = algorithm::signature(algorithm, self.signature.of(&self.der));
            issuer
                .public_key()
                .verify(algorithm, self.tbs.of(&self.der), signature)
                .map_err(|reason| X509Error::Signature { structure: CRL, reason })
        })
    }

    /// When the certificate with this serial number (octets of the DER INTEGER) was revoked, the earliest date if
    /// it is listed more than once. Every entry counts, whatever reason it gives, a hold included.
    pub fn revoked(&self, serial: &[u8]) -> Option<UnixTime> {
        let first = self.revoked.partition_point(|entry| entry.serial.of(&self.der) < serial);
        let entry = self.revoked.get(first)?;
        (entry.serial.of(&self.der) == serial).then_some(entry.at)
    }
}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (issuer, count) = (name::printable(self.issuer()), self.revoked.len());
        write!(f, "Crl(by {issuer:?}, {count} entries, {} to {:?})", self.this_update, self.next_update)
    }
}

/// Version 2, written as INTEGER 1; version 1 is the default and is not written.
fn version(fields: &mut Walk<'_>) -> Result<(), X509Error> {
    match fields.optional("version", Tag::Integer)?.map(|number| number.value) {
        Some([1]) => Ok(()),
        None | Some([0]) => Err(X509Error::Version { structure: CRL, expected: 2, actual: 1 }),
        Some(_) => Err(fields.encoding("version")),
    }
}

/// Reads revokedCertificates, which is absent rather than empty (RFC 5280 section 5.1.2.6).
fn entries(der: &[u8], fields: &mut Walk<'_>) -> Result<(Vec<Entry>, Option<ObjectIdentifier>), X509Error> {
    let mut unsupported_entry = None;
    // Every entry of a vendor's list has the same extensions, byte for byte: they are read once.
    let mut read: Option<&[u8]> = None;
    let mut revoked = fields.nested("revokedCertificates", Tag::Sequence, |list| {
        let mut revoked = Vec::new();
        while revoked.is_empty() || !list.is_done() {
            if revoked.len() >= MAX_ENTRIES {
                return Err(X509Error::TooMany { structure: CRL, part: "entries", limit: MAX_ENTRIES });
            }
            let entry = list.nested("revoked certificate", Tag::Sequence, |entry| {
                let serial = entry.element("revoked serial number", Tag::Integer)?;
                IntRef::from_der(serial.der).map_err(|_| entry.encoding("revoked serial number"))?;
                let at = entry.time("revocation date")?;
                if !entry.is_done() {
                    let element = entry.element("extensions", Tag::Sequence)?;
                    if read != Some(element.der) {
                        let extensions = extension::extensions(CRL, &mut entry.at(&element)?)?;
                        let known = [REASON_CODE, INVALIDITY_DATE];
                        unsupported_entry = unsupported_entry.or(unsupported(&extensions, &known));
                        read = Some(element.der);
                    }
                }
                Ok(Entry { serial: serial.value_span, at })
            })?;
            revoked.push(entry);
        }
        Ok(revoked)
    })?;
    revoked.sort_unstable_by(|a, b| {
        let by_serial = a.serial.of(der).cmp(b.serial.of(der));
        by_serial.then(a.at.cmp(&b.at))
    });
    Ok((revoked, unsupported_entry))
}

/// The first extension that is critical and unknown, or that narrows the list's scope however it is marked.
fn unsupported(extensions: &[Extension], known: &[ObjectIdentifier]) -> Option<ObjectIdentifier> {
    extensions
        .iter()
        .find(|extension| {
            NARROWING.contains(&extension.oid) || (extension.critical && !known.contains(&extension.oid))
        })
        .map(|extension| extension.oid)
}

fn crl_number(fields: &Walk<'_>, extension: &Extension, der: &[u8]) -> Result<Span, X509Error> {
    let value = extension.value;
    IntRef::from_der(value.of(der)).map_err(|_| fields.encoding("cRLNumber"))?;
    Ok(value)
}

const CRL: &str = "CRL";
/// id-ce-authorityKeyIdentifier and id-ce-cRLNumber (RFC 5280 sections 5.2.1, 5.2.3): what vendors' CRLs have.
const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
const CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
/// id-ce-cRLReasons and id-ce-invalidityDate of an entry (RFC 5280 sections 5.3.1, 5.3.2): neither saves it.
const REASON_CODE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
const INVALIDITY_DATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.24");
/// issuingDistributionPoint, deltaCRLIndicator and, in an entry, certificateIssuer (RFC 5280 sections 5.2.5,
/// 5.2.4, 5.3.3): a list that has them does not speak of all of its issuer's certificates, or of others' too.
const NARROWING: [ObjectIdentifier; 3] = [
    ObjectIdentifier::new_unwrap("2.5.29.28"),
    ObjectIdentifier::new_unwrap("2.5.29.27"),
    ObjectIdentifier::new_unwrap("2.5.29.29"),
];
/// Intel's lists have about sixty entries in three KiB.
const MAX_CRL: usize = 0x40_0000;
const MAX_ENTRIES: usize = 100_000;
