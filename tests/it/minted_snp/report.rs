//! The report itself: form, signature, bindings.

use sim::P384Key;
use sim::amd::{Product, SigningChoice};
use verifier::check::Outcome;
use verifier::crypto::{CryptoError, SignatureAlgorithm};
use verifier::error::{BindingError, ParseError, VerifyError};
use verifier::evidence::Tee;
use verifier::expected::Expect;
use verifier::reader::ReadError;
use verifier::snp::{ReportError, SnpError};

use super::case::Snp;
use crate::refused::{self, Case, Refused};

fn malformed(error: ReportError) -> Result<(), Refused> {
    Err(Refused::Parse(ParseError::Report(error)))
}

fn refuses(error: SnpError) -> Result<(), Refused> {
    Err(Refused::Verify(VerifyError::Snp(error)))
}

/// The case with some bytes of its report written over and the report signed again.
fn rewritten(snp: &Snp, at: usize, bytes: &[u8]) -> Case {
    let mut case = snp.mint();
    case.evidence[at..at + bytes.len()].copy_from_slice(bytes);
    sign(&mut case.evidence, &snp.report_key);
    case
}

fn sign(report: &mut [u8], key: &P384Key) {
    let mut signature = key.sign_fixed(&report[..0x2a0]).unwrap();
    let (r, s) = signature.split_at_mut(48);
    r.reverse();
    s.reverse();
    report[0x2a0..0x2d0].copy_from_slice(r);
    report[0x2e8..0x318].copy_from_slice(s);
}

#[test]
fn accepts_every_version_product_and_kind_of_key() {
    let mut cases = Vec::new();
    for product in Product::ALL {
        for signer in [SigningChoice::Vcek, SigningChoice::Vlek] {
            for version in 2..=5 {
                let snp = Snp::of(product, signer).but(|snp| {
                    snp.report.version = version;
                    if version == 2 {
                        snp.report.cpuid = [0; 3];
                    }
                    if version < 5 {
                        (snp.report.launch_mitigations, snp.report.current_mitigations) = (0, 0);
                    }
                });
                cases.push((format!("{product:?} {signer:?} version {version}"), snp.mint(), Ok(())));
            }
        }
    }
    refused::all(cases);
}

#[test]
fn refuses_versions_whose_layout_is_not_known() {
    let snp = Snp::good();
    refused::all([0_u32, 1, 6, 0x105, u32::MAX].map(|version| {
        let mut case = rewritten(&snp, 0, &version.to_le_bytes());
        case.tee = Some(Tee::Snp);
        (format!("version {version}"), case, malformed(ReportError::Version { actual: version }))
    }));
}

#[test]
fn refuses_another_size() {
    let good = Snp::good().mint();
    let mut short = good.clone();
    short.evidence.pop();
    refused::all([(
        "short".to_owned(),
        short,
        malformed(ReportError::Size { expected: 0x4a0, actual: 0x49f }),
    )]);
    // What follows a report is its certificate table, and one byte is none.
    let mut long = good;
    long.evidence.push(0);
    let left = ReadError::Truncated { structure: "SNP certificate table", offset: 0, wanted: 16, left: 1 };
    refused::all([("long".to_owned(), long, malformed(ReportError::Read(left)))]);
}

#[test]
fn refuses_reserved_bytes_at_either_end_of_every_reserved_range() {
    let ranges: [(u32, &[(usize, usize)]); 4] = [
        (2, &[(0x4c, 0x50), (0x188, 0x1a0), (0x1eb, 0x1ec), (0x1ef, 0x1f0), (0x1f8, 0x2a0)]),
        (3, &[(0x4c, 0x50), (0x18b, 0x1a0), (0x1eb, 0x1ec), (0x1ef, 0x1f0), (0x1f8, 0x2a0)]),
        (4, &[(0x4c, 0x50), (0x18b, 0x1a0), (0x1f8, 0x2a0)]),
        (5, &[(0x4c, 0x50), (0x18b, 0x1a0), (0x1eb, 0x1ec), (0x1ef, 0x1f0), (0x208, 0x2a0)]),
    ];
    for (version, ranges) in ranges {
        let snp = Snp::good().but(|snp| {
            snp.report.version = version;
            if version == 2 {
                snp.report.cpuid = [0; 3];
            }
            if version < 5 {
                (snp.report.launch_mitigations, snp.report.current_mitigations) = (0, 0);
            }
        });
        for (offset, end) in ranges.iter().copied() {
            for at in [offset, end - 1] {
                let read = ReadError::Reserved { structure: "SNP report", offset, end };
                let expected = malformed(ReportError::Read(read));
                let case = rewritten(&snp, at, &[1]);
                assert_eq!(case.outcome(), expected, "version {version} at {at:#x}");
            }
        }
    }
}

#[test]
fn refuses_anything_beside_the_two_numbers_of_the_signature() {
    for (offset, end) in [(0x2d0, 0x2e8), (0x318, 0x330), (0x330, 0x4a0)] {
        for at in [offset, end - 1] {
            let mut case = Snp::good().mint();
            case.evidence[at] = 1;
            let read = ReadError::Reserved { structure: "SNP report", offset, end };
            assert_eq!(case.outcome(), malformed(ReportError::Read(read)), "at {at:#x}");
        }
    }
}

#[test]
fn refuses_reserved_bits_of_the_key_information() {
    refused::all([5, 31].map(|bit| {
        let snp = Snp::good().but(|snp| snp.report.key_info |= 1 << bit);
        (format!("bit {bit}"), snp.mint(), malformed(ReportError::KeyInfo { actual: 1 << bit }))
    }));
}

#[test]
fn refuses_every_signing_key_but_the_two_known() {
    refused::all((2..=7_u8).map(|key| {
        let snp = Snp::good().but(|snp| snp.report.key_info = u32::from(key) << 2);
        (format!("key {key}"), snp.mint(), refuses(SnpError::SigningKey { actual: key }))
    }));
}

#[test]
fn takes_the_other_bits_of_the_key_information_as_facts() {
    let snp = Snp::good().but(|snp| snp.report.key_info = 0b01);
    assert_eq!(snp.mint().outcome(), Ok(()));
}

#[test]
fn refuses_every_signature_algorithm_but_the_known() {
    refused::all([0, 2, u32::MAX].map(|actual| {
        let snp = Snp::good().but(|snp| snp.report.signature_algorithm = actual);
        let expected = refuses(SnpError::SignatureAlgorithm { expected: 1, actual });
        (format!("algorithm {actual}"), snp.mint(), expected)
    }));
}

#[test]
fn refuses_a_processor_of_no_known_product() {
    refused::all([[0x17, 0x01, 0], [0x19, 0x20, 0], [0x19, 0xb0, 0], [0x1a, 0x50, 0]].map(|cpuid| {
        let snp = Snp::good().but(|snp| snp.report.cpuid = cpuid);
        let [family, model, _] = cpuid;
        (format!("{cpuid:x?}"), snp.mint(), refuses(SnpError::Processor { family, model }))
    }));
}

#[test]
fn accepts_the_processors_that_are_endorsed_as_genoa() {
    refused::all([0x10, 0x1f, 0xa0, 0xaf].map(|model| {
        let snp = Snp::good().but(|snp| snp.report.cpuid = [0x19, model, 0]);
        (format!("model {model:#x}"), snp.mint(), Ok(()))
    }));
}

#[test]
fn refuses_a_report_changed_anywhere_after_it_was_signed() {
    let good = Snp::good().mint();
    let wrong = CryptoError::SignatureWrong { algorithm: SignatureAlgorithm::EcdsaP384Sha384 };
    // GUEST_SVN, POLICY, VMPL, PLATFORM_INFO, MEASUREMENT, HOST_DATA, REPORT_ID_MA, LAUNCH_TCB, a mitigation vector.
    for at in [0x004, 0x00a, 0x030, 0x040, 0x090, 0x0bf, 0x0c0, 0x160, 0x1f0, 0x1f8, 0x207] {
        let mut case = good.clone();
        case.evidence[at] ^= 1;
        assert_eq!(case.outcome(), refuses(SnpError::Signature(wrong.clone())), "at {at:#x}");
    }
}

#[test]
fn refuses_a_report_signed_by_another_key_of_the_same_chip() {
    let vlek = Snp::vlek();
    let snp = Snp::good().but(|snp| snp.report_key = vlek.report_key);
    let wrong = CryptoError::SignatureWrong { algorithm: SignatureAlgorithm::EcdsaP384Sha384 };
    assert_eq!(snp.mint().outcome(), refuses(SnpError::Signature(wrong)));
}

#[test]
fn refuses_signatures_whose_numbers_are_zero_or_not_below_the_order() {
    let mut order = P384_ORDER;
    order.reverse();
    let range = CryptoError::SignatureRange { algorithm: SignatureAlgorithm::EcdsaP384Sha384 };
    for (name, number) in [("zero", [0; 48]), ("the order", order), ("all ones", [0xff; 48])] {
        for at in [0x2a0, 0x2e8] {
            let mut case = Snp::good().mint();
            case.evidence[at..at + 48].copy_from_slice(&number);
            let expected = refuses(SnpError::Signature(range.clone()));
            assert_eq!(case.outcome(), expected, "{name} at {at:#x}");
        }
    }
    // One below the order is in range, and wrong.
    order[0] -= 1;
    let mut case = Snp::good().mint();
    case.evidence[0x2a0..0x2d0].copy_from_slice(&order);
    let wrong = CryptoError::SignatureWrong { algorithm: SignatureAlgorithm::EcdsaP384Sha384 };
    assert_eq!(case.outcome(), refuses(SnpError::Signature(wrong)));
}

#[test]
fn refuses_another_report_data_also_where_it_is_only_shifted_or_cut() {
    let mut wanted = [0; 64];
    wanted[..32].copy_from_slice(&[0xab; 32]);
    let good = Snp::good().but(|snp| snp.report.report_data = wanted).mint();
    let expecting = |wanted: [u8; 64]| {
        let mut case = good.clone();
        case.expected.report_data = Expect::Equals(wanted);
        case
    };
    assert_eq!(expecting(wanted).outcome(), Ok(()));
    let mut shifted = wanted;
    shifted.rotate_right(1);
    let mut cut = wanted;
    cut[31] = 0;
    let mut longer = wanted;
    longer[32] = 0xab;
    for other in [shifted, cut, longer, [0; 64]] {
        let error = BindingError::ReportData { expected: other.to_vec(), actual: wanted.to_vec() };
        assert_eq!(expecting(other).outcome(), Err(Refused::Verify(VerifyError::Binding(error))));
    }
}

#[test]
fn refuses_another_host_data_or_one_of_another_length() {
    let good = Snp::good().but(|snp| snp.report.host_data = [7; 32]).mint();
    let expecting = |wanted: &[u8]| {
        let mut case = good.clone();
        case.expected.host_data = Expect::Equals(wanted.to_vec());
        case
    };
    assert_eq!(expecting(&[7; 32]).outcome(), Ok(()));
    for other in [&[8; 32][..], &[7; 31], &[7; 33], &[]] {
        let error = BindingError::HostData { expected: other.to_vec(), actual: vec![7; 32] };
        assert_eq!(expecting(other).outcome(), Err(Refused::Verify(VerifyError::Binding(error))));
    }
}

#[test]
fn shows_bindings_that_nobody_asked_for_as_not_checked() {
    let mut case = Snp::good().mint();
    case.expected = verifier::expected::Expected::nothing();
    let (verified, checks) = case.verified();
    assert!(verified.is_ok());
    let bindings: Vec<_> = checks
        .iter()
        .filter(|check| check.id.starts_with("snp.binding"))
        .map(|check| (check.id, check.outcome))
        .collect();
    let expected =
        [("snp.binding.report-data", Outcome::NotChecked), ("snp.binding.host-data", Outcome::NotChecked)];
    assert_eq!(bindings, expected);
}

/// The order n of P-384, big endian (SP 800-186 section 3.2.1.4).
const P384_ORDER: [u8; 48] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a,
    0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
];
