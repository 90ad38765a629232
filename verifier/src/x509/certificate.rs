//! One certificate, parsed once.

use core::fmt;

use der::asn1::{IntRef, ObjectIdentifier};
use der::{Decode, Tag};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

use super::error::X509Error;
use super::extension::{self, Extension};
use super::walk::{Span, Walk, explicit, whole_octets};
use super::{name, pem};
use crate::crypto::{self, PublicKey, SignatureMemo};
use crate::time::Validity;

/// An X.509 version 3 certificate (RFC 5280 section 4.1) with the bytes it came as.
///
/// It says nothing about trust: [`Certificate::check_signed_by`] and [`Certificate::check_valid_at`] do, step by
/// step up to an anchor. Two certificates are equal if their bytes are.
#[derive(Clone)]
pub struct Certificate {
    pub(super) der: Box<[u8]>,
    pub(super) tbs: Span,
    pub(super) algorithm: Span,
    pub(super) signature: Span,
    serial: Span,
    issuer: Span,
    subject: Span,
    spki: Span,
    validity: Validity,
    key: PublicKey,
    extensions: Vec<Extension>,
    pub(super) constraints: Option<BasicConstraints>,
    pub(super) key_usage: Option<KeyUsage>,
    pub(super) memo: SignatureMemo,
}

impl Certificate {
    /// Parses exactly one certificate in strict DER of at most 16 KiB; nothing may follow it.
    ///
    /// An extension that stands twice, an unknown field, a key of an unknown kind and a signature algorithm that
    /// differs inside and outside are refused here.
    pub fn parse(der: &[u8]) -> Result<Self, X509Error> {
        if der.len() > MAX_CERTIFICATE {
            return Err(X509Error::TooLarge {
                structure: CERTIFICATE,
                size: der.len(),
                limit: MAX_CERTIFICATE,
            });
        }
        let mut outer = Walk::new(CERTIFICATE, der)?;
        let certificate = outer.nested("certificate", Tag::Sequence, |parts| {
            let tbs = parts.element("tbsCertificate", Tag::Sequence)?;
            let algorithm = parts.element("signatureAlgorithm", Tag::Sequence)?;
            let signature = parts.element("signatureValue", Tag::BitString)?;
            let signature = whole_octets(&signature).ok_or_else(|| parts.encoding("signatureValue"))?;
            let mut fields = parts.inside(&tbs)?;
            let certificate = Self::read(der, &mut fields, algorithm.der, tbs.span, signature)?;
            fields.finish("tbsCertificate")?;
            Ok(certificate)
        })?;
        outer.finish("certificate")?;
        Ok(certificate)
    }

    /// Parses a PEM text that holds exactly one certificate.
    pub fn parse_pem(text: &[u8]) -> Result<Self, X509Error> {
        match pem::pem_blocks(text, 1)?.as_slice() {
            [("CERTIFICATE", der)] => Self::parse(der),
            _ => Err(X509Error::Pem("expected one CERTIFICATE block")),
        }
    }

    /// Reads TBSCertificate.
    fn read(
        der: &[u8],
        fields: &mut Walk<'_>,
        outer_algorithm: &[u8],
        tbs: Span,
        signature: Span,
    ) -> Result<Self, X509Error> {
        version(fields)?;
        let serial = fields.element("serialNumber", Tag::Integer)?;
        IntRef::from_der(serial.der).map_err(|_| fields.encoding("serialNumber"))?;
        let algorithm = fields.element("signature", Tag::Sequence)?;
        if algorithm.der != outer_algorithm {
            return Err(X509Error::AlgorithmMismatch { structure: CERTIFICATE });
        }
        let issuer = fields.element("issuer", Tag::Sequence)?;
        let validity = fields.nested("validity", Tag::Sequence, |times| {
            Ok(Validity { not_before: times.time("notBefore")?, not_after: times.time("notAfter")? })
        })?;
        let subject = fields.element("subject", Tag::Sequence)?;
        let spki = fields.element("subjectPublicKeyInfo", Tag::Sequence)?;
        let extensions = match fields.peek("extensions")? {
            None => Vec::new(),
            Some(_) => fields
                .nested("extensions", explicit(3), |tagged| extension::extensions(CERTIFICATE, tagged))?,
        };
        let value = |oid: ObjectIdentifier| {
            extensions.iter().find(|extension| extension.oid == oid).map(|extension| extension.value.of(der))
        };
        let constraints = value(BASIC_CONSTRAINTS)
            .map(|value| basic_constraints(value).ok_or_else(|| fields.encoding("basicConstraints")))
            .transpose()?;
        let key_usage = value(KEY_USAGE)
            .map(|value| KeyUsage::from_der(value).map_err(|_| fields.encoding("keyUsage")))
            .transpose()?;
        Ok(Self {
            der: der.into(),
            tbs,
            algorithm: algorithm.span,
            signature,
            serial: serial.value_span,
            issuer: issuer.span,
            subject: subject.span,
            spki: spki.span,
            validity,
            key: PublicKey::from_spki(spki.der).map_err(X509Error::Key)?,
            extensions,
            constraints,
            key_usage,
            memo: SignatureMemo::default(),
        })
    }

    /// The certificate as received.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The signed part as received (TBSCertificate).
    pub fn tbs(&self) -> &[u8] {
        self.tbs.of(&self.der)
    }

    /// The subject as a DER Name.
    pub fn subject(&self) -> &[u8] {
        self.subject.of(&self.der)
    }

    /// The issuer as a DER Name.
    pub fn issuer(&self) -> &[u8] {
        self.issuer.of(&self.der)
    }

    /// The subject's common name, if it has exactly one.
    pub fn subject_common_name(&self) -> Option<&str> {
        name::common_name(self.subject())
    }

    /// The issuer's common name, if it has exactly one.
    pub fn issuer_common_name(&self) -> Option<&str> {
        name::common_name(self.issuer())
    }

    /// The serial number: the octets of the DER INTEGER, big endian. AMD's VCEKs have the number 0.
    pub fn serial(&self) -> &[u8] {
        self.serial.of(&self.der)
    }

    /// When the certificate may be used.
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// The subject's public key.
    pub const fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// The DER SubjectPublicKeyInfo as received.
    pub fn spki(&self) -> &[u8] {
        self.spki.of(&self.der)
    }

    /// SHA-256 of the whole certificate.
    pub fn fingerprint(&self) -> [u8; 32] {
        crypto::sha256(&self.der)
    }

    /// The octets of an extension's value; `None` if the certificate does not have it. Matches the whole object
    /// identifier. That none stands twice was checked when the certificate was parsed.
    pub fn extension(&self, oid: &ObjectIdentifier) -> Option<&[u8]> {
        self.extensions
            .iter()
            .find(|extension| extension.oid == *oid)
            .map(|extension| extension.value.of(&self.der))
    }

    /// The object identifiers of all extensions, in order.
    pub fn extension_ids(&self) -> impl Iterator<Item = &ObjectIdentifier> {
        self.extensions.iter().map(|extension| &extension.oid)
    }

    /// Whether the certificate is an authority's (basicConstraints).
    pub fn is_ca(&self) -> bool {
        self.constraints.as_ref().is_some_and(|constraints| constraints.ca)
    }

    /// The first critical extension that this verifier does not understand.
    pub(super) fn unknown_critical(&self) -> Option<ObjectIdentifier> {
        let understood = [BASIC_CONSTRAINTS, KEY_USAGE];
        let unknown = |extension: &&Extension| extension.critical && !understood.contains(&extension.oid);
        self.extensions.iter().find(unknown).map(|extension| extension.oid)
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}
impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (subject, issuer) = (name::printable(self.subject()), name::printable(self.issuer()));
        write!(f, "Certificate({subject:?} by {issuer:?}, {})", hex::encode(self.fingerprint()))
    }
}

/// Version 3, written as [0] INTEGER 2; version 1 is the default and is not written.
fn version(fields: &mut Walk<'_>) -> Result<(), X509Error> {
    let expected = 3;
    if fields.peek("version")? != Some(explicit(0)) {
        return Err(X509Error::Version { structure: CERTIFICATE, expected, actual: 1 });
    }
    fields.nested("version", explicit(0), |tagged| {
        let number = tagged.element("version", Tag::Integer)?;
        match number.value {
            [2] => Ok(()),
            [number @ (0 | 1 | 3..=0x7f)] => {
                let actual = number.saturating_add(1);
                Err(X509Error::Version { structure: CERTIFICATE, expected, actual })
            }
            _ => Err(tagged.encoding("version")),
        }
    })
}

/// BasicConstraints in strict DER. The decoder lets a written-out default `cA FALSE` pass, and a path length without
/// an authority; the only form that an end entity's may have is the empty one (RFC 5280 section 4.2.1.9).
fn basic_constraints(value: &[u8]) -> Option<BasicConstraints> {
    let constraints = BasicConstraints::from_der(value).ok()?;
    (constraints.ca || value == [0x30, 0x00]).then_some(constraints)
}

pub(super) const CERTIFICATE: &str = "certificate";
/// id-ce-basicConstraints (RFC 5280 section 4.2.1.9).
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
/// id-ce-keyUsage (RFC 5280 section 4.2.1.3).
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
/// Vendors' certificates take one to two KiB; the largest TPM ones three.
const MAX_CERTIFICATE: usize = 0x4000;
