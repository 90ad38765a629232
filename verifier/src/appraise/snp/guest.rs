//! The guest: its policy, its VMPL, and the keys that its owner signed it with.

use super::platform::unallowed;
use crate::appraise::finding::{Claim, Findings};
use crate::check::{Fact, Outcome};
use crate::policy::{AbiVersion, SnpPolicy};
use crate::snp::{Facts, IdBlockMismatch, IdBlockState, PolicyBit};
use crate::trust::value;

pub(super) fn appraise(facts: &Facts, policy: &SnpPolicy, findings: &mut Findings) {
    let debug = facts.policy.debug();
    findings.configuration("appraise.debug", !debug || policy.danger_allow_debug, false, debug);
    let migratable = facts.policy.migrate_ma();
    let holds = !migratable || policy.danger_allow_migration_agent;
    findings.configuration("appraise.migration", holds, false, migratable);
    let expected = format!("at most {}", policy.max_vmpl);
    findings.configuration("appraise.snp.vmpl", facts.vmpl <= policy.max_vmpl, expected, facts.vmpl);
    bits(facts, policy, findings);
    author_key(facts, policy, findings);
    id_block(facts, policy, findings);
}

fn bits(facts: &Facts, policy: &SnpPolicy, findings: &mut Findings) {
    let own = facts.policy;
    let unknown = own.unknown_bits();
    // Bit 17 that is zero is no bit that a later version could define: nothing allows it.
    let holds = own.reserved_one() && unallowed(unknown, policy.danger_allow_policy_bits) == 0;
    let expected = "bit 17 and no unknown bit but those that the policy names";
    findings.configuration("appraise.snp.policy-bits", holds, expected, format!("{unknown:#018x}"));

    let (set, clear) = (&policy.require_guest_policy, &policy.forbid_guest_policy);
    let names = |bits: &[PolicyBit]| Fact::List(bits.iter().map(|bit| bit.as_str().into()).collect());
    let found: Vec<PolicyBit> = PolicyBit::ALL.into_iter().filter(|bit| own.has(*bit)).collect();
    let (id, actual) = ("appraise.snp.guest-policy", names(&found));
    if set.is_empty() && clear.is_empty() {
        findings.note(id, Outcome::NotChecked, "guest policy bits in the policy", actual);
    } else {
        let holds = set.iter().all(|bit| own.has(*bit)) && !clear.iter().any(|bit| own.has(*bit));
        let expected = Fact::Map(vec![("set", names(set)), ("clear", names(clear))]);
        findings.configuration(id, holds, expected, actual);
    }

    let abi = AbiVersion { major: own.abi_major(), minor: own.abi_minor() };
    let (id, least) = ("appraise.snp.policy-abi", policy.min_policy_abi);
    if least == AbiVersion::default() {
        findings.note(id, Outcome::NotChecked, "an interface version in the policy", abi.to_string());
    } else {
        findings.configuration(id, abi >= least, format!("at least {least}"), abi.to_string());
    }
}

/// AUTHOR_KEY_EN says that AUTHOR_KEY_DIGEST holds the digest of the key that certified the ID key (AMD 56860, section
/// 7.3): the three stand together or not at all.
fn author_key(facts: &Facts, policy: &SnpPolicy, findings: &mut Findings) {
    let id = "appraise.snp.author-key";
    let digest = facts.author_key_digest.iter().any(|byte| *byte != 0);
    let actual = Fact::Map(vec![
        ("author_key_en", facts.author_key_en.into()),
        ("author_key_digest", facts.author_key_digest.into()),
        ("id_block", facts.has_id_block().into()),
    ]);
    match (facts.author_key_en, digest, facts.has_id_block()) {
        (true, true, true) => {
            findings.note(id, Outcome::Pass, "an author key that certified the ID key", actual);
        }
        (false, false, _) if policy.require_author_key => {
            findings.configuration(id, false, "an author key that certified the ID key", actual);
        }
        (false, false, _) => findings.note(id, Outcome::NotApplicable, Fact::None, actual),
        _ => findings.configuration(id, false, "a flag that agrees with the digests", actual),
    }
}

fn id_block(facts: &Facts, policy: &SnpPolicy, findings: &mut Findings) {
    let id = "appraise.snp.id-block";
    let expected = "the image owner's signature over this guest";
    match &facts.id_block {
        IdBlockState::Verified { id_key_digest, .. } => {
            findings.note(id, Outcome::Pass, expected, Fact::hex(id_key_digest));
        }
        IdBlockState::Absent if policy.require_id_block => {
            findings.configuration(id, false, expected, Fact::None);
        }
        IdBlockState::Absent => findings.note(id, Outcome::NotChecked, expected, Fact::None),
        IdBlockState::Refuted(IdBlockMismatch { field, expected, actual }) => {
            let wanted = Fact::Map(vec![("field", (*field).into()), ("value", expected.clone().into())]);
            let (claim, found) = (Claim::Configuration, value::CONTRAINDICATED);
            findings.rule(claim, id, false, wanted, actual.clone(), found);
        }
    }
}
