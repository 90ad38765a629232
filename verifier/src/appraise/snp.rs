//! What we think of an SNP platform, and of the guest on it.

use reference_values::{Key, Value};

use super::TcbReport;
use super::finding::{Claim, Findings};
use crate::check::{Fact, Outcome};
use crate::policy::{Policy, SnpFloor, SnpPolicy};
use crate::snp::{self, Facts, Product, Tcb};
use crate::trust::value;

/// Judges the platform's firmware and the guest's configuration.
pub(super) fn appraise(facts: &Facts, policy: &Policy, findings: &mut Findings) -> TcbReport {
    let policy = &policy.snp;
    let floor_met = floor(facts, policy, findings);
    let alias_met = alias_check(facts, policy, findings);
    product_and_chip(facts, policy, findings);
    guest(facts, policy, findings);
    let mut advisories = Vec::new();
    // The default floors are those of one advisory; a floor that the operator moved says nothing about it.
    if !floor_met && floor_of(&SnpPolicy::default(), facts.product) == floor_of(policy, facts.product) {
        advisories.push("AMD-SB-3019".to_owned());
    }
    if !alias_met {
        advisories.push("AMD-SB-3015".to_owned());
    }
    TcbReport { advisories, ..TcbReport::default() }
}

/// The claims of every TEE first, then the TEE's own under its name.
pub(super) fn claims(facts: &Facts) -> Fact {
    let platform_id = if facts.chip_id_masked { Fact::None } else { facts.chip_id.into() };
    Fact::Map(vec![
        ("launch_digest", facts.measurement.into()),
        ("report_data", facts.report_data.into()),
        ("host_data", facts.host_data.into()),
        ("debug", facts.policy.debug().into()),
        ("platform_id", platform_id),
        ("snp", snp::claims(facts)),
    ])
}

/// The evidence's value of a key, for comparison with reference values and expectations.
pub(super) fn value(facts: &Facts, key: Key) -> Option<Value> {
    let bytes: &[u8] = match key {
        Key::LaunchDigest => &facts.measurement,
        Key::HostData => &facts.host_data,
        Key::ReportData => &facts.report_data,
        Key::FamilyId => &facts.family_id,
        Key::ImageId => &facts.image_id,
        Key::IdKeyDigest => &facts.id_key_digest,
        Key::AuthorKeyDigest => &facts.author_key_digest,
        Key::GuestSvn | Key::MinGuestSvn => return Some(Value::Number(facts.guest_svn.into())),
        _ => return None,
    };
    Some(Value::Bytes(bytes.to_vec()))
}

/// REPORTED_TCB alone is judged: it is the one that the certificate proves.
fn floor(facts: &Facts, policy: &SnpPolicy, findings: &mut Findings) -> bool {
    let floor = floor_of(policy, facts.product);
    let tcb = facts.reported_tcb;
    let holds = tcb.fmc.unwrap_or_default() >= floor.fmc
        && tcb.bootloader >= floor.bootloader
        && tcb.tee >= floor.tee
        && tcb.snp >= floor.snp
        && tcb.microcode >= floor.microcode;
    let wanted = Tcb {
        fmc: tcb.fmc.map(|_| floor.fmc),
        bootloader: floor.bootloader,
        tee: floor.tee,
        snp: floor.snp,
        microcode: floor.microcode,
    };
    let (expected, actual) = (format!("at least {wanted}"), tcb.to_string());
    findings.rule(Claim::Hardware, "appraise.tcb", holds, expected, actual, value::UNSAFE_HARDWARE);
    holds
}

fn floor_of(policy: &SnpPolicy, product: Product) -> SnpFloor {
    match product {
        Product::Milan => policy.floors.milan,
        Product::Genoa => policy.floors.genoa,
        Product::Turin => policy.floors.turin,
    }
}

fn alias_check(facts: &Facts, policy: &SnpPolicy, findings: &mut Findings) -> bool {
    let complete = facts.platform_info.alias_check_complete();
    let holds = complete || !policy.require_alias_check;
    let found = value::UNSAFE_HARDWARE;
    findings.rule(
        Claim::Hardware,
        "appraise.snp.alias-check",
        holds,
        policy.require_alias_check,
        complete,
        found,
    );
    holds
}

fn product_and_chip(facts: &Facts, policy: &SnpPolicy, findings: &mut Findings) {
    let denied = policy.deny_products.contains(&facts.product);
    let names: Vec<Fact> = policy.deny_products.iter().map(|product| product.as_str().into()).collect();
    let expected = Fact::Map(vec![("none_of", Fact::List(names))]);
    let (actual, found) = (facts.product.as_str(), value::CONTRAINDICATED);
    findings.rule(Claim::Hardware, "appraise.snp.product", !denied, expected, actual, found);
    if policy.chip_ids.is_empty() {
        findings.note("appraise.snp.chip", Outcome::NotChecked, "a list of chips in the policy", Fact::None);
        return;
    }
    // A masked chip is none of those on a list.
    let id = hex::encode(facts.chip_id);
    let listed = !facts.chip_id_masked && policy.chip_ids.iter().any(|chip| chip.eq_ignore_ascii_case(&id));
    let expected = format!("one of {} listed chips", policy.chip_ids.len());
    findings.rule(Claim::Hardware, "appraise.snp.chip", listed, expected, id, value::CONTRAINDICATED);
    if listed {
        findings.known_instance();
    }
}

fn guest(facts: &Facts, policy: &SnpPolicy, findings: &mut Findings) {
    let debug = facts.policy.debug();
    findings.configuration("appraise.debug", !debug || policy.danger_allow_debug, false, debug);
    let migratable = facts.policy.migrate_ma();
    let holds = !migratable || policy.danger_allow_migration_agent;
    findings.configuration("appraise.migration", holds, false, migratable);
    let expected = format!("at most {}", policy.max_vmpl);
    findings.configuration("appraise.snp.vmpl", facts.vmpl <= policy.max_vmpl, expected, facts.vmpl);
    let unknown = facts.policy.unknown_bits();
    let holds = unknown == 0 || policy.danger_allow_unknown_policy_bits;
    findings.configuration("appraise.snp.policy-bits", holds, "no unknown bit", format!("{unknown:#018x}"));
}
