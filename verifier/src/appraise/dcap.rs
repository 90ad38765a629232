//! What we think of a TDX or SGX platform, and of the TD or enclave on it.

use reference_values::{Key, Value};

use super::finding::{Claim, Findings};
use super::{TcbReport, enclave, td};
use crate::check::{Fact, Outcome};
use crate::dcap::{self, Body, Facts, PckExtension, Tcb, TcbOutcome, TcbStatus};
use crate::policy::{Id, Policy, TcbPolicy, TcbRules};
use crate::sgx::EnclaveReport;
use crate::tdx::TdReport;
use crate::time::UnixTime;
use crate::trust::value;

/// Judges the platform's TCB and the configuration of what runs on it.
pub(super) fn appraise(
    facts: &Facts,
    outcome: &TcbOutcome,
    policy: &Policy,
    now: UnixTime,
    findings: &mut Findings,
) -> TcbReport {
    let report = match outcome {
        TcbOutcome::Absent(missing) => {
            findings.note(
                "appraise.tcb",
                Outcome::NotChecked,
                "TCB info and QE identity",
                missing.to_string(),
            );
            findings.hardware_unknown();
            TcbReport::default()
        }
        TcbOutcome::Evaluated(tcb) => {
            level(tcb, &policy.tcb.rules(facts.pck.fmspc), now, findings);
            TcbReport {
                status: Some(tcb.status.as_str()),
                date: tcb.date,
                advisories: tcb.advisories.clone(),
                evaluation_number: Some(tcb.evaluation_number),
            }
        }
    };
    platform(&facts.pck, &policy.tcb, findings);
    match &facts.body {
        Body::Tdx(report) => td::appraise(report, facts.event_log.as_ref(), &policy.tdx, findings),
        Body::Sgx(report) => enclave::appraise(report, &policy.sgx, findings),
    }
    report
}

/// The claims of every TEE first, then the TEE's own under its name, the TCB of each part among them.
pub(super) fn claims(facts: &Facts, outcome: &TcbOutcome) -> Fact {
    let digest = match &facts.body {
        Body::Tdx(report) => Fact::hex(&report.mr_td),
        Body::Sgx(report) => Fact::hex(&report.mr_enclave),
    };
    let debug = match &facts.body {
        Body::Tdx(report) => report.debug(),
        Body::Sgx(report) => report.debug(),
    };
    let mut own = match dcap::claims(facts) {
        Fact::Map(own) => own,
        other => vec![("report", other)],
    };
    if let TcbOutcome::Evaluated(tcb) = outcome {
        own.push(("platform_tcb", tcb.platform.status.as_str().into()));
        if let Some(module) = &tcb.module {
            own.push(("tdx_module_tcb", module.status.as_str().into()));
        }
        own.push(("qe_tcb", tcb.qe.status.as_str().into()));
        if let Some(current) = &tcb.current {
            let advisories = current.platform.advisories.iter().map(|id| Fact::from(id.clone()));
            own.push(("platform_tcb_now", current.status.as_str().into()));
            own.push(("advisories_now", Fact::List(advisories.collect())));
        }
    }
    Fact::Map(vec![
        ("launch_digest", digest),
        ("report_data", Fact::hex(facts.report_data())),
        ("host_data", Fact::hex(facts.host_data())),
        ("debug", debug.into()),
        ("platform_id", facts.pck.platform_instance_id.unwrap_or(facts.pck.ppid).into()),
        (facts.tee().as_str(), Fact::Map(own)),
    ])
}

/// The evidence's value of a key, for comparison with reference values and expectations.
pub(super) fn value(facts: &Facts, key: Key) -> Option<Value> {
    match &facts.body {
        Body::Tdx(report) => td_value(report, key),
        Body::Sgx(report) => enclave_value(report, key),
    }
}

/// Which machine it is: its model, and whether it is one of those that the policy names.
fn platform(pck: &PckExtension, policy: &TcbPolicy, findings: &mut Findings) {
    let denied = policy.deny_fmspcs.contains(&Id(pck.fmspc));
    let names = policy.deny_fmspcs.iter().map(|fmspc| fmspc.0.into()).collect();
    let expected = Fact::Map(vec![("none_of", Fact::List(names))]);
    let (id, found) = ("appraise.intel.fmspc", value::CONTRAINDICATED);
    if policy.deny_fmspcs.is_empty() {
        findings.note(id, Outcome::NotChecked, "a list of denied models in the policy", pck.fmspc);
    } else {
        findings.rule(Claim::Hardware, id, !denied, expected, pck.fmspc, found);
    }
    let ppid = listed("appraise.intel.ppid", &policy.ppids, Some(pck.ppid), findings);
    let instance = pck.platform_instance_id;
    let instance = listed("appraise.intel.platform-instance", &policy.platform_instances, instance, findings);
    if [ppid, instance].contains(&Some(true)) && ![ppid, instance].contains(&Some(false)) {
        findings.known_instance();
    }
}

/// An id that is absent, or nothing but zeros, is none of those on a list. Without a list there is no answer.
fn listed(
    id: &'static str,
    list: &[Id<16>],
    actual: Option<[u8; 16]>,
    findings: &mut Findings,
) -> Option<bool> {
    let fact = actual.map_or(Fact::None, Fact::from);
    if list.is_empty() {
        findings.note(id, Outcome::NotChecked, "a list of platforms in the policy", fact);
        return None;
    }
    let holds = actual.is_some_and(|actual| actual != [0; 16] && list.contains(&Id(actual)));
    let expected = format!("one of {} listed platforms", list.len());
    findings.rule(Claim::Hardware, id, holds, expected, fact, value::CONTRAINDICATED);
    Some(holds)
}

fn level(tcb: &Tcb, rules: &TcbRules<'_>, now: UnixTime, findings: &mut Findings) {
    let found = match tcb.status {
        TcbStatus::Revoked | TcbStatus::NoMatch => value::CONTRAINDICATED,
        _ => value::UNSAFE_HARDWARE,
    };
    let mut expected: Vec<Fact> = rules.accept.iter().map(|status| status.as_str().into()).collect();
    expected.extend(rules.accept_advisories.iter().map(|advisory| Fact::from(advisory.clone())));
    let actual = Fact::Map(vec![
        ("status", tcb.status.as_str().into()),
        ("advisories", Fact::List(tcb.advisories.iter().map(|id| Fact::from(id.clone())).collect())),
    ]);
    let holds = accepted(tcb, rules, now);
    findings.rule(Claim::Hardware, "appraise.tcb", holds, Fact::List(expected), actual, found);
    // Either piece may be rolled back by itself, so the older one counts.
    let number = tcb.evaluation_number.min(tcb.qe_evaluation_number);
    let (id, least) = ("appraise.tcb.evaluation-number", rules.min_evaluation_number);
    if least == 0 {
        findings.note(id, Outcome::NotChecked, "a floor in the policy", number);
    } else {
        findings.rule(Claim::Hardware, id, number >= least, least, number, value::UNSAFE_HARDWARE);
    }
}

fn accepted(tcb: &Tcb, rules: &TcbRules<'_>, now: UnixTime) -> bool {
    match tcb.status {
        TcbStatus::Revoked | TcbStatus::NoMatch => false,
        // An empty list accepts nothing.
        TcbStatus::SWHardeningNeeded => mitigated(&tcb.advisories, rules) && !rules.accept.is_empty(),
        TcbStatus::OutOfDate => {
            (rules.accept.contains(&TcbStatus::OutOfDate) || in_grace(tcb, rules, now))
                && hardened(tcb, rules)
        }
        status => rules.accept.contains(&status) && hardened(tcb, rules),
    }
}

/// A part that is out of date hides in the merged word that the platform wants hardened software, and so does a relaunch:
/// the advisories are asked for all the same.
fn hardened(tcb: &Tcb, rules: &TcbRules<'_>) -> bool {
    let current = tcb.current.as_ref().map(|current| &current.platform);
    [Some(&tcb.platform), current].into_iter().flatten().all(|platform| {
        !matches!(
            platform.status,
            TcbStatus::SWHardeningNeeded | TcbStatus::ConfigurationAndSWHardeningNeeded
        ) || mitigated(&platform.advisories, rules)
    })
}

/// A level that names no advisory has none that could be accepted.
fn mitigated(advisories: &[String], rules: &TcbRules<'_>) -> bool {
    !advisories.is_empty() && advisories.iter().all(|advisory| rules.accept_advisories.contains(advisory))
}

/// An empty list accepts nothing, whatever the grace.
fn in_grace(tcb: &Tcb, rules: &TcbRules<'_>, now: UnixTime) -> bool {
    let grace = i64::from(rules.out_of_date_grace_days).saturating_mul(SECONDS_PER_DAY);
    grace > 0 && !rules.accept.is_empty() && tcb.date.is_some_and(|date| now <= date.plus_secs(grace))
}

fn td_value(report: &TdReport, key: Key) -> Option<Value> {
    let [rtmr0, rtmr1, rtmr2, rtmr3] = &report.rtmr;
    let bytes: &[u8] = match key {
        Key::LaunchDigest | Key::MrTd => &report.mr_td,
        Key::Rtmr0 => rtmr0,
        Key::Rtmr1 => rtmr1,
        Key::Rtmr2 => rtmr2,
        Key::Rtmr3 => rtmr3,
        Key::MrConfigId => &report.mr_config_id,
        Key::MrOwner => &report.mr_owner,
        Key::MrOwnerConfig => &report.mr_owner_config,
        Key::MrSeam => &report.mr_seam,
        Key::MrSignerSeam => &report.mr_signer_seam,
        Key::MrServiceTd => return report.v15.as_ref().map(|v15| Value::Bytes(v15.mr_service_td.to_vec())),
        _ => return None,
    };
    Some(Value::Bytes(bytes.to_vec()))
}

fn enclave_value(report: &EnclaveReport, key: Key) -> Option<Value> {
    let bytes: &[u8] = match key {
        Key::LaunchDigest | Key::MrEnclave => &report.mr_enclave,
        Key::MrSigner => &report.mr_signer,
        Key::IsvExtProdId => &report.isv_ext_prod_id,
        Key::IsvFamilyId => &report.isv_family_id,
        Key::ConfigId => &report.config_id,
        Key::IsvProdId => return Some(Value::Number(report.isv_prod_id.into())),
        Key::IsvSvn | Key::MinIsvSvn => return Some(Value::Number(report.isv_svn.into())),
        Key::ConfigSvn => return Some(Value::Number(report.config_svn.into())),
        _ => return None,
    };
    Some(Value::Bytes(bytes.to_vec()))
}

const SECONDS_PER_DAY: i64 = 86_400;
