//! What the evidence says, in the map that Trustee's policies read.

use serde_json::{Map, Value};

use super::ear::{EncodeError, Session};
use crate::check::Fact;
use crate::verdict::Verdict;

/// The annotated evidence of Trustee's profile: `<tee>` with Trustee's claims, `vouchsafe` with the names that mean
/// the same on every TEE, and beside them what the hardware binds (`report_data`, `init_data` and their contents).
pub(super) fn annotated(
    verdict: &Verdict,
    session: Option<&Session<'_>>,
) -> Result<Map<String, Value>, EncodeError> {
    let mut evidence = Map::new();
    if let Some(tee) = verdict.tee.filter(|_| verdict.verified) {
        evidence.insert(tee.as_str().to_owned(), serde_json::to_value(&verdict.trustee)?);
        evidence.insert("vouchsafe".to_owned(), serde_json::to_value(own(&verdict.claims))?);
    }
    if let Some(root) = verdict.danger_anchor.as_deref() {
        // Trustee's default resource policy denies a token with this member, and so may anybody's.
        let sample = evidence.entry("sample").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(members) = sample {
            members.insert("root".to_owned(), root.into());
        }
    }
    for (ours, trustees) in [("report_data", "report_data"), ("host_data", "init_data")] {
        if let Some(Fact::Hex(bytes)) = claim(&verdict.claims, ours) {
            evidence.insert(trustees.to_owned(), hex::encode(bytes).into());
        }
    }
    evidence.extend(session_claims(session)?);
    Ok(evidence)
}

/// The common claims, and of the TEE's own those that Trustee's map does not have: a token has no room for both.
fn own(claims: &Fact) -> Fact {
    let Fact::Map(members) = claims else { return Fact::Map(Vec::new()) };
    let rest = |value: &Fact| match value {
        Fact::Map(members) => {
            Fact::Map(members.iter().filter(|(name, _)| UNKNOWN_TO_TRUSTEE.contains(name)).cloned().collect())
        }
        other => other.clone(),
    };
    Fact::Map(members.iter().map(|(name, value)| (*name, rest(value))).collect())
}

/// What the report data and the host data stand for: the guest's key and nonce, and what the init-data says.
pub(super) fn session_claims(session: Option<&Session<'_>>) -> Result<Map<String, Value>, EncodeError> {
    let Some(session) = session else { return Ok(Map::new()) };
    let runtime_data: Value = serde_json::from_str(session.runtime_data)?;
    Ok(Map::from_iter([
        ("init_data_claims".to_owned(), session.init_data_claims.cloned().unwrap_or_default()),
        ("runtime_data_claims".to_owned(), runtime_data),
    ]))
}

fn claim<'a>(claims: &'a Fact, wanted: &str) -> Option<&'a Fact> {
    let Fact::Map(members) = claims else { return None };
    members.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

/// Names of `snp::claims`, `dcap::claims` and `tdx::claims` whose content no claim of Trustee's has.
const UNKNOWN_TO_TRUSTEE: [&str; 23] = [
    "event_log",
    "product_name",
    "csp_id",
    "vek_sha256",
    "chip_id_masked",
    "platform",
    "pck_ca",
    "pck_serial",
    "platform_tcb",
    "tdx_module_tcb",
    "qe_tcb",
    "platform_tcb_now",
    "advisories_now",
    "vm_id",
    "td_id",
    "dev_info",
    "init_service_td_hash",
    "init_service_td_attributes",
    "init_cpu_svn",
    "init_tee_tcb_svn",
    "init_tee_fmspc",
    "current_service_td_hash",
    "current_service_td_attributes",
];
