//! What is made of evidence that is believed: every rule of the policy once kept and once broken at its boundary.

mod dcap;
mod executables;
mod snp;

use reference_values::{Key, ReferenceValues, Value};
use verifier::appraise::Wanted;
use verifier::policy::Policy;
use verifier::trust::Scope;
use verifier::verdict::Verdict;

use crate::refused::{Asked, Case, accepting};

/// What a verdict says of the hardware and the configuration, and which checks failed.
#[derive(Debug, PartialEq)]
struct Found {
    exit_code: u8,
    hardware: i8,
    configuration: i8,
    failed: Vec<&'static str>,
}

/// Everything is as it should be.
fn good() -> Found {
    Found { exit_code: 0, hardware: 2, configuration: 2, failed: Vec::new() }
}

/// The hardware falls to this value by this check.
fn hardware(value: i8, check: &'static str) -> Found {
    Found { exit_code: 1, hardware: value, failed: vec![check], ..good() }
}

/// The configuration is contraindicated by this check.
fn configuration(check: &'static str) -> Found {
    Found { exit_code: 1, configuration: 96, failed: vec![check], ..good() }
}

/// The production profile, with the simulated root accepted.
fn profile(change: impl FnOnce(&mut Policy)) -> Policy {
    let mut policy = accepting();
    change(&mut policy);
    policy
}

/// The verdict of a test that states these members of it.
fn judge(
    case: &Case,
    stated: &[&str],
    policy: &Policy,
    reference_values: &ReferenceValues,
    expectations: &[(Key, Value)],
) -> Verdict {
    let wanted = Wanted { reference_values, expectations };
    case.answer(stated, &Asked { policy, scope: Scope::Full, wanted })
}

/// Judged beside the measurement that minted guests have, so that the executables affirm.
fn found(case: &Case, policy: &Policy, measurement: Key) -> Found {
    let length = if measurement == Key::MrEnclave { 32 } else { 48 };
    let expectations = [(measurement, Value::Bytes(vec![0x4d; length]))];
    let stated = &["verified", "exit_code", "hardware", "configuration", "failed"];
    let verdict = judge(case, stated, policy, &ReferenceValues::default(), &expectations);
    assert!(verdict.verified, "{:?}", verdict.error);
    assert_eq!(&verdict.enforced.policy, policy);
    Found {
        exit_code: verdict.exit_code(),
        hardware: verdict.trust_vector.hardware,
        configuration: verdict.trust_vector.configuration,
        failed: verdict.failed().map(|check| check.id).collect(),
    }
}
