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
        evidence.insert("vouchsafe".to_owned(), serde_json::to_value(&verdict.claims)?);
    }
    if let Some(root) = verdict.danger_anchor.as_deref() {
        // Trustee's default resource policy denies a token with this member, and so may anybody's.
        evidence
            .insert("sample".to_owned(), Value::Object(Map::from_iter([("root".to_owned(), root.into())])));
    }
    for (ours, trustees) in [("report_data", "report_data"), ("host_data", "init_data")] {
        if let Some(Fact::Hex(bytes)) = claim(&verdict.claims, ours) {
            evidence.insert(trustees.to_owned(), hex::encode(bytes).into());
        }
    }
    evidence.extend(session_claims(session)?);
    Ok(evidence)
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
