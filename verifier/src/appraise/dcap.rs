//! What we think of a TDX or SGX platform, and of the TD or enclave on it.

use reference_values::{Key, Value};

use super::TcbReport;
use super::finding::{Claim, Findings};
use crate::check::{Fact, Outcome};
use crate::dcap::{self, Body, Facts, Tcb, TcbOutcome, TcbStatus};
use crate::policy::{Policy, TcbPolicy, TdxPolicy};
use crate::sgx::EnclaveReport;
use crate::tdx::{
    ATTRIBUTE_MIGRATABLE, ATTRIBUTE_SEPT_VE_DISABLE, ATTRIBUTE_SERVTD_EXT, ATTRIBUTES_RESERVED,
    ATTRIBUTES_UNDER_DEBUG, TdReport,
};
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
            platform(tcb, &policy.tcb, now, findings);
            TcbReport {
                status: Some(tcb.status.as_str()),
                date: tcb.date,
                advisories: tcb.advisories.clone(),
                evaluation_number: Some(tcb.evaluation_number),
            }
        }
    };
    match &facts.body {
        Body::Tdx(report) => trust_domain(report, &policy.tdx, findings),
        Body::Sgx(report) => enclave(report, policy.sgx.danger_allow_debug, findings),
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

fn platform(tcb: &Tcb, policy: &TcbPolicy, now: UnixTime, findings: &mut Findings) {
    let found = match tcb.status {
        TcbStatus::Revoked | TcbStatus::NoMatch => value::CONTRAINDICATED,
        _ => value::UNSAFE_HARDWARE,
    };
    let mut expected: Vec<Fact> = policy.accept.iter().map(|status| status.as_str().into()).collect();
    expected.extend(policy.accept_advisories.iter().map(|advisory| Fact::from(advisory.clone())));
    let actual = Fact::Map(vec![
        ("status", tcb.status.as_str().into()),
        ("advisories", Fact::List(tcb.advisories.iter().map(|id| Fact::from(id.clone())).collect())),
    ]);
    let holds = accepted(tcb, policy, now);
    findings.rule(Claim::Hardware, "appraise.tcb", holds, Fact::List(expected), actual, found);
    // Either piece may be rolled back by itself, so the older one counts.
    let number = tcb.evaluation_number.min(tcb.qe_evaluation_number);
    let fresh = number >= policy.min_evaluation_number;
    let least = policy.min_evaluation_number;
    findings.rule(
        Claim::Hardware,
        "appraise.tcb.evaluation-number",
        fresh,
        least,
        number,
        value::UNSAFE_HARDWARE,
    );
}

fn accepted(tcb: &Tcb, policy: &TcbPolicy, now: UnixTime) -> bool {
    let mitigated = !tcb.advisories.is_empty()
        && tcb.advisories.iter().all(|advisory| policy.accept_advisories.contains(advisory));
    match tcb.status {
        TcbStatus::Revoked | TcbStatus::NoMatch => false,
        // An empty list accepts nothing, and a level that names no advisory has none that could be accepted.
        TcbStatus::SWHardeningNeeded => mitigated && !policy.accept.is_empty(),
        TcbStatus::OutOfDate => policy.accept.contains(&TcbStatus::OutOfDate) || in_grace(tcb, policy, now),
        status => policy.accept.contains(&status),
    }
}

fn in_grace(tcb: &Tcb, policy: &TcbPolicy, now: UnixTime) -> bool {
    let grace = i64::from(policy.out_of_date_grace_days).saturating_mul(SECONDS_PER_DAY);
    grace > 0 && tcb.date.is_some_and(|date| now <= date.plus_secs(grace))
}

fn trust_domain(report: &TdReport, policy: &TdxPolicy, findings: &mut Findings) {
    let attributes = report.attributes();
    let bit = |mask: u64| attributes & mask != 0;
    let debug = bit(ATTRIBUTES_UNDER_DEBUG);
    findings.configuration("appraise.debug", !debug || policy.danger_allow_debug, false, debug);
    let disable = bit(ATTRIBUTE_SEPT_VE_DISABLE);
    let holds = disable || !policy.require_sept_ve_disable;
    findings.configuration("appraise.tdx.sept-ve-disable", holds, true, disable);
    let migratable = bit(ATTRIBUTE_MIGRATABLE);
    let holds = !migratable || policy.danger_allow_migratable;
    findings.configuration("appraise.migration", holds, false, migratable);
    let service = report.mr_service_td();
    let extended = bit(ATTRIBUTE_SERVTD_EXT);
    let holds = (service == [0; 48] && !extended) || policy.danger_allow_service_td;
    let actual = Fact::Map(vec![("bound", Fact::hex(&service)), ("servtd_ext", extended.into())]);
    findings.configuration("appraise.tdx.service-td", holds, "no service TD", actual);
    let unknown = attributes & ATTRIBUTES_RESERVED;
    let holds = unknown == 0 || policy.danger_allow_unknown_attributes;
    findings.configuration("appraise.tdx.attributes", holds, "no unknown bit", format!("{unknown:#018x}"));
}

fn enclave(report: &EnclaveReport, allow_debug: bool, findings: &mut Findings) {
    let debug = report.debug();
    findings.configuration("appraise.debug", !debug || allow_debug, false, debug);
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
        Key::IsvSvn => return Some(Value::Number(report.isv_svn.into())),
        Key::ConfigSvn => return Some(Value::Number(report.config_svn.into())),
        _ => return None,
    };
    Some(Value::Bytes(bytes.to_vec()))
}

const SECONDS_PER_DAY: i64 = 86_400;
