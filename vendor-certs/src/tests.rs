extern crate std;

use std::format;
use std::string::String;
use std::vec::Vec;

use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

use super::*;

/// Intel's SGX root as issued for 2018–2033, from the fixtures.
const INTEL_ROOT_2033: &[u8] = include_bytes!("../../fixtures/sgx-root/root-2018-2033.der");

const README: &str = include_str!("../README.md");

fn all() -> impl Iterator<Item = &'static VendorCert> {
    ROOTS.iter().chain(INTERMEDIATES)
}

fn parse(der: &[u8]) -> Certificate {
    Certificate::from_der(der).expect("a pinned certificate parses")
}

fn spki_sha256(certificate: &Certificate) -> [u8; 32] {
    let spki = certificate.tbs_certificate().subject_public_key_info();
    Sha256::digest(spki.to_der().expect("a parsed key encodes")).into()
}

#[test]
fn fingerprints_in_code_are_those_of_the_files() {
    for certificate in all() {
        let actual: [u8; 32] = Sha256::digest(certificate.der).into();
        assert_eq!((certificate.name, actual), (certificate.name, certificate.sha256));
    }
}

#[test]
fn key_fingerprints_in_code_are_those_of_the_files() {
    for certificate in all() {
        let actual = spki_sha256(&parse(certificate.der));
        assert_eq!((certificate.name, actual), (certificate.name, certificate.spki_sha256));
    }
}

#[test]
fn readme_has_a_row_for_every_certificate_with_its_fingerprint_and_provenance() {
    for certificate in all() {
        let row = README
            .lines()
            .find(|line| {
                line.starts_with(&format!("| `{}` | `{}/", certificate.name, certificate.vendor.as_str()))
            })
            .unwrap_or_default();
        let (package, licence) =
            certificate.provenance.rsplit_once(" (").expect("provenance ends with a licence");
        let licence = licence.trim_end_matches(')');
        let wanted = format!("| `{package}` | {licence} | `{}` |", hex::encode(certificate.sha256));
        assert!(row.contains(&wanted), "{} lacks {wanted}", certificate.name);
        let key_row = format!("| `{}` | `{}` |", certificate.name, hex::encode(certificate.spki_sha256));
        assert!(README.lines().any(|line| line == key_row), "no line {key_row}");
    }
}

#[test]
fn roots_are_self_issued_and_intermediates_are_issued_by_a_root_of_their_vendor() {
    for root in ROOTS {
        let certificate = parse(root.der);
        let tbs = certificate.tbs_certificate();
        assert_eq!((root.name, root.role, tbs.issuer()), (root.name, Role::Root, tbs.subject()));
    }
    for intermediate in INTERMEDIATES {
        let certificate = parse(intermediate.der);
        let tbs = certificate.tbs_certificate();
        assert_ne!((intermediate.name, tbs.issuer()), (intermediate.name, tbs.subject()));
        let issuers: Vec<&str> = ROOTS
            .iter()
            .filter(|root| root.vendor == intermediate.vendor)
            .filter(|root| parse(root.der).tbs_certificate().subject() == tbs.issuer())
            .map(|root| root.name)
            .collect();
        let product = intermediate.name.rsplit('-').next().unwrap_or_default();
        assert_eq!(
            (issuers, intermediate.role),
            (std::vec![&*format!("amd-ark-{product}")], Role::Intermediate)
        );
    }
}

#[test]
fn names_are_unique_and_begin_with_the_vendor() {
    let mut names: Vec<&str> = all().map(|certificate| certificate.name).collect();
    names.sort_unstable();
    let mut once = names.clone();
    once.dedup();
    assert_eq!(names, once);
    let strangers: Vec<String> = all()
        .filter(|certificate| !certificate.name.starts_with(&format!("{}-", certificate.vendor.as_str())))
        .map(|certificate| certificate.name.into())
        .collect();
    assert_eq!(strangers, Vec::<String>::new());
}

#[test]
fn both_issues_of_the_intel_root_hold_the_pinned_key() {
    let pinned = ROOTS.iter().find(|root| root.vendor == Vendor::Intel).expect("Intel's root is pinned");
    assert_ne!(INTEL_ROOT_2033, pinned.der, "two certificates");
    assert_eq!(spki_sha256(&parse(INTEL_ROOT_2033)), pinned.spki_sha256, "one key");
}

#[test]
fn reads_a_fingerprint_from_lower_case_hexadecimal() {
    let mut expected = [0; 32];
    expected[0] = 0x1f;
    expected[31] = 0xa0;
    let digits = "1f000000000000000000000000000000000000000000000000000000000000a0";
    assert_eq!(certificate::fingerprint(digits), expected);
}
