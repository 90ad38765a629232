//! What we think of how a trust domain is set up.

use super::finding::Findings;
use crate::check::Fact;
use crate::policy::{TdAttribute, TdxPolicy};
use crate::tdx::{
    ATTRIBUTE_MIGRATABLE, ATTRIBUTE_SEPT_VE_DISABLE, ATTRIBUTE_SERVTD_EXT, ATTRIBUTES_RESERVED,
    ATTRIBUTES_UNDER_DEBUG, TdReport,
};

/// Judges TDATTRIBUTES, XFAM and the service TDs that are bound.
pub(super) fn appraise(report: &TdReport, policy: &TdxPolicy, findings: &mut Findings) {
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
    service_td(report, policy, findings);
    unknown(attributes, policy, findings);
    wanted(attributes, policy, findings);
    xfam(report.xfam_bits(), policy, findings);
}

fn service_td(report: &TdReport, policy: &TdxPolicy, findings: &mut Findings) {
    let service = report.mr_service_td();
    let extended = report.attributes() & ATTRIBUTE_SERVTD_EXT != 0;
    let holds = (service == [0; 48] && !extended) || policy.danger_allow_service_td;
    let actual = Fact::Map(vec![("bound", Fact::hex(&service)), ("servtd_ext", extended.into())]);
    findings.configuration("appraise.tdx.service-td", holds, "no service TD", actual);
}

fn unknown(attributes: u64, policy: &TdxPolicy, findings: &mut Findings) {
    let unknown = attributes & ATTRIBUTES_RESERVED;
    let left = unknown & !bits(&policy.danger_allow_attribute_bits);
    let expected = match unknown & !left {
        0 => "no unknown bit".to_owned(),
        named => format!("no unknown bit but {named:#018x}"),
    };
    findings.configuration("appraise.tdx.attributes", left == 0, expected, format!("{unknown:#018x}"));
}

/// The attributes that the policy asks for or forbids, by name.
fn wanted(attributes: u64, policy: &TdxPolicy, findings: &mut Findings) {
    let has = |attribute: &&TdAttribute| attributes & attribute.bit() != 0;
    let holds = policy.require_attributes.iter().all(|attribute| has(&attribute))
        && !policy.forbid_attributes.iter().any(|attribute| has(&attribute));
    let names = |list: &[TdAttribute]| Fact::List(list.iter().map(|one| one.as_str().into()).collect());
    let expected = Fact::Map(vec![
        ("all_of", names(&policy.require_attributes)),
        ("none_of", names(&policy.forbid_attributes)),
    ]);
    let found: Vec<TdAttribute> = ATTRIBUTES.into_iter().filter(|attribute| has(&attribute)).collect();
    findings.configuration("appraise.tdx.attributes.named", holds, expected, names(&found));
}

fn xfam(xfam: u64, policy: &TdxPolicy, findings: &mut Findings) {
    let (required, allowed) = (policy.xfam_required.0, policy.xfam_allowed.0);
    let holds = xfam & required == required && xfam & !allowed == 0;
    let expected = format!("all of {required:#x}, none beyond {allowed:#x}");
    findings.configuration("appraise.tdx.xfam", holds, expected, format!("{xfam:#x}"));
}

/// The bits of these numbers; a number beyond 63 names none.
pub(super) fn bits(numbers: &[u8]) -> u64 {
    numbers.iter().filter_map(|number| 1_u64.checked_shl(u32::from(*number))).fold(0, |all, bit| all | bit)
}

const ATTRIBUTES: [TdAttribute; 7] = [
    TdAttribute::Icssd,
    TdAttribute::ServtdExt,
    TdAttribute::Lass,
    TdAttribute::Pks,
    TdAttribute::KeyLocker,
    TdAttribute::Tpa,
    TdAttribute::Perfmon,
];
