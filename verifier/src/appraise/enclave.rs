//! What we think of how an enclave is set up.

use super::finding::Findings;
use crate::check::{Fact, Outcome};
use crate::policy::{EnclaveFlag, Masked, SgxPolicy};
use crate::sgx::{ATTRIBUTE_INIT, ATTRIBUTE_MODE64, ATTRIBUTES_RESERVED, EnclaveReport};

/// Judges ATTRIBUTES and MISCSELECT.
pub(super) fn appraise(report: &EnclaveReport, policy: &SgxPolicy, findings: &mut Findings) {
    let flags = report.flags();
    let debug = report.debug();
    findings.configuration("appraise.debug", !debug || policy.danger_allow_debug, false, debug);
    unknown(flags, policy, findings);
    wanted(flags, policy, findings);
    let misc_select = u64::from(u32::from_le_bytes(report.misc_select));
    masked("appraise.sgx.flags.masked", policy.flags, flags, findings);
    masked("appraise.sgx.xfrm", policy.xfrm, report.xfrm(), findings);
    masked("appraise.sgx.misc-select", policy.misc_select, misc_select, findings);
}

/// Every enclave that can be quoted is initialised and in 64-bit mode; what Intel has not defined means nothing known.
fn unknown(flags: u64, policy: &SgxPolicy, findings: &mut Findings) {
    let unknown = flags & ATTRIBUTES_RESERVED;
    let left = unknown & !policy.danger_allow_flag_bits.mask();
    let always = ATTRIBUTE_INIT | ATTRIBUTE_MODE64;
    let holds = left == 0 && flags & always == always;
    let expected = match unknown & !left {
        0 => format!("all of {always:#x}, no unknown bit"),
        named => format!("all of {always:#x}, no unknown bit but {named:#018x}"),
    };
    findings.configuration("appraise.sgx.flags", holds, expected, format!("{flags:#018x}"));
}

/// The flags that the policy asks for or forbids, by name.
fn wanted(flags: u64, policy: &SgxPolicy, findings: &mut Findings) {
    let has = |flag: &&EnclaveFlag| flags & flag.bit() != 0;
    let holds = policy.require_flags.iter().all(|flag| has(&flag))
        && !policy.forbid_flags.iter().any(|flag| has(&flag));
    let names = |list: &[EnclaveFlag]| Fact::List(list.iter().map(|flag| flag.as_str().into()).collect());
    let expected =
        Fact::Map(vec![("all_of", names(&policy.require_flags)), ("none_of", names(&policy.forbid_flags))]);
    let found: Vec<EnclaveFlag> = FLAGS.into_iter().filter(|flag| has(&flag)).collect();
    if policy.require_flags.is_empty() && policy.forbid_flags.is_empty() {
        findings.note("appraise.sgx.flags.named", Outcome::NotChecked, "names in the policy", names(&found));
    } else {
        findings.configuration("appraise.sgx.flags.named", holds, expected, names(&found));
    }
}

fn masked(id: &'static str, wanted: Option<Masked>, bits: u64, findings: &mut Findings) {
    let actual = format!("{bits:#x}");
    match wanted {
        None => findings.note(id, Outcome::NotChecked, "a mask in the policy", actual),
        Some(wanted) => {
            let expected = format!("{:#x} under the mask {:#x}", wanted.value.0, wanted.mask.0);
            findings.configuration(id, wanted.holds(bits), expected, actual);
        }
    }
}

const FLAGS: [EnclaveFlag; 5] = [
    EnclaveFlag::ProvisionKey,
    EnclaveFlag::EinittokenKey,
    EnclaveFlag::Cet,
    EnclaveFlag::Kss,
    EnclaveFlag::AexNotify,
];
