//! What we think of how a trust domain is set up.

use super::finding::Findings;
use crate::check::{Fact, Outcome};
use crate::event_log::ReplayedLog;
use crate::policy::{TdAttribute, TdxPolicy};
use crate::tdx::{
    ATTRIBUTE_DEBUG, ATTRIBUTE_ICSSD, ATTRIBUTE_MIGRATABLE, ATTRIBUTE_PERFMON, ATTRIBUTE_SEPT_VE_DISABLE,
    ATTRIBUTE_SERVTD_EXT, ATTRIBUTES_RESERVED, ATTRIBUTES_UNDER_DEBUG, TdReport,
};

/// Judges TDATTRIBUTES, XFAM and the service TDs that are bound.
pub(super) fn appraise(
    report: &TdReport,
    log: Option<&ReplayedLog>,
    policy: &TdxPolicy,
    findings: &mut Findings,
) {
    let attributes = report.attributes();
    let bit = |mask: u64| attributes & mask != 0;
    let debug = bit(ATTRIBUTES_UNDER_DEBUG);
    findings.configuration("appraise.debug", !debug || policy.danger_allow_debug, false, debug);
    let disable = bit(ATTRIBUTE_SEPT_VE_DISABLE);
    if disable || policy.require_sept_ve_disable {
        findings.configuration("appraise.tdx.sept-ve-disable", disable, true, disable);
    } else {
        findings.note("appraise.tdx.sept-ve-disable", Outcome::NotChecked, true, disable);
    }
    let migratable = bit(ATTRIBUTE_MIGRATABLE);
    let holds = !migratable || policy.danger_allow_migratable;
    findings.configuration("appraise.migration", holds, false, migratable);
    service_td(report, policy, findings);
    unknown(attributes, policy, findings);
    wanted(attributes, policy, findings);
    xfam(report.xfam_bits(), policy, findings);
    event_log(report, log, policy, findings);
}

/// A log that does not come to a register was refused before. One that leaves out a register that was extended, or all
/// of them, tells nothing of the boot.
fn event_log(report: &TdReport, log: Option<&ReplayedLog>, policy: &TdxPolicy, findings: &mut Findings) {
    let whole = log.is_some_and(|log| log.is_whole(&report.rtmr));
    let wanted = "an event log that replays to every register that was extended";
    let found = match (log, whole) {
        (None, _) => "none came",
        (Some(_), false) => "a register was extended and has no event",
        (Some(_), true) => "replayed",
    };
    if whole || policy.require_event_log {
        findings.configuration("appraise.tdx.event-log", whole, wanted, found);
    } else {
        findings.note("appraise.tdx.event-log", Outcome::NotChecked, wanted, found);
    }
}

fn service_td(report: &TdReport, policy: &TdxPolicy, findings: &mut Findings) {
    let attributes = report.attributes();
    let service = report.mr_service_td();
    let extended = attributes & ATTRIBUTE_SERVTD_EXT != 0;
    let actual = Fact::Map(vec![("bound", Fact::hex(&service)), ("servtd_ext", extended.into())]);
    // A TD 1.0 report has no field for it. A migration TD is the one kind there is, and it can move nothing that is not
    // migratable; where that is allowed, nobody knows what may be bound.
    let told = report.v15.is_some() || extended;
    let movable = attributes & ATTRIBUTE_MIGRATABLE != 0 && policy.danger_allow_migratable;
    if !told && !movable {
        findings.note(SERVICE_TD, Outcome::NotChecked, "no service TD", "a TD 1.0 report does not tell");
        return;
    }
    let unbound = told && service == [0; 48] && !extended;
    findings.configuration(SERVICE_TD, unbound || policy.danger_allow_service_td, "no service TD", actual);
}

fn unknown(attributes: u64, policy: &TdxPolicy, findings: &mut Findings) {
    let unknown = attributes & ATTRIBUTES_RESERVED;
    let left = unknown & !policy.danger_allow_attribute_bits.mask();
    let expected = match unknown & !left {
        0 => "no unknown bit".to_owned(),
        named => format!("no unknown bit but {named:#018x}"),
    };
    findings.configuration("appraise.tdx.attributes", left == 0, expected, format!("{unknown:#018x}"));
    // The TDX module starts no TD with these together, so a report that has them was not made by one that is known.
    let both = |one: u64, other: u64| attributes & one != 0 && attributes & other != 0;
    let excluded = both(ATTRIBUTE_MIGRATABLE, ATTRIBUTE_DEBUG)
        || both(ATTRIBUTE_MIGRATABLE, ATTRIBUTE_PERFMON)
        || both(ATTRIBUTE_PERFMON, ATTRIBUTE_ICSSD);
    let expected = "not migratable with debug or perfmon, nor perfmon with icssd";
    let actual = format!("{attributes:#018x}");
    findings.configuration("appraise.tdx.attributes.together", !excluded, expected, actual);
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
    if policy.require_attributes.is_empty() && policy.forbid_attributes.is_empty() {
        findings.note(
            "appraise.tdx.attributes.named",
            Outcome::NotChecked,
            "names in the policy",
            names(&found),
        );
    } else {
        findings.configuration("appraise.tdx.attributes.named", holds, expected, names(&found));
    }
}

fn xfam(xfam: u64, policy: &TdxPolicy, findings: &mut Findings) {
    let (required, allowed) = (policy.xfam_required.0, policy.xfam_allowed.0);
    let whole = |group: u64| xfam & group == 0 || xfam & group == group;
    let has = |bit: u64| xfam & bit != 0;
    // As the TDX module checks at a TD's creation (check_xfam): features that come together or not at all.
    let consistent =
        whole(XFAM_AVX512) && whole(XFAM_CET) && whole(XFAM_AMX) && (!has(XFAM_AVX512) || has(XFAM_AVX));
    let holds = xfam & required == required && xfam & !allowed == 0 && consistent;
    let expected = format!("all of {required:#x}, none beyond {allowed:#x}, AVX-512, CET and AMX each whole");
    findings.configuration("appraise.tdx.xfam", holds, expected, format!("{xfam:#x}"));
}

const SERVICE_TD: &str = "appraise.tdx.service-td";
/// Bits of XFAM, as of XCR0 and IA32_XSS.
const XFAM_AVX: u64 = 1 << 2;
const XFAM_AVX512: u64 = 0b111 << 5;
const XFAM_CET: u64 = 0b11 << 11;
const XFAM_AMX: u64 = 0b11 << 17;
const ATTRIBUTES: [TdAttribute; 7] = [
    TdAttribute::Icssd,
    TdAttribute::ServtdExt,
    TdAttribute::Lass,
    TdAttribute::Pks,
    TdAttribute::KeyLocker,
    TdAttribute::Tpa,
    TdAttribute::Perfmon,
];
