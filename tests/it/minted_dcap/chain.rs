//! The chain root → PCK CA → PCK certificate inside the quote, its extension, and the CRLs.

use sim::asn1 as write;
use sim::intel::QuoteForm;
use sim::x509::{BASIC_CONSTRAINTS, Extension, KEY_USAGE, basic_constraints, key_usage, pem};
use system_tests::minted::NOW;
use verifier::crypto::{CryptoError, SignatureAlgorithm};
use verifier::dcap::{DcapError, PckError, SGX_EXTENSION};
use verifier::error::VerifyError;
use verifier::time::UnixTime;
use verifier::x509::{ObjectIdentifier, X509Error};

use super::case::{Dcap, INTEL, STRANGER};
use crate::refused::{self, Case, Refused};

type Expected = Result<(), Refused>;

fn refuses(error: DcapError) -> Expected {
    Err(Refused::Verify(VerifyError::Dcap(error)))
}

fn certificate(role: &'static str, source: X509Error) -> Expected {
    refuses(DcapError::Certificate { role, source })
}

fn case(name: &str, expected: Expected, change: impl FnOnce(&mut Dcap)) -> (String, Case, Expected) {
    (name.to_owned(), Dcap::good().but(change).mint(), expected)
}

fn wrong_signature() -> X509Error {
    let reason = CryptoError::SignatureWrong { algorithm: SignatureAlgorithm::EcdsaP256Sha256 };
    X509Error::Signature { structure: "certificate", reason }
}

#[test]
fn refuses_links_that_another_key_signed() {
    refused::all([
        case("PCK by a stranger", certificate("pck", wrong_signature()), |dcap| {
            dcap.pck_signer = STRANGER.platform_ca.key.clone();
        }),
        case("PCK by the other CA", certificate("pck", wrong_signature()), |dcap| {
            dcap.pck_signer = INTEL.processor_ca.key.clone();
        }),
        case("CA by a stranger", certificate("pck-ca", wrong_signature()), |dcap| {
            dcap.ca_signer = STRANGER.root.key.clone();
        }),
    ]);
}

#[test]
fn refuses_a_self_made_hierarchy_with_intels_names() {
    for form in [QuoteForm::TdxV4, QuoteForm::Sgx] {
        let case = Dcap::under(&STRANGER, form).mint_under(&STRANGER);
        assert_eq!(case.outcome(), Ok(()), "under its own root");
        for roots in [vec![], vec![INTEL.root.certificate.clone()]] {
            let mut case = case.clone();
            case.roots = roots;
            // The stranger's root also lies among the endorsements.
            case.endorsements.push(("root", STRANGER.root.certificate.clone()));
            assert_eq!(case.outcome(), certificate("pck-ca", wrong_signature()));
        }
    }
}

#[test]
fn takes_the_chain_in_any_order_and_with_more_in_it() {
    let good = Dcap::good();
    let (pck, ca, root) = (good.pck(), good.ca(), INTEL.root.certificate.clone());
    let (other_ca, other_root) = (INTEL.processor_ca.certificate.clone(), STRANGER.root.certificate.clone());
    let with = |name: &str, certificates: &[&Vec<u8>], expected: Expected| {
        let certificates: Vec<_> = certificates.iter().map(|der| (*der).clone()).collect();
        let chain = good.pem_chain(&certificates);
        case(name, expected, |dcap| dcap.chain = Some(chain))
    };
    let too_many = X509Error::TooMany { structure: "PEM", part: "blocks", limit: 6 };
    refused::all([
        with("root first", &[&root, &ca, &pck], Ok(())),
        with("no root", &[&pck, &ca], Ok(())),
        with("another CA and a stranger's root", &[&other_root, &other_ca, &pck, &ca], Ok(())),
        with("six", &[&pck, &ca, &root, &root, &root, &root], Ok(())),
        with(
            "seven",
            &[&pck, &ca, &root, &root, &root, &root, &root],
            refuses(DcapError::PckChain(too_many)),
        ),
        with("no leaf", &[&ca, &root], refuses(DcapError::PckLeaves { actual: 0 })),
        with("two leaves", &[&pck, &pck, &ca], refuses(DcapError::PckLeaves { actual: 2 })),
        with("no CA", &[&pck, &root], refuses(DcapError::PckCaAbsent)),
        with("another CA", &[&pck, &other_ca, &root], refuses(DcapError::PckCaAbsent)),
    ]);
}

#[test]
fn takes_the_issuer_whose_key_signed_among_those_of_its_name() {
    let good = Dcap::good();
    let (pck, ca) = (good.pck(), good.ca());
    let stranger = STRANGER.platform_ca.certificate.clone();
    let with = |name: &str, certificates: &[&Vec<u8>], expected: Expected| {
        let certificates: Vec<_> = certificates.iter().map(|der| (*der).clone()).collect();
        let chain = good.pem_chain(&certificates);
        case(name, expected, |dcap| dcap.chain = Some(chain))
    };
    refused::all([
        with("a stranger's first", &[&stranger, &pck, &ca], Ok(())),
        with("a stranger's last", &[&ca, &pck, &stranger], Ok(())),
        with("a stranger's alone", &[&stranger, &pck], certificate("pck-ca", wrong_signature())),
    ]);
}

#[test]
fn passes_over_what_it_cannot_read_and_does_not_need() {
    let good = Dcap::good();
    let chain = |certificates: &[Vec<u8>], zeros: usize| {
        let mut chain = good.pem_chain(certificates);
        chain.extend(vec![0; zeros]);
        chain
    };
    let with = |name: &str, expected: Expected, chain: Vec<u8>| {
        case(name, expected, |dcap| dcap.chain = Some(chain))
    };
    let (pck, ca, garbage) = (good.pck(), good.ca(), vec![0x30, 1]);
    let encoding = || X509Error::Encoding { structure: "certificate", field: "certificate" };
    refused::all([
        with("one more", Ok(()), chain(&[garbage.clone(), pck.clone(), ca.clone()], 0)),
        with(
            "in the leaf's place",
            refuses(DcapError::PckChain(encoding())),
            chain(&[garbage.clone(), ca], 0),
        ),
        with("in the CA's place", refuses(DcapError::PckChain(encoding())), chain(&[pck, garbage], 0)),
        with("padded", Ok(()), chain(&[good.pck(), good.ca()], 9)),
    ]);
}

#[test]
fn refuses_what_is_no_chain_of_certificates() {
    let chain = |name: &str, chain: String, error: DcapError| {
        case(name, refuses(error), |dcap| dcap.chain = Some(chain.into_bytes()))
    };
    let encoding = X509Error::Encoding { structure: "certificate", field: "certificate" };
    refused::all([
        chain("a key", pem("PRIVATE KEY", &[1]), DcapError::PckChainBlock),
        chain("garbage", pem("CERTIFICATE", &[0x30, 1]), DcapError::PckChain(encoding)),
        chain("nothing", String::new(), DcapError::PckLeaves { actual: 0 }),
        chain(
            "cut",
            "-----BEGIN CERTIFICATE-----\n".to_owned(),
            DcapError::PckChain(X509Error::Pem("a block without its END line")),
        ),
    ]);
}

#[test]
fn refuses_certificates_without_their_rights() {
    let replace = |fields: &mut sim::x509::CertificateFields, extension: Extension| {
        let place = extension.oid;
        *fields.extension_mut(&place).unwrap() = extension;
    };
    let platform = || "Intel SGX PCK Platform CA".to_owned();
    let leaf = || "Intel SGX PCK Certificate".to_owned();
    let usage = |subject, wanted| X509Error::KeyUsage { subject, wanted };
    refused::all([
        case("no CA", certificate("pck", X509Error::NotACa { subject: platform() }), |dcap| {
            replace(&mut dcap.ca, basic_constraints(false, None));
        }),
        case("no word of a CA", certificate("pck", X509Error::NotACa { subject: platform() }), |dcap| {
            dcap.ca.remove_extension(&BASIC_CONSTRAINTS).unwrap();
        }),
        case("signs CRLs alone", certificate("pck", usage(platform(), "keyCertSign")), |dcap| {
            replace(&mut dcap.ca, key_usage(1, 0x02));
        }),
        case("no word of its use", certificate("pck", usage(platform(), "keyCertSign")), |dcap| {
            dcap.ca.remove_extension(&KEY_USAGE).unwrap();
        }),
        case("a leaf that is a CA", certificate("pck", X509Error::IsACa { subject: leaf() }), |dcap| {
            replace(&mut dcap.pck, basic_constraints(true, None));
        }),
        case("a leaf that may not sign", certificate("pck", usage(leaf(), "digitalSignature")), |dcap| {
            replace(&mut dcap.pck, key_usage(3, 0x08));
        }),
    ]);
}

#[test]
fn asks_for_every_certificate_inside_its_validity_to_the_second() {
    let now = UnixTime::from_secs(NOW);
    let early = |role| certificate(role, X509Error::NotYetValid { not_before: now.plus_secs(1), now });
    let late = |role| certificate(role, X509Error::Expired { not_after: now.plus_secs(-1), now });
    refused::all([
        case("pck at its first second", Ok(()), |dcap| dcap.pck.not_before = NOW),
        case("pck before it", early("pck"), |dcap| dcap.pck.not_before = NOW + 1),
        case("pck at its last second", Ok(()), |dcap| dcap.pck.not_after = NOW),
        case("pck after it", late("pck"), |dcap| dcap.pck.not_after = NOW - 1),
        case("ca at its first second", Ok(()), |dcap| dcap.ca.not_before = NOW),
        case("ca before it", early("pck-ca"), |dcap| dcap.ca.not_before = NOW + 1),
        case("ca at its last second", Ok(()), |dcap| dcap.ca.not_after = NOW),
        case("ca after it", late("pck-ca"), |dcap| dcap.ca.not_after = NOW - 1),
        case("root at its last second", Ok(()), |dcap| dcap.root.not_after = NOW),
        case("root after it", late("root"), |dcap| dcap.root.not_after = NOW - 1),
        case("root before it", early("root"), |dcap| dcap.root.not_before = NOW + 1),
        case("signer at its last second", Ok(()), |dcap| dcap.tcb_signer.not_after = NOW),
        case("signer after it", late("tcb-signer"), |dcap| dcap.tcb_signer.not_after = NOW - 1),
        case("signer before it", early("tcb-signer"), |dcap| dcap.tcb_signer.not_before = NOW + 1),
    ]);
}

#[test]
fn refuses_revoked_certificates_whatever_the_age_of_the_list() {
    let revoked = |role, serial: &[u8]| {
        certificate(
            role,
            X509Error::Revoked { serial: hex::encode(serial), at: UnixTime::from_secs(NOW - 9) },
        )
    };
    // A serial number is listed as the octets of its INTEGER: a leading zero keeps it positive.
    let octets = |magnitude: &[u8]| write::integer(magnitude)[2..].to_vec();
    let good = Dcap::good();
    let (pck, ca, signer) =
        (octets(&good.pck.serial), octets(&good.ca.serial), octets(&good.tcb_signer.serial));
    for stale in [false, true] {
        let due = if stale { NOW - 1 } else { NOW + 1 };
        refused::all([
            case("pck", revoked("pck", &pck), |dcap| {
                dcap.collateral.pck_crl.revoked.push((dcap.pck.serial.clone(), NOW - 9));
                dcap.collateral.pck_crl.next_update = Some(due);
            }),
            case("ca", revoked("pck-ca", &ca), |dcap| {
                dcap.collateral.root_crl.revoked.push((dcap.ca.serial.clone(), NOW - 9));
                dcap.collateral.root_crl.next_update = Some(due);
            }),
            case("signer", revoked("tcb-signer", &signer), |dcap| {
                dcap.collateral.root_crl.revoked.push((dcap.tcb_signer.serial.clone(), NOW - 9));
                dcap.collateral.root_crl.next_update = Some(due);
            }),
        ]);
    }
}

#[test]
fn refuses_an_extension_that_is_not_as_intel_writes_it() {
    /// The member's identifier ends in this arc; another takes its place.
    fn renumbered(dcap: &mut Dcap, from: u8, to: u8) {
        let extension = dcap.pck.extension_mut(&SGX_EXTENSION).unwrap();
        let mut member = vec![0x06, 0x0a];
        member.extend_from_slice(SGX_EXTENSION.as_bytes());
        member.push(from);
        let at = extension.value.windows(member.len()).position(|window| window == member).unwrap();
        extension.value[at + member.len() - 1] = to;
    }
    let member = |arc: &str| ObjectIdentifier::new_unwrap(&format!("1.2.840.113741.1.13.1.{arc}"));
    let error = |error| refuses(DcapError::PckExtension(error));
    refused::all([
        case("unknown", error(PckError::Unknown { oid: member("9") }), |dcap| renumbered(dcap, 6, 9)),
        case("twice", error(PckError::Twice { oid: member("3") }), |dcap| {
            let value = &mut dcap.pck.extension_mut(&SGX_EXTENSION).unwrap().value;
            let content = &value[4..];
            let again = write::sequence([write::oid(&member("3")), write::octet_string([0, 0])]);
            *value = write::tlv(0x30, [content, &again].concat());
        }),
        case("another type", error(PckError::Value { oid: member("6") }), |dcap| renumbered(dcap, 5, 6)),
        case("empty", error(PckError::Missing { member: "TCB" }), |dcap| {
            dcap.pck.extension_mut(&SGX_EXTENSION).unwrap().value = vec![0x30, 0];
        }),
        case("behind it", error(PckError::Der), |dcap| {
            dcap.pck.extension_mut(&SGX_EXTENSION).unwrap().value.push(0);
        }),
    ]);
}
