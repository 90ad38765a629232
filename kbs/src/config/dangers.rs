//! What of an appraisal policy asks less than the production profile, in words.

use serde_json::Value;
use verifier::dcap::TcbStatus;
use verifier::policy::{Policy, RevocationRule, SnpFloors};

/// The `danger_` keys that are set, found by name so that none can be forgotten here; then every other value that is
/// weaker than the default.
pub(super) fn of_policy(policy: &Policy) -> Vec<String> {
    let mut found = Vec::new();
    walk("appraisal", &tree(policy), &mut found);
    found.extend(loosened_everywhere(policy));
    found.extend(loosened_tcb(policy));
    found.extend(loosened_guests(policy));
    found.extend(lower_floors(&policy.snp.floors));
    found
}

fn walk(path: &str, tree: &Value, found: &mut Vec<String>) {
    for (name, value) in tree.as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        if name.starts_with("danger_") && value == &Value::Bool(true) {
            found.push(path.clone());
        }
        walk(&path, value, found);
    }
}

fn loosened_everywhere(policy: &Policy) -> Option<String> {
    (policy.revocation != RevocationRule::Required)
        .then(|| "appraisal.revocation = \"if-available\": hardware is affirmed without a CRL".to_owned())
}

fn loosened_tcb(policy: &Policy) -> Vec<String> {
    let tcb = &policy.tcb;
    let mut found = Vec::new();
    let more: Vec<&str> = tcb
        .accept
        .iter()
        .filter(|status| **status != TcbStatus::UpToDate)
        .map(|status| status.as_str())
        .collect();
    if !more.is_empty() {
        found.push(format!("appraisal.tcb.accept: {} besides UpToDate", more.join(", ")));
    }
    if tcb.out_of_date_grace_days > 0 {
        let days = tcb.out_of_date_grace_days;
        found.push(format!(
            "appraisal.tcb.out_of_date_grace_days = {days}: OutOfDate is accepted for so long"
        ));
    }
    if !tcb.accept_advisories.is_empty() {
        let list = tcb.accept_advisories.join(", ");
        found.push(format!("appraisal.tcb.accept_advisories: {list}, which the guest must mitigate"));
    }
    found
}

fn loosened_guests(policy: &Policy) -> Vec<String> {
    let mut found = Vec::new();
    if policy.snp.max_vmpl > 0 {
        let most = policy.snp.max_vmpl;
        found.push(format!(
            "appraisal.snp.max_vmpl = {most}: less privileged software of a guest is accepted"
        ));
    }
    if !policy.snp.require_alias_check {
        found.push(
            "appraisal.snp.require_alias_check = false: memory may be aliased (AMD-SB-3015)".to_owned(),
        );
    }
    if !policy.tdx.require_sept_ve_disable {
        found.push("appraisal.tdx.require_sept_ve_disable = false: the host can inject #VE".to_owned());
    }
    found
}

fn lower_floors(floors: &SnpFloors) -> Vec<String> {
    let (given, least) = (tree(floors), tree(&SnpFloors::default()));
    let mut found = Vec::new();
    for (product, parts) in least.as_object().into_iter().flatten() {
        for (part, least) in parts.as_object().into_iter().flatten() {
            let actual = given.get(product).and_then(|parts| parts.get(part));
            let (Some(actual), Some(least)) = (actual.and_then(Value::as_u64), least.as_u64()) else {
                continue;
            };
            if actual < least {
                found.push(format!("appraisal.snp.floors.{product}.{part} = {actual}: below {least}"));
            }
        }
    }
    found
}

/// Plain data always has a JSON form.
fn tree(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
