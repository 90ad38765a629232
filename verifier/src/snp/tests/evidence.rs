use std::sync::Arc;

use super::super::{Product, Report, SigningKey, SnpError, VerifiedSnp, verify};
use super::{GENOA_REPORT, GENOA_VCEK, MILAN_ARK, MILAN_ASK, MILAN_REPORT, MILAN_VCEK};
use crate::anchors::Anchors;
use crate::check::{Outcome, Trail};
use crate::crypto::{CryptoError, SignatureAlgorithm, signature_checks};
use crate::endorsements::Endorsements;
use crate::error::{BindingError, Missing, VerifyError};
use crate::expected::{Expect, Expected};
use crate::time::UnixTime;
use crate::x509::{Certificate, Revocation, RevocationState, X509Error};

/// Inside the validity of both VCEKs.
const NOW: &str = "2024-01-01T00:00:00Z";

fn at(text: &str) -> UnixTime {
    UnixTime::parse_rfc3339(text).unwrap()
}

/// One verification with everything that can be changed.
struct Case<'a> {
    report: Vec<u8>,
    endorsements: &'a [&'a [u8]],
    carried: &'a [&'a [u8]],
    expected: Expected,
    now: &'a str,
}

impl<'a> Case<'a> {
    fn milan(endorsements: &'a [&'a [u8]]) -> Self {
        let report = MILAN_REPORT.to_vec();
        Self { report, endorsements, carried: &[], expected: Expected::nothing(), now: NOW }
    }

    fn run(&self) -> (Result<VerifiedSnp, VerifyError>, Trail) {
        let mut endorsements = Endorsements::new();
        for (index, der) in self.endorsements.iter().enumerate() {
            endorsements.add(&format!("file {index}"), der).unwrap();
        }
        let carried: Vec<_> =
            self.carried.iter().map(|der| Arc::new(Certificate::parse(der).unwrap())).collect();
        let anchors = Anchors::vendor().unwrap();
        let mut trail = Trail::new();
        let report = Report::parse(&self.report).unwrap();
        let verified =
            verify(&report, &carried, &endorsements, &anchors, &self.expected, at(self.now), &mut trail);
        (verified, trail)
    }

    fn error(&self) -> VerifyError {
        self.run().0.unwrap_err()
    }
}

fn milan_vcek_wanted() -> Missing {
    let report = Report::parse(MILAN_REPORT).unwrap();
    Missing::Vek { kind: "VCEK", chip_id: hex::encode(report.chip_id), tcb: hex::encode(report.reported_tcb) }
}

#[test]
fn accepts_a_milan_report_and_keeps_every_step() {
    let (verified, trail) = Case::milan(&[MILAN_VCEK, MILAN_ASK]).run();
    let verified = verified.unwrap();
    let facts = verified.facts();
    assert_eq!((facts.product, facts.signing_key, facts.vmpl), (Product::Milan, SigningKey::Vcek, 0));
    assert_eq!(facts.vek_fingerprint, crate::crypto::sha256(MILAN_VCEK));
    assert_eq!(verified.anchor().name, "amd-ark-milan");
    assert!(!verified.anchor().danger);
    let states: Vec<_> = verified.revocations().iter().map(|one| (one.certificate, one.state)).collect();
    assert_eq!(states, [("ask", RevocationState::Absent), ("vek", RevocationState::NotApplicable)]);

    let outcomes: Vec<_> = trail.checks().iter().map(|check| (check.id, check.outcome)).collect();
    let expected = [
        ("snp.report.version", Outcome::Pass),
        ("snp.report.signature-algorithm", Outcome::Pass),
        ("snp.report.signing-key", Outcome::Pass),
        ("snp.report.processor", Outcome::NotApplicable),
        ("snp.vek.found", Outcome::Pass),
        ("snp.chain.ark", Outcome::Pass),
        ("snp.chain.ask", Outcome::Pass),
        ("snp.chain.vek", Outcome::Pass),
        ("snp.chain.validity", Outcome::Pass),
        ("snp.revocation.ask", Outcome::NotChecked),
        ("snp.vek.product", Outcome::NotApplicable),
        ("snp.vek.tcb", Outcome::Pass),
        ("snp.vek.chip-id", Outcome::Pass),
        ("snp.report.tcb-layout", Outcome::Pass),
        ("snp.report.signature", Outcome::Pass),
        ("snp.binding.report-data", Outcome::NotChecked),
        ("snp.binding.host-data", Outcome::NotChecked),
    ];
    assert_eq!(outcomes, expected);
    assert_eq!([0, 1].map(|id| trail.was_used(id)), [true, true]);
}

#[test]
fn accepts_a_genoa_report_with_the_intermediate_that_the_program_carries() {
    let case = Case { report: GENOA_REPORT.to_vec(), ..Case::milan(&[GENOA_VCEK]) };
    let verified = case.run().0.unwrap();
    assert_eq!((verified.facts().product, verified.facts().vmpl), (Product::Genoa, 1));
    assert_eq!(verified.anchor().name, "amd-ark-genoa");
}

#[test]
fn accepts_certificates_that_came_with_the_evidence_and_ignores_its_root() {
    let carried: &[&[u8]] = &[MILAN_VCEK, MILAN_ASK, MILAN_ARK];
    let verified = Case { carried, ..Case::milan(&[]) }.run().0.unwrap();
    assert_eq!(verified.anchor().name, "amd-ark-milan");
}

#[test]
fn unrelated_endorsements_are_not_used() {
    let (verified, trail) = Case::milan(&[GENOA_VCEK, MILAN_VCEK]).run();
    assert_eq!(verified.map(|verified| verified.facts().product), Ok(Product::Milan));
    assert_eq!([0, 1].map(|id| trail.was_used(id)), [false, true]);
}

#[test]
fn no_vcek_at_all_is_missing() {
    let (verified, trail) = Case::milan(&[MILAN_ASK, MILAN_ARK]).run();
    assert_eq!(verified, Err(VerifyError::Missing(milan_vcek_wanted())));
    let last = trail.checks().last().map(|check| (check.id, check.outcome));
    assert_eq!(last, Some(("snp.vek.found", Outcome::Fail)));
}

#[test]
fn a_vcek_of_another_chip_does_not_fit_and_is_named() {
    let error = Case::milan(&[GENOA_VCEK]).error();
    let VerifyError::Unfitting { wanted, given } = error else { panic!("{error}") };
    assert_eq!(wanted, milan_vcek_wanted());
    let report = "REPORTED_TCB is bootloader 3 tee 0 snp 8 microcode 115";
    let certificate = "the certificate's bootloader 7 tee 0 snp 11 microcode 62";
    assert_eq!(given, [format!("file 0 (VCEK certificate): {report}, {certificate}")]);
}

#[test]
fn a_vcek_of_another_tcb_does_not_fit() {
    let mut case = Case::milan(&[MILAN_VCEK]);
    case.report[0x180] += 1;
    assert!(matches!(case.error(), VerifyError::Unfitting { .. }));
}

#[test]
fn every_signed_byte_counts() {
    let algorithm = SignatureAlgorithm::EcdsaP384Sha384;
    let wrong = VerifyError::Snp(SnpError::Signature(CryptoError::SignatureWrong { algorithm }));
    // GUEST_SVN, POLICY, FAMILY_ID, VMPL, PLATFORM_INFO, AUTHOR_KEY_EN, REPORT_DATA, MEASUREMENT, HOST_DATA,
    // ID_KEY_DIGEST, REPORT_ID, firmware versions, and both numbers of the signature.
    for offset in
        [0x4, 0x8, 0x10, 0x30, 0x40, 0x48, 0x50, 0x90, 0xC0, 0xE0, 0x140, 0x1E8, 0x1EE, 0x2A0, 0x317]
    {
        let mut case = Case::milan(&[MILAN_VCEK]);
        case.report[offset] ^= 1;
        assert_eq!(case.error(), wrong, "offset {offset:#x}");
    }
}

#[test]
fn a_zero_signature_is_out_of_range() {
    let mut case = Case::milan(&[MILAN_VCEK]);
    case.report[0x2A0..0x318].fill(0);
    let algorithm = SignatureAlgorithm::EcdsaP384Sha384;
    let expected = SnpError::Signature(CryptoError::SignatureRange { algorithm });
    assert_eq!(case.error(), VerifyError::Snp(expected));
}

#[test]
fn unsigned_and_reserved_signing_keys_are_refused_before_any_certificate() {
    for value in 2..8u8 {
        let mut case = Case::milan(&[]);
        case.report[0x48] = value << 2;
        assert_eq!(case.error(), VerifyError::Snp(SnpError::SigningKey { actual: value }));
    }
}

#[test]
fn a_vcek_does_not_speak_for_a_report_that_names_a_vlek() {
    let mut case = Case::milan(&[MILAN_VCEK]);
    case.report[0x48] = 1 << 2;
    let error = case.error();
    let VerifyError::Unfitting { given, .. } = error else { panic!("{error}") };
    assert_eq!(given, ["file 0 (VCEK certificate): SIGNING_KEY names a VLEK, the certificate is a VCEK"]);
}

#[test]
fn another_signature_algorithm_is_refused() {
    let mut case = Case::milan(&[MILAN_VCEK]);
    case.report[0x34] = 2;
    let expected = SnpError::SignatureAlgorithm { expected: 1, actual: 2 };
    assert_eq!(case.error(), VerifyError::Snp(expected));
}

#[test]
fn an_unknown_processor_is_refused() {
    let mut case = Case::milan(&[MILAN_VCEK]);
    case.report[0] = 3;
    case.report[0x188] = 0x1B;
    let expected = SnpError::Processor { family: 0x1B, model: 0 };
    assert_eq!(case.error(), VerifyError::Snp(expected));
}

#[test]
fn validity_includes_both_ends_of_the_vcek() {
    let (first, last) = ("2023-04-03T19:23:43Z", "2030-04-03T19:23:43Z");
    let vek = |error| VerifyError::Snp(SnpError::Chain { role: "vek", error });
    for (now, expected) in [
        (first, None),
        (last, None),
        (
            "2023-04-03T19:23:42Z",
            Some(X509Error::NotYetValid { not_before: at(first), now: at("2023-04-03T19:23:42Z") }),
        ),
        (
            "2030-04-03T19:23:44Z",
            Some(X509Error::Expired { not_after: at(last), now: at("2030-04-03T19:23:44Z") }),
        ),
    ] {
        let outcome = Case { now, ..Case::milan(&[MILAN_VCEK]) }.run().0.err();
        assert_eq!(outcome, expected.map(vek), "{now}");
    }
}

#[test]
fn a_vcek_with_a_broken_signature_is_refused() {
    let mut vcek = MILAN_VCEK.to_vec();
    *vcek.last_mut().unwrap() ^= 1;
    let algorithm = SignatureAlgorithm::RsaPssSha384;
    let reason = CryptoError::SignatureWrong { algorithm };
    let error = X509Error::Signature { structure: "certificate", reason };
    let expected = VerifyError::Snp(SnpError::Chain { role: "vek", error });
    let endorsements: &[&[u8]] = &[&vcek];
    assert_eq!(Case::milan(endorsements).error(), expected);
}

#[test]
fn a_good_vcek_beside_a_broken_one_is_enough() {
    let mut broken = MILAN_VCEK.to_vec();
    *broken.last_mut().unwrap() ^= 1;
    let endorsements: &[&[u8]] = &[&broken, MILAN_VCEK];
    let (verified, trail) = Case::milan(endorsements).run();
    assert_eq!(verified.map(|verified| verified.facts().product), Ok(Product::Milan));
    assert_eq!(trail.checks().iter().find(|check| check.outcome == Outcome::Fail), None);
    assert_eq!([0, 1].map(|id| trail.was_used(id)), [false, true]);
}

#[test]
fn bindings_are_compared_in_full() {
    let report_data: [u8; 64] = MILAN_REPORT[0x50..0x90].try_into().unwrap();
    let host_data = MILAN_REPORT[0xC0..0xE0].to_vec();
    let bound = |report_data, host_data| Case {
        expected: Expected { report_data: Expect::Equals(report_data), host_data: Expect::Equals(host_data) },
        ..Case::milan(&[MILAN_VCEK])
    };
    let accepted = bound(report_data, host_data.clone()).run().0;
    assert_eq!(accepted.map(|verified| verified.facts().report_data), Ok(report_data));

    let mut other = report_data;
    other[63] ^= 1;
    let expected = BindingError::ReportData { expected: other.to_vec(), actual: report_data.to_vec() };
    assert_eq!(bound(other, host_data.clone()).error(), VerifyError::Binding(expected));

    let expected = BindingError::HostData { expected: vec![1; 32], actual: host_data };
    assert_eq!(bound(report_data, vec![1; 32]).error(), VerifyError::Binding(expected));
}

#[test]
fn the_second_report_of_a_chain_costs_one_signature() {
    let mut endorsements = Endorsements::new();
    endorsements.add("vcek", MILAN_VCEK).unwrap();
    let anchors = Anchors::vendor().unwrap();
    let report = Report::parse(MILAN_REPORT).unwrap();
    let count = || {
        let before = signature_checks();
        let expected = Expected::nothing();
        let verified =
            verify(&report, &[], &endorsements, &anchors, &expected, at(NOW), &mut Trail::new()).unwrap();
        let expected = Revocation {
            certificate: "ask",
            source: "the CRL of its issuer",
            state: RevocationState::Absent,
        };
        assert_eq!(verified.revocations().first(), Some(&expected));
        signature_checks() - before
    };
    assert_eq!(count(), 3);
    assert_eq!(count(), 1);
}
