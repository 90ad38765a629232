//! What was enforced, echoed beside the result, so that whoever signs the result signs this too.

use serde::Serialize;

use super::ear::{EncodeError, ResultContext};
use super::policy::PolicyAppraisal;
use crate::check::{Check, Outcome};
use crate::crypto::sha256;
use crate::policy::Policy;
use crate::time::UnixTime;
use crate::trust::Scope;
use crate::verdict::{Stage, Verdict};

/// The verifier's own words about a result; `ear.vouchsafe` in Trustee's profile, `ear_verifier_claims` in the IETF's.
#[derive(Serialize)]
pub(super) struct VerifierClaims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<u64>,
    at: UnixTime,
    verified: bool,
    tcb: &'a crate::appraise::TcbReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    enforced: Option<Enforced<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attestation_policy: Option<Asked<'a>>,
    failed: Vec<&'static str>,
    not_checked: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    danger_root: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failed>,
}

/// The rules that the verdict followed.
#[derive(Serialize)]
struct Enforced<'a> {
    scope: Scope,
    policy_sha256: String,
    policy_bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'a Policy>,
    /// Told in any case, by name: a policy that is too long for a token must not hide what it opts out of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dangers: Vec<String>,
    reference_values_sha256: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    expectations: Vec<String>,
}

/// The operator's attestation policy, whose claims were joined with ours.
#[derive(Serialize)]
struct Asked<'a> {
    id: &'a str,
    sha256: String,
    reference_values_sha256: String,
}

/// Why evidence is not believed, without the words that may repeat an input.
#[derive(Serialize)]
struct Failed {
    stage: Stage,
    kind: &'static str,
}

/// A policy as JSON without white space, the members of each object sorted by name: as tokens repeat it, so that
/// whoever has a token can compute the digest.
pub fn policy_json(policy: &Policy) -> Result<Vec<u8>, EncodeError> {
    Ok(serde_json::to_vec(&serde_json::to_value(policy)?)?)
}

/// SHA-256 over the JSON form of a policy, by which records and tokens name it.
pub fn policy_digest(policy: &Policy) -> Result<[u8; 32], EncodeError> {
    Ok(sha256(&policy_json(policy)?))
}

impl<'a> VerifierClaims<'a> {
    /// What was enforced and which decision this is are the same for every part: the primary one tells them.
    pub(super) fn new(
        verdict: &'a Verdict,
        context: &ResultContext<'a>,
        asked: Option<&'a PolicyAppraisal>,
        primary: bool,
    ) -> Result<Self, EncodeError> {
        let session = context.session.filter(|_| primary);
        Ok(Self {
            decision: session.and_then(|session| session.decision),
            epoch: session.and_then(|session| session.epoch),
            at: verdict.at,
            verified: verdict.verified,
            tcb: &verdict.tcb,
            enforced: primary.then(|| Enforced::new(verdict, context)).transpose()?,
            attestation_policy: asked.map(|asked| Asked {
                id: &asked.id,
                sha256: hex::encode(asked.policy),
                reference_values_sha256: hex::encode(asked.reference_values),
            }),
            failed: ids(&verdict.checks, Outcome::Fail),
            not_checked: ids(&verdict.checks, Outcome::NotChecked),
            danger_root: verdict.danger_anchor.as_deref(),
            error: verdict.error.as_ref().map(|error| Failed { stage: error.stage, kind: error.kind }),
        })
    }
}

impl<'a> Enforced<'a> {
    fn new(verdict: &'a Verdict, context: &ResultContext<'_>) -> Result<Self, EncodeError> {
        let policy = &verdict.enforced.policy;
        let policy_bytes = policy_json(policy)?.len();
        let named = context.expectations.iter().map(|(key, value)| format!("{}={value}", key.as_str()));
        Ok(Self {
            scope: verdict.enforced.scope,
            policy_sha256: hex::encode(policy_digest(policy)?),
            policy_bytes,
            policy: (policy_bytes <= POLICY_BYTES_MAX).then_some(policy),
            dangers: policy.dangers(),
            reference_values_sha256: hex::encode(context.reference_values),
            expectations: named.collect(),
        })
    }
}

/// The ids of the checks with this outcome, each once, in order. There are as many as the program has names for.
fn ids(checks: &[Check], outcome: Outcome) -> Vec<&'static str> {
    let mut ids = Vec::new();
    for check in checks.iter().filter(|check| check.outcome == outcome) {
        if !ids.contains(&check.id) {
            ids.push(check.id);
        }
    }
    ids
}

/// Bytes of a policy's JSON up to which a token repeats it whole. The production profile has about 1 KiB; what is
/// longer is a list of chips or advisories, and a token travels in a header: its digest and size stand for it.
pub const POLICY_BYTES_MAX: usize = 0x1000;
