//! A verdict as an EAT Attestation Result (draft-ietf-rats-ear) in the members that CoCo's Trustee uses, as a
//! compact JWT. The signature is made by the caller: no key comes near this crate.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::check::Check;
use crate::time::UnixTime;
use crate::trust::TrustVector;
use crate::verdict::Verdict;

/// What a token says besides the verdict.
#[derive(Clone, Debug)]
pub struct TokenContext<'a> {
    /// Who issues it.
    pub issuer: &'a str,
    /// From when it holds.
    pub issued: UnixTime,
    /// Until when it holds.
    pub expires: UnixTime,
    /// The JSON object that the report data covers: nonce, key, device evidence.
    pub runtime_data: &'a str,
    /// The report data that the evidence was found to carry.
    pub report_data: &'a [u8; 64],
    /// The host data that the evidence was found to carry, when init-data was sent.
    pub init_data: Option<&'a [u8]>,
    /// What the init-data says; null in the token without init-data.
    pub init_data_claims: Option<&'a Value>,
    /// The id of the recorded decision.
    pub decision: &'a str,
    /// SHA-256 of the appraisal policy that was enforced, in hexadecimal.
    pub policy: &'a str,
}

/// A claims set cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the claims of the token cannot be written: {reason}")]
pub struct EncodeError {
    /// What the encoder says.
    pub reason: String,
}

/// The claims of a token about `verdict`, as JSON.
pub fn claims(verdict: &Verdict, context: &TokenContext<'_>) -> Result<Vec<u8>, EncodeError> {
    let claims = Claims {
        eat_profile: PROFILE,
        iat: context.issued.secs(),
        exp: context.expires.secs(),
        iss: context.issuer,
        verifier_id: VerifierId { developer: DEVELOPER, build: BUILD },
        submods: Submods {
            cpu0: Submod {
                status: verdict.tier.as_str(),
                trustworthiness_vector: Vector::from(&verdict.trust_vector),
                appraisal_policy_id: format!("sha256:{}", context.policy),
                annotated_evidence: annotated_evidence(verdict, context)?,
                vouchsafe: Vouchsafe {
                    decision: context.decision,
                    tcb_status: verdict.tcb.status,
                    failed: verdict.failed().map(failed_id).collect(),
                    danger_root: verdict.danger_anchor.as_deref(),
                },
            },
        },
    };
    serde_json::to_vec(&claims).map_err(|error| EncodeError { reason: error.to_string() })
}

/// A compact JWT of `claims` under an ES256 key; `sign` returns r and s, 32 bytes each, of the bytes that it gets.
pub fn compact<E>(
    key_id: &str,
    claims: &[u8],
    sign: impl FnOnce(&[u8]) -> Result<[u8; 64], E>,
) -> Result<String, E> {
    let header = Map::from_iter([
        ("alg".to_owned(), Value::from("ES256")),
        ("kid".to_owned(), Value::from(key_id)),
        ("typ".to_owned(), Value::from("JWT")),
    ]);
    let mut token = URL_SAFE_NO_PAD.encode(Value::Object(header).to_string());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let signature = sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

fn annotated_evidence(
    verdict: &Verdict,
    context: &TokenContext<'_>,
) -> Result<Map<String, Value>, EncodeError> {
    let write = |error: serde_json::Error| EncodeError { reason: error.to_string() };
    let mut evidence = Map::new();
    if let Some(root) = verdict.danger_anchor.as_deref() {
        // Trustee's default policy denies a token with this member, and so may anybody's.
        evidence
            .insert("sample".to_owned(), Value::Object(Map::from_iter([("root".to_owned(), root.into())])));
    }
    if let Some(tee) = verdict.tee {
        let claims = serde_json::to_value(&verdict.claims).map_err(write)?;
        evidence.insert(tee.as_str().to_owned(), claims);
    }
    evidence.insert("report_data".to_owned(), hex::encode(context.report_data).into());
    if let Some(init_data) = context.init_data {
        evidence.insert("init_data".to_owned(), hex::encode(init_data).into());
    }
    evidence.insert("init_data_claims".to_owned(), context.init_data_claims.cloned().unwrap_or_default());
    let runtime_data = serde_json::from_str(context.runtime_data).map_err(write)?;
    evidence.insert("runtime_data_claims".to_owned(), runtime_data);
    Ok(evidence)
}

fn failed_id(check: &Check) -> &'static str {
    check.id
}

#[derive(Serialize)]
struct Claims<'a> {
    eat_profile: &'static str,
    iat: i64,
    exp: i64,
    iss: &'a str,
    #[serde(rename = "ear.verifier-id")]
    verifier_id: VerifierId,
    submods: Submods<'a>,
}

#[derive(Serialize)]
struct VerifierId {
    developer: &'static str,
    build: &'static str,
}

#[derive(Serialize)]
struct Submods<'a> {
    cpu0: Submod<'a>,
}

#[derive(Serialize)]
struct Submod<'a> {
    #[serde(rename = "ear.status")]
    status: &'static str,
    #[serde(rename = "ear.trustworthiness-vector")]
    trustworthiness_vector: Vector,
    #[serde(rename = "ear.appraisal-policy-id")]
    appraisal_policy_id: String,
    #[serde(rename = "ear.veraison.annotated-evidence")]
    annotated_evidence: Map<String, Value>,
    #[serde(rename = "ear.vouchsafe")]
    vouchsafe: Vouchsafe<'a>,
}

/// What our own broker, agent and replay read back.
#[derive(Serialize)]
struct Vouchsafe<'a> {
    decision: &'a str,
    tcb_status: Option<&'static str>,
    failed: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    danger_root: Option<&'a str>,
}

/// The vector under EAR's names.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Vector {
    instance_identity: i8,
    configuration: i8,
    executables: i8,
    file_system: i8,
    hardware: i8,
    runtime_opaque: i8,
    storage_opaque: i8,
    sourced_data: i8,
}

impl From<&TrustVector> for Vector {
    fn from(vector: &TrustVector) -> Self {
        Self {
            instance_identity: vector.instance_identity,
            configuration: vector.configuration,
            executables: vector.executables,
            file_system: vector.file_system,
            hardware: vector.hardware,
            runtime_opaque: vector.runtime_opaque,
            storage_opaque: vector.storage_opaque,
            sourced_data: vector.sourced_data,
        }
    }
}

/// The profile whose members these are; relying parties of CoCo look for it.
const PROFILE: &str = "tag:github.com,2024:confidential-containers/Trustee";
const DEVELOPER: &str = "vouchsafe";
const BUILD: &str = concat!("vouchsafe verifier ", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests;
