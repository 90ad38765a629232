//! On chains minted under simulated roots, each broken in one thing. The roots are made once: RSA keys cost.

use std::sync::LazyLock;

use sim::SeededRng;
use sim::amd::{AmdVendor, Chip, ReportFields, SigningChoice, oid};
use sim::x509::{CertificateFields, Extension};

use super::super::{ExtensionError, Product, Report, SigningKey, SnpError, VerifiedSnp, verify};
use crate::anchors::Anchors;
use crate::check::{Outcome, Trail};
use crate::crypto::{CryptoError, SignatureAlgorithm};
use crate::endorsements::Endorsements;
use crate::error::VerifyError;
use crate::expected::Expected;
use crate::time::UnixTime;
use crate::x509::{ObjectIdentifier, RevocationState, X509Error};

/// 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600;
const DAY: i64 = 86_400;

static MILAN: LazyLock<AmdVendor> = LazyLock::new(|| AmdVendor::new(sim::amd::Product::Milan, NOW).unwrap());
static TURIN: LazyLock<AmdVendor> = LazyLock::new(|| AmdVendor::new(sim::amd::Product::Turin, NOW).unwrap());

/// One verification with everything that can be changed.
struct Case {
    vendor: &'static AmdVendor,
    chip: Chip,
    signer: SigningChoice,
    report: ReportFields,
    vek: CertificateFields,
    more: Vec<Vec<u8>>,
    pinned: bool,
    now: i64,
}

impl Case {
    fn new(vendor: &'static AmdVendor, signer: SigningChoice) -> Self {
        let chip = Chip::new(vendor.product, &mut SeededRng::new("chip"));
        let report = chip.report(vendor.product.report_version(), signer, [7; 64]);
        let vek = vendor.endorsement_fields(&chip, signer, NOW);
        Self { vendor, chip, signer, report, vek, more: Vec::new(), pinned: true, now: NOW }
    }

    fn milan() -> Self {
        Self::new(&MILAN, SigningChoice::Vcek)
    }

    fn run(&self) -> (Result<VerifiedSnp, VerifyError>, Trail) {
        let issuer = self.vendor.issuer(self.signer);
        let mut endorsements = Endorsements::new();
        endorsements.add("vek", &self.vek.sign(&issuer.key).unwrap()).unwrap();
        endorsements.add("intermediate", &issuer.certificate).unwrap();
        for der in &self.more {
            endorsements.add("more", der).unwrap();
        }
        let mut anchors = Anchors::vendor().unwrap();
        if self.pinned {
            anchors.danger_add("danger_test", &self.vendor.ark.certificate).unwrap();
        }
        let bytes = self.chip.sign(&self.report, self.signer).unwrap();
        let report = Report::parse(&bytes).unwrap();
        let (expected, now) = (Expected::nothing(), UnixTime::from_secs(self.now));
        let mut trail = Trail::new();
        let verified = verify(&report, &[], &endorsements, &anchors, &expected, now, &mut trail);
        (verified, trail)
    }

    fn outcome(&self, id: &str) -> Option<Outcome> {
        let (verified, trail) = self.run();
        verified.unwrap();
        trail.checks().iter().find(|check| check.id == id).map(|check| check.outcome)
    }

    /// Why the one VCEK or VLEK given does not fit.
    fn unfitting(&self) -> String {
        match self.run().0 {
            Err(VerifyError::Unfitting { given, .. }) => given.join("; "),
            other => panic!("{other:?}"),
        }
    }

    fn error(&self) -> VerifyError {
        self.run().0.unwrap_err()
    }
}

fn chain(role: &'static str, error: X509Error) -> VerifyError {
    VerifyError::Snp(SnpError::Chain { role, error })
}

fn unsigned() -> X509Error {
    let algorithm = SignatureAlgorithm::RsaPssSha384;
    let reason = CryptoError::SignatureWrong { algorithm };
    X509Error::Signature { structure: "certificate", reason }
}

#[test]
fn accepts_vcek_and_vlek_reports_of_every_layout() {
    for (vendor, product) in [(&*MILAN, Product::Milan), (&*TURIN, Product::Turin)] {
        for (signer, key) in
            [(SigningChoice::Vcek, SigningKey::Vcek), (SigningChoice::Vlek, SigningKey::Vlek)]
        {
            for version in 3..=5 {
                let mut case = Case::new(vendor, signer);
                case.report = case.chip.report(version, signer, [7; 64]);
                let verified = case.run().0.unwrap();
                let facts = verified.facts();
                let found = (facts.product, facts.signing_key, facts.version, facts.mitigation.is_some());
                assert_eq!(found, (product, key, version, version == 5));
                let anchor = (verified.anchor().name.as_str(), verified.anchor().danger);
                assert_eq!(anchor, ("danger_test", true));
                let csp = (key == SigningKey::Vlek).then(|| "simulated-csp".to_owned());
                assert_eq!((facts.csp_id.clone(), facts.chip_id_masked), (csp, key == SigningKey::Vlek));
            }
        }
    }
}

#[test]
fn a_root_that_is_not_pinned_does_not_become_one_by_its_name() {
    let mut case = Case::milan();
    case.pinned = false;
    case.more.push(MILAN.ark.certificate.clone());
    assert_eq!(case.error(), chain("ask", unsigned()));
}

#[test]
fn a_masked_chip_id_is_not_checked_and_a_vlek_has_none() {
    let id = "snp.vek.chip-id";
    let mut case = Case::milan();
    assert_eq!(case.outcome(id), Some(Outcome::Pass));
    case.report.chip_id = [0; 64];
    assert_eq!(case.outcome(id), Some(Outcome::NotChecked));
    assert_eq!(Case::new(&MILAN, SigningChoice::Vlek).outcome(id), Some(Outcome::NotApplicable));
}

#[test]
fn a_chip_id_differs_in_any_byte() {
    for (vendor, offset) in [(&*MILAN, 0), (&*MILAN, 63), (&*TURIN, 7), (&*TURIN, 8), (&*TURIN, 63)] {
        let mut case = Case::new(vendor, SigningChoice::Vcek);
        case.report.chip_id[offset] ^= 1;
        let (report, own) = (hex::encode(case.report.chip_id), hex::encode(case.chip.hardware_id()));
        let expected = format!("vek (VCEK certificate): CHIP_ID is {report}, the certificate's {own}");
        assert_eq!(case.unfitting(), expected);
    }
}

#[test]
fn every_level_of_the_reported_tcb_counts() {
    for offset in [0, 1, 6, 7] {
        let mut case = Case::milan();
        case.report.reported_tcb[offset] ^= 1;
        assert!(case.unfitting().starts_with("vek (VCEK certificate): REPORTED_TCB is"), "{offset}");
    }
    for offset in [0, 1, 2, 3, 7] {
        let mut case = Case::new(&TURIN, SigningChoice::Vcek);
        case.report.reported_tcb[offset] ^= 1;
        assert!(case.unfitting().starts_with("vek (VCEK certificate): REPORTED_TCB is fmc"), "{offset}");
    }
}

#[test]
fn reserved_tcb_bytes_are_zero_in_every_field() {
    let mut case = Case::milan();
    case.report.launch_tcb[3] = 1;
    let actual = case.report.launch_tcb;
    let expected = SnpError::TcbReserved { product: Product::Milan, field: "LAUNCH_TCB", actual };
    assert_eq!(case.error(), VerifyError::Snp(expected));
}

#[test]
fn the_processor_must_be_of_the_certificates_product() {
    let mut case = Case::milan();
    case.report = case.chip.report(3, SigningChoice::Vcek, [7; 64]);
    case.report.cpuid = [0x19, 0x11, 1];
    let expected = "vek (VCEK certificate): the report's processor is genoa, the certificate's product milan";
    assert_eq!(case.unfitting(), expected);
}

#[test]
fn each_required_extension_must_be_there() {
    for (vendor, signer, name, id) in [
        (&*MILAN, SigningChoice::Vcek, "structVersion", oid::STRUCTURE_VERSION),
        (&*MILAN, SigningChoice::Vcek, "productName", oid::PRODUCT_NAME),
        (&*MILAN, SigningChoice::Vcek, "blSPL", oid::SPL_BOOTLOADER),
        (&*MILAN, SigningChoice::Vcek, "teeSPL", oid::SPL_TEE),
        (&*MILAN, SigningChoice::Vcek, "snpSPL", oid::SPL_SNP),
        (&*MILAN, SigningChoice::Vcek, "ucodeSPL", oid::SPL_MICROCODE),
        (&*MILAN, SigningChoice::Vcek, "hwID", oid::HARDWARE_ID),
        (&*MILAN, SigningChoice::Vlek, "cspID", oid::CSP_ID),
        (&*TURIN, SigningChoice::Vcek, "fmcSPL", oid::SPL_FMC),
    ] {
        let mut case = Case::new(vendor, signer);
        let removed = case.vek.remove_extension(&id).unwrap();
        let kind = if signer == SigningChoice::Vcek { "VCEK" } else { "VLEK" };
        let expected = |problem| {
            let error = SnpError::Extension { name, problem };
            format!("vek ({kind} certificate): {error}")
        };
        assert_eq!(case.unfitting(), expected(ExtensionError::Missing));

        // An identifier that begins like the right one is another one.
        let twin = ObjectIdentifier::new(&format!("{id}.1")).unwrap();
        case.vek.extensions.push(Extension::new(twin, removed.value.clone()));
        assert_eq!(case.unfitting(), expected(ExtensionError::Missing));

        // The right identifier with something behind the value.
        let longer = [removed.value, vec![0]].concat();
        case.vek.extensions.push(Extension::new(id, longer));
        assert_eq!(case.unfitting(), expected(ExtensionError::Malformed));
    }
}

#[test]
fn numbers_of_security_versions_are_single_bytes_in_der() {
    for value in
        [&b"\x02\x02\x01\x00"[..], b"\x02\x01\x80", b"\x02\x02\x00\x08", b"\x04\x01\x08", b"\x02\x00"]
    {
        let mut case = Case::milan();
        case.vek.extension_mut(&oid::SPL_SNP).unwrap().value = value.to_vec();
        let error = SnpError::Extension { name: "snpSPL", problem: ExtensionError::Malformed };
        assert_eq!(case.unfitting(), format!("vek (VCEK certificate): {error}"), "{value:x?}");
    }
}

#[test]
fn values_that_are_not_known_and_extensions_out_of_place_are_refused() {
    let number = |value: u8| vec![0x02, 0x01, value];
    for (id, name, value, problem) in [
        (oid::STRUCTURE_VERSION, "structVersion", number(2), ExtensionError::Unknown),
        (oid::PRODUCT_NAME, "productName", b"\x16\x05Genoa".to_vec(), ExtensionError::Unknown),
        (oid::PRODUCT_NAME, "productName", b"\x16\x06Milan2".to_vec(), ExtensionError::Unknown),
        (oid::PRODUCT_NAME, "productName", b"\x0c\x05Milan".to_vec(), ExtensionError::Malformed),
        (oid::SPL_5, "spl_5", number(1), ExtensionError::Unknown),
        (oid::SPL_FMC, "fmcSPL", number(0), ExtensionError::OutOfPlace),
        (oid::CSP_ID, "cspID", b"\x16\x01x".to_vec(), ExtensionError::OutOfPlace),
        (oid::HARDWARE_ID, "hwID", vec![0; 64], ExtensionError::Malformed),
        (oid::HARDWARE_ID, "hwID", vec![1; 8], ExtensionError::Malformed),
    ] {
        let mut case = Case::milan();
        case.vek.remove_extension(&id);
        case.vek.extensions.push(Extension::new(id, value));
        let error = SnpError::Extension { name, problem };
        assert_eq!(case.unfitting(), format!("vek (VCEK certificate): {error}"));
    }
}

#[test]
fn a_vlek_may_not_pass_for_a_vcek() {
    // Signed with the VLEK, the report says VCEK and carries the chip's id.
    let mut case = Case::new(&MILAN, SigningChoice::Vlek);
    case.report = case.chip.report(3, SigningChoice::Vcek, [7; 64]);
    let expected = "vek (VLEK certificate): SIGNING_KEY names a VCEK, the certificate is a VLEK";
    assert_eq!(case.unfitting(), expected);
}

#[test]
fn an_authority_may_not_pass_for_a_vcek() {
    let mut case = Case::milan();
    case.vek.extensions.push(sim::x509::basic_constraints(true, None));
    assert!(matches!(case.error(), VerifyError::Missing(_)));
}

#[test]
fn a_report_by_another_key_of_the_same_chip_is_refused() {
    let mut case = Case::milan();
    case.chip.vcek = Chip::new(MILAN.product, &mut SeededRng::new("another chip")).vcek;
    let algorithm = SignatureAlgorithm::EcdsaP384Sha384;
    let expected = SnpError::Signature(CryptoError::SignatureWrong { algorithm });
    assert_eq!(case.error(), VerifyError::Snp(expected));
}

#[test]
fn of_two_renewed_vleks_the_one_in_use_verifies() {
    let mut case = Case::new(&MILAN, SigningChoice::Vlek);
    let mut old = Chip::new(MILAN.product, &mut SeededRng::new("older key"));
    old.id = case.chip.id;
    let old = MILAN.endorsement_fields(&old, SigningChoice::Vlek, NOW);
    // The older certificate comes first: make it the one under the name that is added first.
    let current = std::mem::replace(&mut case.vek, old);
    case.more.push(current.sign(&MILAN.asvk.key).unwrap());
    let (verified, trail) = case.run();
    assert_eq!(verified.map(|verified| verified.facts().signing_key), Ok(SigningKey::Vlek));
    assert_eq!([0, 2].map(|id| trail.was_used(id)), [false, true]);
}

#[test]
fn the_roots_list_decides_about_the_intermediate() {
    let with = |change: &dyn Fn(&mut sim::x509::CrlFields)| {
        let mut case = Case::milan();
        let mut fields = MILAN.crl_fields(NOW);
        change(&mut fields);
        case.more.push(fields.sign(&MILAN.ark.key).unwrap());
        case.run().0.map(|verified| verified.revocations()[0].state)
    };
    let serial = MILAN.ask.fields.serial.clone();
    assert_eq!(with(&|_| {}), Ok(RevocationState::Good));
    let stale = RevocationState::Stale { next_update: UnixTime::from_secs(NOW - 1) };
    assert_eq!(with(&|fields| fields.next_update = Some(NOW - 1)), Ok(stale));
    let revoked = |at| {
        let (serial, at) = (hex::encode(&serial), UnixTime::from_secs(at));
        Err(chain("ask", X509Error::Revoked { serial, at }))
    };
    let list = |fields: &mut sim::x509::CrlFields| fields.revoked = vec![(serial.clone(), NOW - DAY)];
    assert_eq!(with(&list), revoked(NOW - DAY));
    let stale = |fields: &mut sim::x509::CrlFields| {
        list(fields);
        fields.next_update = Some(NOW - 1);
    };
    assert_eq!(with(&stale), revoked(NOW - DAY));
}

#[test]
fn every_certificate_of_the_chain_must_be_valid_now() {
    let mut case = Case::milan();
    case.now = case.vek.not_after;
    assert_eq!(case.outcome("snp.chain.validity"), Some(Outcome::Pass));
    case.now += 1;
    let (not_after, now) = (UnixTime::from_secs(case.vek.not_after), UnixTime::from_secs(case.now));
    assert_eq!(case.error(), chain("vek", X509Error::Expired { not_after, now }));
    // The root ends with the intermediate, 24 years on; a VCEK that outlives them does not help.
    case.now = MILAN.ark.fields.not_after + 1;
    case.vek.not_after = case.now + DAY;
    let (not_after, now) = (UnixTime::from_secs(MILAN.ark.fields.not_after), UnixTime::from_secs(case.now));
    assert_eq!(case.error(), chain("ark", X509Error::Expired { not_after, now }));
}
