//! TDX and SGX as Trustee has them: the quote's fields in hexadecimal of their bytes in quote order, and what Intel's
//! library says of the collateral (`deps/verifier/src/{tdx,sgx,intel_dcap}/claims.rs`).
//!
//! Not said here, since no fact of a verified quote holds it: the dates and numbers of the collateral
//! (`earliest_issue_date`, `latest_issue_date`, `earliest_expiration_date`, `pck_crl_num`, `root_ca_crl_num`,
//! `root_key_id`).

use super::events;
use crate::check::Fact;
use crate::dcap::{Body, Facts, INTEL_QE_VENDOR, PckExtension, SgxType, TcbOutcome, VerifiedQuote};
use crate::sgx::EnclaveReport;
use crate::tdx::{
    ATTRIBUTE_DEBUG, ATTRIBUTE_KEY_LOCKER, ATTRIBUTE_PERFMON, ATTRIBUTE_PKS, ATTRIBUTE_SEPT_VE_DISABLE,
    TD_REPORT_10_SIZE, TD_REPORT_15_EX_SIZE, TD_REPORT_15_SIZE, TdReport,
};
use crate::x509::RevocationState;

type Claims = Vec<(&'static str, Fact)>;

pub(super) fn claims(verified: &VerifiedQuote) -> Fact {
    let facts = verified.facts();
    let mut claims = match &facts.body {
        Body::Tdx(report) => trust_domain(facts, report),
        Body::Sgx(report) => enclave(facts, report),
    };
    if let Some(id) = facts.pck.platform_instance_id {
        claims.push(("platform_instance_id", id.into()));
    }
    if let Some(log) = &facts.event_log {
        claims.push(("uefi_event_logs", events::claims(log)));
    }
    claims.extend(platform(&facts.pck));
    claims.extend(collateral(verified));
    Fact::Map(claims)
}

fn trust_domain(facts: &Facts, report: &TdReport) -> Claims {
    let header = vec![
        ("version", facts.quote_version.to_le_bytes().into()),
        ("att_key_type", KEY_TYPE_ECDSA_P256.into()),
        ("tee_type", TEE_TYPE_TDX.into()),
        ("reserved", [0u8; 4].into()),
        ("vendor_id", INTEL_QE_VENDOR.into()),
        ("user_data", facts.user_data.into()),
    ];
    let mut quote = vec![("header", Fact::Map(header)), ("body", Fact::Map(td_body(report)))];
    if facts.quote_version >= DESCRIBED_SINCE {
        let (kind, size) = descriptor(report);
        quote.push(("type", kind.to_le_bytes().into()));
        quote.push(("size", size.to_le_bytes().into()));
    }
    let bit = |mask: u64| Fact::Bool(report.attributes() & mask != 0);
    let attributes = vec![
        ("debug", bit(ATTRIBUTE_DEBUG)),
        ("septve_disable", bit(ATTRIBUTE_SEPT_VE_DISABLE)),
        ("protection_keys", bit(ATTRIBUTE_PKS)),
        ("key_locker", bit(ATTRIBUTE_KEY_LOCKER)),
        ("perfmon", bit(ATTRIBUTE_PERFMON)),
    ];
    vec![("quote", Fact::Map(quote)), ("td_attributes", Fact::Map(attributes))]
}

fn td_body(report: &TdReport) -> Claims {
    let [rtmr_0, rtmr_1, rtmr_2, rtmr_3] = report.rtmr;
    let mut body = vec![
        ("tcb_svn", report.tee_tcb_svn.into()),
        ("mr_seam", report.mr_seam.into()),
        ("mrsigner_seam", report.mr_signer_seam.into()),
        ("seam_attributes", report.seam_attributes.into()),
        ("td_attributes", report.td_attributes.into()),
        ("xfam", report.xfam.into()),
        ("mr_td", report.mr_td.into()),
        ("mr_config_id", report.mr_config_id.into()),
        ("mr_owner", report.mr_owner.into()),
        ("mr_owner_config", report.mr_owner_config.into()),
        ("rtmr_0", rtmr_0.into()),
        ("rtmr_1", rtmr_1.into()),
        ("rtmr_2", rtmr_2.into()),
        ("rtmr_3", rtmr_3.into()),
        ("report_data", report.report_data.into()),
    ];
    if let Some(v15) = &report.v15 {
        body.push(("tee_tcb_svn2", v15.tee_tcb_svn2.into()));
        body.push(("mr_servicetd", v15.mr_service_td.into()));
    }
    body
}

/// The body descriptor of a version 5 quote: type and size (Intel TDX DCAP Quoting Library API, appendix A.3.3).
fn descriptor(report: &TdReport) -> (u16, u32) {
    let (kind, size) = match (&report.v15_ex, &report.v15) {
        (Some(_), _) => (4, TD_REPORT_15_EX_SIZE),
        (None, Some(_)) => (3, TD_REPORT_15_SIZE),
        (None, None) => (2, TD_REPORT_10_SIZE),
    };
    // Safe: each of the sizes has three digits.
    (kind, u32::try_from(size).unwrap_or(u32::MAX))
}

fn enclave(facts: &Facts, report: &EnclaveReport) -> Claims {
    let header = vec![
        ("version", facts.quote_version.to_le_bytes().into()),
        ("att_key_type", KEY_TYPE_ECDSA_P256.into()),
        ("att_key_data_0", TEE_TYPE_SGX.into()),
        ("qe_svn", facts.qe_svn.to_le_bytes().into()),
        ("pce_svn", facts.pce_svn.to_le_bytes().into()),
        ("vendor_id", INTEL_QE_VENDOR.into()),
        ("user_data", facts.user_data.into()),
    ];
    let [flags, xfrm] = halves(report.attributes);
    let body = vec![
        ("cpu_svn", report.cpu_svn.into()),
        ("misc_select", report.misc_select.into()),
        ("reserved1", [0u8; 12].into()),
        ("isv_ext_prod_id", report.isv_ext_prod_id.into()),
        ("attributes.flags", flags.into()),
        ("attributes.xfrm", xfrm.into()),
        ("mr_enclave", report.mr_enclave.into()),
        ("reserved2", [0u8; 32].into()),
        ("mr_signer", report.mr_signer.into()),
        ("reserved3", [0u8; 32].into()),
        ("config_id", report.config_id.into()),
        ("isv_prod_id", report.isv_prod_id.to_le_bytes().into()),
        ("isv_svn", report.isv_svn.to_le_bytes().into()),
        ("config_svn", report.config_svn.to_le_bytes().into()),
        ("reserved4", [0u8; 42].into()),
        ("isv_family_id", report.isv_family_id.into()),
        ("report_data", report.report_data.into()),
    ];
    vec![("header", Fact::Map(header)), ("body", Fact::Map(body))]
}

/// From the PCK certificate; the three flags are Intel's of platforms with scalable memory alone.
fn platform(pck: &PckExtension) -> Claims {
    let sgx_type = match pck.sgx_type {
        SgxType::Standard => "Standard",
        SgxType::Scalable => "Scalable",
        SgxType::ScalableWithIntegrity => "Scalable with Integrity",
    };
    let mut claims = vec![("platform_provider_id", pck.ppid.into()), ("sgx_type", sgx_type.into())];
    if pck.sgx_type != SgxType::Standard {
        let flags = pck.configuration;
        // Trustee's flags are true where the certificate says so and false where it says nothing.
        let set = |flag: Option<bool>| Fact::Bool(flag == Some(true));
        claims.push(("is_dynamic_platform", set(flags.and_then(|flags| flags.dynamic_platform))));
        claims.push(("is_cached_keys", set(flags.and_then(|flags| flags.cached_keys))));
        claims.push(("is_smt_enabled", set(flags.and_then(|flags| flags.smt_enabled))));
    }
    claims
}

fn collateral(verified: &VerifiedQuote) -> Claims {
    let TcbOutcome::Evaluated(tcb) = verified.tcb() else { return Vec::new() };
    let advisories = tcb.advisories.iter().map(|id| Fact::from(id.clone())).collect();
    let mut claims = vec![
        ("tcb_status", tcb.status.as_str().into()),
        // Intel's library gives the lower one of the two pieces.
        ("tcb_eval_num", tcb.evaluation_number.min(tcb.qe_evaluation_number).into()),
        ("advisory_ids", Fact::List(advisories)),
    ];
    if let Some(date) = tcb.date {
        claims.push(("tcb_date", date.into()));
    }
    if let Some(expired) = expiration_status(verified) {
        claims.push(("collateral_expiration_status", expired.into()));
    }
    claims
}

/// `0` where nothing is over: certificates, TCB info and identity are inside their validity in everything that
/// verifies, which leaves the CRLs. Without all of them it stays unsaid, which is not `0` either.
fn expiration_status(verified: &VerifiedQuote) -> Option<&'static str> {
    let states = || verified.revocations().iter().map(|revocation| &revocation.state);
    if states().any(|state| matches!(state, RevocationState::Stale { .. })) {
        return Some("1");
    }
    states().all(|state| *state == RevocationState::Good).then_some("0")
}

fn halves(bytes: [u8; 16]) -> [[u8; 8]; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = bytes;
    [[a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]]
}

/// ECDSA-256-with-P-256, the one type of key that quotes are read with.
const KEY_TYPE_ECDSA_P256: [u8; 2] = [2, 0];
const TEE_TYPE_SGX: [u8; 4] = [0; 4];
const TEE_TYPE_TDX: [u8; 4] = [0x81, 0, 0, 0];
/// Since this version a quote describes its body.
const DESCRIBED_SINCE: u16 = 5;
