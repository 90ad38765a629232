//! One rule of revocation for all vendors: every state of every CRL, under both rules of the policy.

use sim::amd::{AmdVendor, SigningChoice};
use sim::intel::{IntelVendor, PckCa};
use sim::x509::CrlFields;
use system_tests::minted::{Amd, Intel, Minted, NOW, REPORT_DATA};
use verifier::check::Outcome;
use verifier::policy::{Policy, RevocationRule};
use verifier::trust::Scope;
use verifier::verdict::Verdict;

use crate::refused::{Case, accepting};
use crate::vectors::record;

/// What becomes of one CRL.
#[derive(Clone, Copy, Debug)]
enum State {
    Good,
    Absent,
    Stale,
    AtItsEnd,
    Future,
    AtItsStart,
    NoNextUpdate,
    Stranger,
    Revoked,
    RevokedAndStale,
}

/// The state, the exit code where a CRL is required, and where it is used if available.
const STATES: [(State, u8, u8); 10] = [
    (State::Good, 0, 0),
    (State::Absent, 1, 0),
    (State::Stale, 1, 0),
    (State::AtItsEnd, 0, 0),
    (State::Future, 1, 0),
    (State::AtItsStart, 0, 0),
    (State::NoNextUpdate, 1, 0),
    (State::Stranger, 1, 0),
    (State::Revoked, 3, 3),
    (State::RevokedAndStale, 3, 3),
];

impl State {
    /// Brings a CRL into this state; `serial` is the certificate that it is asked about.
    fn put(self, crl: &mut CrlFields, serial: &[u8]) {
        match self {
            Self::Good | Self::Absent | Self::Stranger => {}
            Self::Stale => crl.next_update = Some(NOW - 1),
            Self::AtItsEnd => crl.next_update = Some(NOW),
            Self::Future => crl.this_update = NOW + 1,
            Self::AtItsStart => crl.this_update = NOW,
            Self::NoNextUpdate => crl.next_update = None,
            Self::Revoked => crl.revoked.push((serial.to_vec(), NOW - 1)),
            Self::RevokedAndStale => {
                crl.next_update = Some(NOW - 1);
                crl.revoked.push((serial.to_vec(), NOW - 2));
            }
        }
    }
}

fn judge_at(minted: &Minted, revocation: RevocationRule, now: i64) -> Verdict {
    let Minted { evidence, endorsements, root } = minted.clone();
    let policy = Policy { revocation, ..accepting() };
    let case = Case { now, ..Case::new(evidence, endorsements, root) };
    case.verdict_stating(&["exit_code"], &policy, Scope::Hardware)
}

fn judge(minted: &Minted, revocation: RevocationRule) -> Verdict {
    judge_at(minted, revocation, NOW)
}

/// The exit codes under both rules. The vectors of the case have this name.
fn exit_codes(name: &str, case: &Minted) -> (u8, u8) {
    let under = |rule: &str, revocation| {
        record::title(&format!("{name}, {rule}"));
        judge(case, revocation).exit_code()
    };
    (under("required", RevocationRule::Required), under("if available", RevocationRule::IfAvailable))
}

#[test]
fn amds_intermediate_is_asked_of_the_roots_crl() {
    let amd = Amd::new();
    let stranger = AmdVendor::new(amd.vendor.product, NOW).unwrap();
    for (state, required, if_available) in STATES {
        let case = amd.case(|_, crl| state.put(crl, &amd.vendor.ask.fields.serial));
        let case = match state {
            State::Absent => case.without("ark-crl"),
            State::Stranger => case.with("ark-crl", stranger.crl(NOW).unwrap()),
            _ => case,
        };
        assert_eq!(exit_codes(&format!("{state:?}"), &case), (required, if_available), "{state:?}");
    }
}

#[test]
fn amds_authority_for_loaded_keys_is_asked_of_the_roots_crl() {
    let amd = Amd::new();
    let stranger = AmdVendor::new(amd.vendor.product, NOW).unwrap();
    let report = amd.chip.report(5, SigningChoice::Vlek, REPORT_DATA);
    let evidence = amd.chip.sign(&report, SigningChoice::Vlek).unwrap().to_vec();
    let vlek = amd.vendor.endorse(&amd.chip, SigningChoice::Vlek, NOW).unwrap();
    for (state, required, if_available) in STATES {
        let case = amd.case(|_, crl| state.put(crl, &amd.vendor.asvk.fields.serial));
        let case = Minted { evidence: evidence.clone(), ..case }
            .without("vcek")
            .with("vlek", vlek.clone())
            .with("asvk", amd.vendor.asvk.certificate.clone());
        let case = match state {
            State::Absent => case.without("ark-crl"),
            State::Stranger => case.with("ark-crl", stranger.crl(NOW).unwrap()),
            _ => case,
        };
        assert_eq!(exit_codes(&format!("{state:?}"), &case), (required, if_available), "{state:?}");
    }
}

/// Nobody revokes a VCEK or a VLEK by a list: one that names it is not even asked.
#[test]
fn amds_keys_of_a_chip_are_superseded_and_not_revoked() {
    let amd = Amd::new();
    let serial = amd.vendor.endorsement_fields(&amd.chip, SigningChoice::Vcek, NOW).serial;
    let case = amd.case(|_, crl| crl.revoked.push((serial, NOW - 1)));
    let verdict = judge(&case, RevocationRule::Required);
    let revocations = verdict.checks.iter().filter(|check| check.id == "appraise.revocation");
    let outcomes: Vec<Outcome> = revocations.map(|check| check.outcome).collect();
    assert_eq!((verdict.exit_code(), outcomes), (0, vec![Outcome::Pass, Outcome::NotApplicable]));
}

#[test]
fn intels_platform_is_asked_of_its_cas_crl() {
    for ca in [PckCa::Platform, PckCa::Processor] {
        let mut intel = Intel::new();
        intel.machine.ca = ca;
        let stranger = IntelVendor::new(&mut sim::SeededRng::new("stranger"), NOW).unwrap();
        let serial = intel.vendor.pck_fields(&intel.machine, NOW).unwrap().serial;
        for (state, required, if_available) in STATES {
            let case = intel.case(|collateral| state.put(&mut collateral.pck_crl, &serial));
            let case = match state {
                State::Absent => case.without("pck-crl"),
                State::Stranger => {
                    let fields = stranger.pck_crl_fields(ca, NOW);
                    case.with("pck-crl", fields.sign(&stranger.pck_ca(ca).key).unwrap())
                }
                _ => case,
            };
            let name = format!("{ca:?} {state:?}");
            assert_eq!(exit_codes(&name, &case), (required, if_available), "{name}");
        }
    }
}

#[test]
fn intels_intermediates_are_asked_of_the_roots_crl() {
    let intel = Intel::new();
    let stranger = IntelVendor::new(&mut sim::SeededRng::new("stranger"), NOW).unwrap();
    let mut other = Intel::new();
    other.machine.ca = PckCa::Processor;
    for (who, intel, authority) in [
        ("platform CA", &intel, &intel.vendor.platform_ca),
        ("TCB signer", &intel, &intel.vendor.tcb_signer),
        ("processor CA", &other, &other.vendor.processor_ca),
    ] {
        for (state, required, if_available) in STATES {
            let case = intel.case(|collateral| state.put(&mut collateral.root_crl, &authority.fields.serial));
            let case = match state {
                State::Absent => case.without("root-crl"),
                State::Stranger => {
                    case.with("root-crl", stranger.root_crl_fields(NOW).sign(&stranger.root.key).unwrap())
                }
                _ => case,
            };
            let name = format!("{who} {state:?}");
            assert_eq!(exit_codes(&name, &case), (required, if_available), "{name}");
        }
    }
}

#[test]
fn a_certificate_of_the_other_ca_is_not_revoked_by_an_equal_serial_number() {
    let intel = Intel::new();
    let serial = intel.vendor.pck_fields(&intel.machine, NOW).unwrap().serial;
    let case = intel.case(|collateral| collateral.root_crl.revoked.push((serial, NOW - 1)));
    assert_eq!(exit_codes("the PCK's number on the root's list", &case), (0, 0));
}

/// The same bytes, at another instant.
#[test]
fn a_list_grows_old_by_the_clock_alone() {
    let due = NOW + 3600;
    let amds = Amd::new().case(|_, crl| crl.next_update = Some(due));
    let intels = Intel::new().case(|collateral| collateral.pck_crl.next_update = Some(due));
    for (vendor, case) in [("AMD", &amds), ("Intel", &intels)] {
        for (name, now, expected) in [("its last second", due, 0), ("a second later", due + 1, 1)] {
            record::title(&format!("{vendor}, {name}"));
            let verdict = judge_at(case, RevocationRule::Required, now);
            assert_eq!(verdict.exit_code(), expected, "{vendor}, {name}");
        }
    }
}
