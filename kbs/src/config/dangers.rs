//! What of an appraisal policy asks less than the production profile, in words.

use serde_json::Value;
use verifier::dcap::TcbStatus;
use verifier::policy::{Policy, RevocationRule, SnpFloors, TdxPolicy};

/// The `danger_` keys that are set, found by name so that none can be forgotten here; then every other value that is
/// weaker than the default.
pub(super) fn of_policy(policy: &Policy) -> Vec<String> {
    let mut found: Vec<String> = policy.dangers().iter().map(|path| format!("appraisal.{path}")).collect();
    found.extend(loosened_everywhere(policy));
    found.extend(loosened_tcb(policy));
    found.extend(loosened_guests(policy));
    let snp = &policy.snp;
    for (key, floors) in [
        ("floors", &snp.floors),
        ("current_floors", &snp.current_floors),
        ("committed_floors", &snp.committed_floors),
        ("launch_floors", &snp.launch_floors),
    ] {
        found.extend(lower_floors(key, floors));
    }
    found
}

fn loosened_everywhere(policy: &Policy) -> Option<String> {
    (policy.revocation != RevocationRule::Required)
        .then(|| "appraisal.revocation = \"if-available\": hardware is affirmed without a CRL".to_owned())
}

fn loosened_tcb(policy: &Policy) -> Vec<String> {
    let tcb = &policy.tcb;
    let mut found = looser("appraisal.tcb", &tcb.accept, tcb.out_of_date_grace_days, &tcb.accept_advisories);
    for (model, own) in &tcb.fmspc {
        let path = format!("appraisal.tcb.fmspc.{model:?}");
        let (accept, advisories) = (own.accept.as_deref(), own.accept_advisories.as_deref());
        found.extend(looser(
            &path,
            accept.unwrap_or_default(),
            own.out_of_date_grace_days.unwrap_or_default(),
            advisories.unwrap_or_default(),
        ));
        if own.min_evaluation_number.is_some_and(|number| number < tcb.min_evaluation_number) {
            let least = tcb.min_evaluation_number;
            found.push(format!("{path}.min_evaluation_number: below {least}, which holds for other models"));
        }
    }
    found
}

/// Rules of one scope that accept more than the production profile does.
fn looser(path: &str, accept: &[TcbStatus], grace_days: u32, advisories: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let more: Vec<&str> = accept
        .iter()
        .filter(|status| **status != TcbStatus::UpToDate)
        .map(|status| status.as_str())
        .collect();
    if !more.is_empty() {
        found.push(format!("{path}.accept: {} besides UpToDate", more.join(", ")));
    }
    if grace_days > 0 {
        found
            .push(format!("{path}.out_of_date_grace_days = {grace_days}: OutOfDate is accepted for so long"));
    }
    if !advisories.is_empty() {
        let list = advisories.join(", ");
        found.push(format!("{path}.accept_advisories: {list}, which the guest must mitigate"));
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
    let default = TdxPolicy::default();
    let beyond = policy.tdx.xfam_allowed.0 & !default.xfam_allowed.0;
    if beyond != 0 {
        found.push(format!("appraisal.tdx.xfam_allowed: {beyond:#x} besides the features that are defined"));
    }
    if default.xfam_required.0 & !policy.tdx.xfam_required.0 != 0 {
        found.push("appraisal.tdx.xfam_required: less than the features that every TD has".to_owned());
    }
    found
}

fn lower_floors(key: &str, floors: &SnpFloors) -> Vec<String> {
    let (given, least) = (tree(floors), tree(&SnpFloors::default()));
    let mut found = Vec::new();
    for (product, parts) in least.as_object().into_iter().flatten() {
        for (part, least) in parts.as_object().into_iter().flatten() {
            let actual = given.get(product).and_then(|parts| parts.get(part));
            let (Some(actual), Some(least)) = (actual.and_then(Value::as_u64), least.as_u64()) else {
                continue;
            };
            if actual < least {
                found.push(format!("appraisal.snp.{key}.{product}.{part} = {actual}: below {least}"));
            }
        }
    }
    found
}

/// Plain data always has a JSON form.
fn tree(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
