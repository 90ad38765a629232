//! A verdict as an EAT Attestation Result, in the profile of the IETF's draft or in that of CoCo's Trustee.

use reference_values::{Key, Value as Wanted};
use serde::Serialize;
use serde_json::{Map, Value};

use super::enforced::VerifierClaims;
use super::evidence::{annotated, session_claims};
use crate::time::UnixTime;
use crate::trust::{Tier, TrustVector, value};
use crate::verdict::{Stage, Verdict};

/// Whose names a result is written in; the verdict is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// draft-ietf-rats-ear-04.
    Ietf,
    /// CoCo's Trustee, whose members come from an older draft.
    Trustee,
}

/// Whether a result is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A compact JWT.
    Jwt,
    /// The bare claims set (UCCS, RFC 9781).
    Unsigned,
}

/// What a result says besides the verdict.
#[derive(Clone, Copy, Debug)]
pub struct ResultContext<'a> {
    /// Who issues it.
    pub issuer: Option<&'a str>,
    /// Until when it holds; it is issued at the instant of verification.
    pub expires: Option<UnixTime>,
    /// SHA-256 of the reference values in their canonical form.
    pub reference_values: [u8; 32],
    /// Values that were asked for by name.
    pub expectations: &'a [(Key, Wanted)],
    /// The session with the guest that the evidence is bound to, where there is one.
    pub session: Option<Session<'a>>,
}

/// A guest's session with a broker.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    /// Who may rely on the result.
    pub audience: &'a str,
    /// The JSON object that the report data covers: nonce, key, device evidence.
    pub runtime_data: &'a str,
    /// What the init-data says; null in the token without init-data.
    pub init_data_claims: Option<&'a Value>,
    /// The id of the recorded decision.
    pub decision: &'a str,
}

/// A claims set cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the claims of the result cannot be written: {reason}")]
pub struct EncodeError {
    /// What the encoder says.
    pub reason: String,
}

impl From<serde_json::Error> for EncodeError {
    fn from(error: serde_json::Error) -> Self {
        Self { reason: error.to_string() }
    }
}

/// The claims set of a result about `verdict`, as JSON.
pub fn encode(
    verdict: &Verdict,
    profile: Profile,
    context: &ResultContext<'_>,
) -> Result<Vec<u8>, EncodeError> {
    let vector = vector(verdict);
    let status = status(verdict, &vector).as_str();
    let mut claims = envelope(verdict, profile, context)?;
    let submod = match profile {
        Profile::Ietf => ietf_submod(verdict, status, &vector, context)?,
        Profile::Trustee => trustee_submod(verdict, status, &vector, context)?,
    };
    if profile == Profile::Ietf {
        claims.insert("ear_status".to_owned(), status.into());
    }
    claims.insert("submods".to_owned(), object([("cpu0", submod)]));
    Ok(serde_json::to_vec(&claims)?)
}

/// The media type of a result (RFC 9782), its profile beside it.
pub fn media_type(profile: Profile, form: Form) -> String {
    let base = match form {
        Form::Jwt => "application/eat+jwt",
        Form::Unsigned => "application/eat-ucs+json",
    };
    format!("{base}; eat_profile=\"{}\"", profile.eat_profile())
}

impl Profile {
    /// The EAT profile (RFC 9711, section 6) that names it in `eat_profile` and in media types.
    pub const fn eat_profile(self) -> &'static str {
        match self {
            Self::Ietf => "tag:ietf.org,2026:rats/ear#04",
            Self::Trustee => "tag:github.com,2024:confidential-containers/Trustee",
        }
    }
}

/// Issuer, times, and who may use the result for what: outside of any submodule.
fn envelope(
    verdict: &Verdict,
    profile: Profile,
    context: &ResultContext<'_>,
) -> Result<Map<String, Value>, EncodeError> {
    let verifier_id = object([("developer", DEVELOPER.into()), ("build", BUILD.into())]);
    let verifier_id_label = match profile {
        Profile::Ietf => "ear_verifier_id",
        Profile::Trustee => "ear.verifier-id",
    };
    let mut claims = Map::from_iter([
        ("eat_profile".to_owned(), profile.eat_profile().into()),
        ("iat".to_owned(), verdict.at.secs().into()),
        (verifier_id_label.to_owned(), verifier_id),
    ]);
    if let Some(issuer) = context.issuer {
        claims.insert("iss".to_owned(), issuer.into());
    }
    if let Some(expires) = context.expires {
        claims.insert("exp".to_owned(), expires.secs().into());
    }
    if let Some(session) = &context.session {
        // Whoever shows this result elsewhere shows whom it was made for, for which challenge, and who holds the key.
        let runtime_data: RuntimeData = serde_json::from_str(session.runtime_data)?;
        claims.insert("aud".to_owned(), session.audience.into());
        claims.insert("eat_nonce".to_owned(), runtime_data.nonce.into());
        claims.insert("cnf".to_owned(), object([("jwk", runtime_data.tee_pubkey)]));
    }
    Ok(claims)
}

/// draft-ietf-rats-ear-04, section 3.2: attester's claims and verifier's claims apart.
fn ietf_submod(
    verdict: &Verdict,
    status: &'static str,
    vector: &TrustVector,
    context: &ResultContext<'_>,
) -> Result<Value, EncodeError> {
    let verifier_claims = VerifierClaims::new(verdict, context)?;
    let mut attester_claims = Map::new();
    if let Some(tee) = verdict.tee {
        attester_claims.insert("tee".to_owned(), tee.as_str().into());
    }
    if let Value::Object(claims) = serde_json::to_value(&verdict.claims)? {
        attester_claims.extend(claims);
    }
    attester_claims.extend(session_claims(context.session.as_ref())?);
    Ok(object([
        ("ear_status", status.into()),
        ("ear_trustworthiness_vector", serde_json::to_value(Vector::from(vector))?),
        ("ear_appraisal_policy_ids", Value::from(vec![policy_id(verdict)?])),
        ("ear_attester_claims", Value::Object(attester_claims)),
        ("ear_verifier_claims", serde_json::to_value(verifier_claims)?),
    ]))
}

/// The members that Trustee writes and its relying parties read.
fn trustee_submod(
    verdict: &Verdict,
    status: &'static str,
    vector: &TrustVector,
    context: &ResultContext<'_>,
) -> Result<Value, EncodeError> {
    let verifier_claims = VerifierClaims::new(verdict, context)?;
    Ok(object([
        ("ear.status", status.into()),
        ("ear.trustworthiness-vector", serde_json::to_value(Vector::from(vector))?),
        ("ear.appraisal-policy-id", policy_id(verdict)?.into()),
        ("ear.veraison.annotated-evidence", Value::Object(annotated(verdict, context.session.as_ref())?)),
        ("ear.vouchsafe", serde_json::to_value(verifier_claims)?),
    ]))
}

fn policy_id(verdict: &Verdict) -> Result<String, EncodeError> {
    Ok(format!("sha256:{}", hex::encode(super::policy_digest(&verdict.enforced.policy)?)))
}

/// The verdict's vector; for evidence that is not believed, what AR4SI has for that (section 2.3.4).
fn vector(verdict: &Verdict) -> TrustVector {
    let claim = match verdict.error.as_ref().map(|error| error.stage) {
        Some(Stage::Verify) => value::VALIDATION_FAILED,
        Some(Stage::Parse) => value::UNEXPECTED_EVIDENCE,
        Some(Stage::Endorsements) | None => return verdict.trust_vector,
    };
    TrustVector { hardware: claim, configuration: claim, executables: claim, ..verdict.trust_vector }
}

/// The verdict's tier, and never a better one than that of any claim in the vector (draft-ietf-rats-ear, section 3.2):
/// a result that was asked of the hardware alone still carries the warning about the executables.
fn status(verdict: &Verdict, vector: &TrustVector) -> Tier {
    let claims = [
        vector.instance_identity,
        vector.configuration,
        vector.executables,
        vector.file_system,
        vector.hardware,
        vector.runtime_opaque,
        vector.storage_opaque,
        vector.sourced_data,
    ];
    let said = claims.into_iter().map(Tier::of).filter(|tier| *tier != Tier::None);
    said.fold(verdict.tier, Tier::worse)
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

#[derive(serde::Deserialize)]
struct RuntimeData {
    nonce: String,
    #[serde(rename = "tee-pubkey")]
    tee_pubkey: Value,
}

/// The vector under EAR's names, which are the same in both profiles.
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

const DEVELOPER: &str = "vouchsafe";
pub(super) const BUILD: &str = concat!("vouchsafe verifier ", env!("CARGO_PKG_VERSION"));
