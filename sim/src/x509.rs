//! Certificates and CRLs as records of their fields: a test changes one field, then signs.
//!
//! RFC 5280 sections 4.1 and 5.1.

use der::oid::ObjectIdentifier;

use crate::asn1 as write;
use crate::error::MintError;
use crate::keys::IssuerKey;

/// A certificate before it is signed; every field is the test's to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFields {
    /// Serial number as a big-endian magnitude; AMD's VCEKs have the empty magnitude, zero.
    pub serial: Vec<u8>,
    /// AlgorithmIdentifier inside the signed part, DER.
    pub tbs_algorithm: Vec<u8>,
    /// AlgorithmIdentifier beside the signature, DER.
    pub algorithm: Vec<u8>,
    /// Issuer name, DER.
    pub issuer: Vec<u8>,
    /// First second of validity since 1970.
    pub not_before: i64,
    /// Last second of validity since 1970.
    pub not_after: i64,
    /// Subject name, DER.
    pub subject: Vec<u8>,
    /// SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
    /// The extensions in order.
    pub extensions: Vec<Extension>,
}

/// One extension of a certificate, a CRL or a CRL entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Which extension.
    pub oid: ObjectIdentifier,
    /// Whether whoever does not understand it must refuse.
    pub critical: bool,
    /// The octets of extnValue.
    pub value: Vec<u8>,
}

/// A CRL before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlFields {
    /// AlgorithmIdentifier inside the signed part, DER.
    pub tbs_algorithm: Vec<u8>,
    /// AlgorithmIdentifier beside the signature, DER.
    pub algorithm: Vec<u8>,
    /// Issuer name, DER.
    pub issuer: Vec<u8>,
    /// When it was made, seconds since 1970.
    pub this_update: i64,
    /// When the next one is due, seconds since 1970.
    pub next_update: Option<i64>,
    /// Serial numbers (big-endian magnitudes) and when each was revoked.
    pub revoked: Vec<(Vec<u8>, i64)>,
    /// The CRL's extensions in order.
    pub extensions: Vec<Extension>,
}

/// A simulated certification authority: its key, its certificate and what that was made from.
#[derive(Debug)]
pub struct Authority<K> {
    /// What the certificate was made from.
    pub fields: CertificateFields,
    /// The private key.
    pub key: K,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
}

impl CertificateFields {
    /// The DER of the part that is signed.
    pub fn to_be_signed(&self) -> Result<Vec<u8>, MintError> {
        let extensions = write::sequence(self.extensions.iter().map(Extension::encode));
        Ok(write::sequence([
            write::explicit(0, write::integer(&[2])),
            write::integer(&self.serial),
            self.tbs_algorithm.clone(),
            self.issuer.clone(),
            write::sequence([write::time(self.not_before)?, write::time(self.not_after)?]),
            self.subject.clone(),
            self.spki.clone(),
            write::explicit(3, extensions),
        ]))
    }

    /// The certificate, DER, signed with `issuer`, whoever the fields name.
    pub fn sign(&self, issuer: &impl IssuerKey) -> Result<Vec<u8>, MintError> {
        signed(self.to_be_signed()?, &self.algorithm, issuer)
    }

    /// The extension with this OID.
    pub fn extension_mut(&mut self, oid: &ObjectIdentifier) -> Option<&mut Extension> {
        self.extensions.iter_mut().find(|extension| extension.oid == *oid)
    }

    /// Takes the extension with this OID out.
    pub fn remove_extension(&mut self, oid: &ObjectIdentifier) -> Option<Extension> {
        let place = self.extensions.iter().position(|extension| extension.oid == *oid)?;
        Some(self.extensions.remove(place))
    }
}

impl CrlFields {
    /// The DER of the part that is signed.
    pub fn to_be_signed(&self) -> Result<Vec<u8>, MintError> {
        let mut parts = vec![
            write::integer(&[1]),
            self.tbs_algorithm.clone(),
            self.issuer.clone(),
            write::time(self.this_update)?,
        ];
        if let Some(next_update) = self.next_update {
            parts.push(write::time(next_update)?);
        }
        if !self.revoked.is_empty() {
            let entries = self.revoked.iter().map(|(serial, at)| crl_entry(serial, *at));
            parts.push(write::sequence(entries.collect::<Result<Vec<_>, _>>()?));
        }
        let extensions = self.extensions.iter().map(Extension::encode);
        parts.push(write::explicit(0, write::sequence(extensions)));
        Ok(write::sequence(parts))
    }

    /// The CRL, DER, signed with `issuer`, whoever the fields name.
    pub fn sign(&self, issuer: &impl IssuerKey) -> Result<Vec<u8>, MintError> {
        signed(self.to_be_signed()?, &self.algorithm, issuer)
    }
}

impl Extension {
    /// An extension that may be passed over.
    pub fn new(oid: ObjectIdentifier, value: Vec<u8>) -> Self {
        Self { oid, critical: false, value }
    }

    /// An extension that must be understood.
    pub fn critical(oid: ObjectIdentifier, value: Vec<u8>) -> Self {
        Self { oid, critical: true, value }
    }

    fn encode(&self) -> Vec<u8> {
        let critical = if self.critical { write::boolean(true) } else { Vec::new() };
        write::sequence([write::oid(&self.oid), critical, write::octet_string(&self.value)])
    }
}

impl<K: IssuerKey> Authority<K> {
    /// An authority with a self-signed certificate.
    pub fn root(fields: CertificateFields, key: K) -> Result<Self, MintError> {
        let certificate = fields.sign(&key)?;
        Ok(Self { fields, key, certificate })
    }

    /// An authority under another one.
    pub fn under(issuer: &impl IssuerKey, fields: CertificateFields, key: K) -> Result<Self, MintError> {
        let certificate = fields.sign(issuer)?;
        Ok(Self { fields, key, certificate })
    }
}

/// A Name with one attribute in each RDN, in the given order; country is a PrintableString, the others UTF8String.
pub fn name(attributes: &[(ObjectIdentifier, &str)]) -> Vec<u8> {
    write::sequence(attributes.iter().map(|(oid, text)| {
        let tag = if *oid == COUNTRY { 0x13 } else { 0x0c };
        write::set([write::sequence([write::oid(oid), write::tlv(tag, text)])])
    }))
}

/// BasicConstraints, critical.
pub fn basic_constraints(is_ca: bool, path_length: Option<u8>) -> Extension {
    let mut parts = Vec::new();
    if is_ca {
        parts.push(write::boolean(true));
    }
    if let Some(length) = path_length {
        parts.push(write::integer(&[length]));
    }
    Extension::critical(BASIC_CONSTRAINTS, write::sequence(parts))
}

/// KeyUsage, critical, with the one byte of named bits and the count of its unused low bits.
pub fn key_usage(unused: u8, bits: u8) -> Extension {
    Extension::critical(KEY_USAGE, write::tlv(0x03, [unused, bits]))
}

/// SubjectKeyIdentifier.
pub fn subject_key_identifier(id: &[u8; 20]) -> Extension {
    Extension::new(SUBJECT_KEY_IDENTIFIER, write::octet_string(id))
}

/// AuthorityKeyIdentifier with the key identifier alone.
pub fn authority_key_identifier(id: &[u8; 20]) -> Extension {
    Extension::new(AUTHORITY_KEY_IDENTIFIER, write::sequence([write::tlv(0x80, id)]))
}

/// CRLDistributionPoints with one URL.
pub fn crl_distribution_point(url: &str) -> Extension {
    let full_name = write::explicit(0, write::tlv(0x86, url));
    let point = write::sequence([write::explicit(0, full_name)]);
    Extension::new(CRL_DISTRIBUTION_POINTS, write::sequence([point]))
}

/// CRLNumber.
pub fn crl_number(number: u8) -> Extension {
    Extension::new(CRL_NUMBER, write::integer(&[number]))
}

/// A key identifier: the first 160 bits of SHA-256 over the SubjectPublicKeyInfo (RFC 7093 section 2, method 4).
pub fn key_identifier(spki: &[u8]) -> [u8; 20] {
    use sha2::Digest;
    let digest: [u8; 32] = sha2::Sha256::digest(spki).into();
    let mut id = [0; 20];
    id.copy_from_slice(&digest[..20]);
    id
}

/// One PEM block.
pub fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in body.as_bytes().chunks(64) {
        text.extend(line.iter().copied().map(char::from));
        text.push('\n');
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

fn signed(to_be_signed: Vec<u8>, algorithm: &[u8], issuer: &impl IssuerKey) -> Result<Vec<u8>, MintError> {
    let signature = issuer.sign(&to_be_signed)?;
    Ok(write::sequence([to_be_signed, algorithm.to_vec(), write::bit_string(&signature)]))
}

fn crl_entry(serial: &[u8], at: i64) -> Result<Vec<u8>, MintError> {
    // Reason 1, keyCompromise, as Intel's CRLs give it.
    let reason = Extension::new(REASON_CODE, write::enumerated(1));
    Ok(write::sequence([write::integer(serial), write::time(at)?, write::sequence([reason.encode()])]))
}

/// id-at-commonName.
pub const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// id-at-countryName.
pub const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
/// id-at-localityName.
pub const LOCALITY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.7");
/// id-at-stateOrProvinceName.
pub const STATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.8");
/// id-at-organizationName.
pub const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
/// id-at-organizationalUnitName.
pub const ORGANIZATIONAL_UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");
/// id-ce-subjectKeyIdentifier.
pub const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
/// id-ce-keyUsage.
pub const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
/// id-ce-basicConstraints.
pub const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
/// id-ce-cRLNumber.
pub const CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
/// id-ce-cRLReasons.
pub const REASON_CODE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
/// id-ce-cRLDistributionPoints.
pub const CRL_DISTRIBUTION_POINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.31");
/// id-ce-authorityKeyIdentifier.
pub const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
