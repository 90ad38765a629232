//! The platform: its TCB, its firmware, its bits, its key and its chip.

use crate::appraise::finding::{Claim, Findings};
use crate::check::{Fact, Outcome};
use crate::policy::{Bits, Id, SnpFloor, SnpPolicy};
use crate::snp::{Facts, PlatformBit, SigningKey, Tcb};
use crate::trust::value;

pub(super) fn appraise(facts: &Facts, policy: &SnpPolicy, findings: &mut Findings) {
    tcbs(facts, policy, findings);
    firmware(facts, policy, findings);
    mitigations(facts, policy, findings);
    alias_check(facts, policy, findings);
    bits(facts, policy, findings);
    product_and_chip(facts, policy, findings);
    keys(facts, policy, findings);
}

/// REPORTED_TCB is the one that the certificate proves; the others are the firmware's word, which it vouches for.
fn tcbs(facts: &Facts, policy: &SnpPolicy, findings: &mut Findings) {
    for (id, tcb, floors) in [
        ("appraise.tcb", facts.reported_tcb, &policy.floors),
        ("appraise.snp.tcb.current", facts.current_tcb, &policy.current_floors),
        ("appraise.snp.tcb.committed", facts.committed_tcb, &policy.committed_floors),
        ("appraise.snp.tcb.launch", facts.launch_tcb, &policy.launch_floors),
    ] {
        let floor = floors.of(facts.product);
        let wanted = Tcb {
            fmc: tcb.fmc.map(|_| floor.fmc),
            bootloader: floor.bootloader,
            tee: floor.tee,
            snp: floor.snp,
            microcode: floor.microcode,
        };
        let actual = tcb.to_string();
        if floor == SnpFloor::default() {
            findings.note(id, Outcome::NotChecked, "a floor for this product in the policy", actual);
            continue;
        }
        let (expected, holds) = (format!("at least {wanted}"), reaches(tcb, floor));
        findings.rule(Claim::Hardware, id, holds, expected, actual, value::UNSAFE_HARDWARE);
    }
}

const fn reaches(tcb: Tcb, floor: SnpFloor) -> bool {
    let fmc = match tcb.fmc {
        Some(fmc) => fmc,
        None => 0,
    };
    fmc >= floor.fmc
        && tcb.bootloader >= floor.bootloader
        && tcb.tee >= floor.tee
        && tcb.snp >= floor.snp
        && tcb.microcode >= floor.microcode
}

/// The committed version is asked too: the host may go back to it without a word.
fn firmware(facts: &Facts, policy: &SnpPolicy, findings: &mut Findings) {
    let id = "appraise.snp.firmware";
    let floor = *policy.firmware_floors.of(facts.product);
    let versions = [("current", facts.current.to_string()), ("committed", facts.committed.to_string())];
    let actual = Fact::Map(versions.map(|(name, version)| (name, version.into())).to_vec());
    if floor == crate::snp::Firmware::default() {
        findings.note(id, Outcome::NotChecked, "a firmware version in the policy", actual);
        return;
    }
    let holds = facts.current >= floor && facts.committed >= floor;
    let expected = format!("at least {floor}");
    findings.rule(Claim::Hardware, id, holds, expected, actual, value::UNSAFE_HARDWARE);
}

/// A report before version 5 has no vectors: it cannot show what is demanded.
fn mitigations(facts: &Facts, policy: &SnpPolicy, findings: &mut Findings) {
    let (launch, current) =
        (facts.mitigation.map(|vectors| vectors.launch), facts.mitigation.map(|vectors| vectors.current));
    for (id, vector, demanded) in [
        ("appraise.snp.mitigations.launch", launch, policy.launch_mitigations.of(facts.product)),
        ("appraise.snp.mitigations.current", current, policy.current_mitigations.of(facts.product)),
    ] {
        let actual = vector.map_or(Fact::None, listed);
        if demanded.mask() == 0 {
            let outcome = if vector.is_some() { Outcome::NotChecked } else { Outcome::NotApplicable };
            findings.note(id, outcome, "mitigations in the policy", actual);
            continue;
        }
        let holds = vector.is_some_and(|vector| vector & demanded.mask() == demanded.mask());
        let expected = Fact::Map(vec![("bits", listed(demanded.mask()))]);
        findings.rule(Claim::Hardware, id, holds, expected, actual, value::UNSAFE_HARDWARE);
    }
}

/// The numbers of the bits that are set.
pub(super) fn listed(mask: u64) -> Fact {
    Fact::List((0..64).filter(|number| crate::snp::is_set(mask, *number)).map(Fact::from).collect())
}

fn alias_check(facts: &Facts, policy: &SnpPolicy, findings: &mut Findings) {
    let complete = facts.platform_info.has(PlatformBit::AliasCheck);
    let (id, found) = ("appraise.snp.alias-check", value::UNSAFE_HARDWARE);
    if complete || policy.require_alias_check {
        findings.rule(Claim::Hardware, id, complete, true, complete, found);
    } else {
        findings.note(id, Outcome::NotChecked, true, complete);
    }
}

fn bits(facts: &Facts, policy: &SnpPolicy, findings: &mut Findings) {
    let info = facts.platform_info;
    let (set, clear) = (&policy.require_platform_info, &policy.forbid_platform_info);
    let names = |bits: &[PlatformBit]| Fact::List(bits.iter().map(|bit| bit.as_str().into()).collect());
    let found: Vec<PlatformBit> = PlatformBit::ALL.into_iter().filter(|bit| info.has(*bit)).collect();
    let (id, actual) = ("appraise.snp.platform-info", names(&found));
    if set.is_empty() && clear.is_empty() {
        findings.note(id, Outcome::NotChecked, "platform bits in the policy", actual);
    } else {
        let holds = set.iter().all(|bit| info.has(*bit)) && !clear.iter().any(|bit| info.has(*bit));
        let expected = Fact::Map(vec![("set", names(set)), ("clear", names(clear))]);
        findings.rule(Claim::Hardware, id, holds, expected, actual, value::UNSAFE_HARDWARE);
    }
    let holds = unallowed(info.unknown_bits(), policy.danger_allow_platform_info_bits) == 0;
    let actual = format!("{:#018x}", info.unknown_bits());
    let (id, expected) = ("appraise.snp.platform-bits", "no unknown bit but those that the policy names");
    findings.rule(Claim::Hardware, id, holds, expected, actual, value::UNSAFE_HARDWARE);
}

/// The unknown bits that the policy does not name.
pub(super) const fn unallowed(unknown: u64, allowed: Bits) -> u64 {
    unknown & !allowed.mask()
}

fn product_and_chip(facts: &Facts, policy: &SnpPolicy, findings: &mut Findings) {
    let denied = policy.deny_products.contains(&facts.product);
    let names: Vec<Fact> = policy.deny_products.iter().map(|product| product.as_str().into()).collect();
    let expected = Fact::Map(vec![("none_of", Fact::List(names))]);
    let (id, actual, found) = ("appraise.snp.product", facts.product.as_str(), value::CONTRAINDICATED);
    if policy.deny_products.is_empty() {
        findings.note(id, Outcome::NotChecked, "a list of denied products in the policy", actual);
    } else {
        findings.rule(Claim::Hardware, id, !denied, expected, actual, found);
    }
    if policy.chip_ids.is_empty() {
        findings.note("appraise.snp.chip", Outcome::NotChecked, "a list of chips in the policy", Fact::None);
        return;
    }
    let listed = on_chip_list(facts, policy);
    let expected = format!("one of {} listed chips", policy.chip_ids.len());
    let (actual, found) = (hex::encode(facts.chip_id), value::CONTRAINDICATED);
    findings.rule(Claim::Hardware, "appraise.snp.chip", listed, expected, actual, found);
    if listed {
        findings.known_instance();
    }
}

/// A masked chip is none of those on a list.
pub(super) fn on_chip_list(facts: &Facts, policy: &SnpPolicy) -> bool {
    !facts.chip_id_masked && policy.chip_ids.contains(&Id(facts.chip_id))
}

fn keys(facts: &Facts, policy: &SnpPolicy, findings: &mut Findings) {
    let key = facts.signing_key;
    let accepted = policy.signing_keys.contains(&key);
    let names = policy.signing_keys.iter().map(|key| key.as_str().into()).collect();
    let expected = Fact::Map(vec![("one_of", Fact::List(names))]);
    let (id, found) = ("appraise.snp.signing-key", value::CONTRAINDICATED);
    findings.rule(Claim::Hardware, id, accepted, expected, key.as_str(), found);

    // With MASK_CHIP_KEY set the firmware signs nothing with the VCEK (AMD 56860, MSG_REPORT_REQ): such a report says
    // what cannot be.
    let holds = !(facts.mask_chip_key && key == SigningKey::Vcek);
    let expected = Fact::Map(vec![("mask_chip_key", false.into()), ("or_signed_by", "VLEK".into())]);
    let id = "appraise.snp.mask-chip-key";
    findings.rule(Claim::Hardware, id, holds, expected, facts.mask_chip_key, value::CONTRAINDICATED);

    let id = "appraise.snp.csp-id";
    let actual = facts.csp_id.clone().map_or(Fact::None, Fact::from);
    if key == SigningKey::Vcek {
        findings.note(id, Outcome::NotApplicable, Fact::None, actual);
    } else if policy.vlek_csp_ids.is_empty() {
        findings.note(id, Outcome::NotChecked, "a list of providers in the policy", actual);
    } else {
        let listed = facts.csp_id.as_ref().is_some_and(|csp| policy.vlek_csp_ids.contains(csp));
        let names = policy.vlek_csp_ids.iter().map(|csp| csp.clone().into()).collect();
        let expected = Fact::Map(vec![("one_of", Fact::List(names))]);
        findings.rule(Claim::Hardware, id, listed, expected, actual, value::CONTRAINDICATED);
    }
}
