//! On certificates minted with one field changed, and on real ones.

mod armour;
mod chain;
mod form;
mod lists;

use sim::x509::{
    COMMON_NAME, CertificateFields, CrlFields, Extension, basic_constraints, crl_number, key_usage, name,
};
use sim::{IssuerKey, P256Key, SeededRng};

use super::Certificate;
use crate::time::UnixTime;

/// 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600;
const DAY: i64 = 86_400;
const KEY_CERT_SIGN: u8 = 0x04;
const CRL_SIGN: u8 = 0x02;
const ECDSA_SHA256: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";

fn now() -> UnixTime {
    UnixTime::from_secs(NOW)
}

fn key(seed: &str) -> P256Key {
    P256Key::generate(&mut SeededRng::new(seed))
}

fn fields(subject: &str, issuer: &str, key: &P256Key, extensions: Vec<Extension>) -> CertificateFields {
    CertificateFields {
        serial: vec![0x10, 0x01],
        tbs_algorithm: ECDSA_SHA256.to_vec(),
        algorithm: ECDSA_SHA256.to_vec(),
        issuer: name(&[(COMMON_NAME, issuer)]),
        not_before: NOW - DAY,
        not_after: NOW + DAY,
        subject: name(&[(COMMON_NAME, subject)]),
        spki: key.spki(),
        extensions,
    }
}

fn authority_extensions() -> Vec<Extension> {
    vec![basic_constraints(true, None), key_usage(1, KEY_CERT_SIGN | CRL_SIGN)]
}

/// An authority named Root with the key of seed `root`.
fn root_fields() -> CertificateFields {
    fields("Root", "Root", &key("root"), authority_extensions())
}

/// An end entity under Root.
fn leaf_fields() -> CertificateFields {
    fields("Leaf", "Root", &key("leaf"), vec![basic_constraints(false, None), key_usage(7, 0x80)])
}

fn minted(fields: &CertificateFields) -> Certificate {
    Certificate::parse(&fields.sign(&key("root")).unwrap()).unwrap()
}

fn crl_fields() -> CrlFields {
    CrlFields {
        tbs_algorithm: ECDSA_SHA256.to_vec(),
        algorithm: ECDSA_SHA256.to_vec(),
        issuer: name(&[(COMMON_NAME, "Root")]),
        this_update: NOW - DAY,
        next_update: Some(NOW + DAY),
        revoked: Vec::new(),
        extensions: vec![crl_number(1)],
    }
}
