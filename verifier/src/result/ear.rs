//! A verdict as an EAT Attestation Result, in the profile of the IETF's draft or in that of CoCo's Trustee.

use reference_values::{Key, Value as Wanted};
use serde::Serialize;
use serde_json::{Map, Value};

use super::enforced::VerifierClaims;
use super::evidence::{annotated, session_claims};
use super::policy::{PolicyAppraisal, appraised};
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
    /// The id of the recorded decision, where it is known already.
    pub decision: Option<&'a str>,
    /// The epoch of the policies, reference values and revocations under which the evidence was judged.
    pub epoch: Option<u64>,
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

/// What a result is about besides its one verdict.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parts<'a> {
    /// What the operator's attestation policy says of the CPU's evidence.
    pub policy: Option<&'a PolicyAppraisal>,
    /// The devices whose evidence came along.
    pub devices: &'a [Device<'a>],
}

/// One device of a composite attester.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// The name of its submodule, such as `gpu0`.
    pub name: &'a str,
    /// The verdict on its evidence.
    pub verdict: &'a Verdict,
    /// The JSON object that its report data covers: nonce and key.
    pub runtime_data: &'a str,
    /// What the operator's attestation policy says of it.
    pub policy: Option<&'a PolicyAppraisal>,
}

/// The claims set of a result about `verdict`, as JSON.
pub fn encode(
    verdict: &Verdict,
    profile: Profile,
    context: &ResultContext<'_>,
) -> Result<Vec<u8>, EncodeError> {
    encode_parts(verdict, profile, context, &Parts::default())
}

/// The claims set of a result about a composite attester, as JSON: a submodule for each part. What was enforced and
/// which decision this is stands in `cpu0` alone.
pub fn encode_parts(
    verdict: &Verdict,
    profile: Profile,
    context: &ResultContext<'_>,
    parts: &Parts<'_>,
) -> Result<Vec<u8>, EncodeError> {
    let mut claims = envelope(verdict, profile, context)?;
    let (status, cpu) = submod(verdict, profile, context, parts.policy, true)?;
    let mut worst = status;
    let mut submods = Map::from_iter([(PRIMARY.to_owned(), cpu)]);
    for device in parts.devices {
        let session = context.session.as_ref().map(|session| Session {
            runtime_data: device.runtime_data,
            init_data_claims: None,
            ..*session
        });
        let context = ResultContext { session, ..*context };
        let (status, submod) = submod(device.verdict, profile, &context, device.policy, false)?;
        worst = worst.worse(status);
        if submods.insert(device.name.to_owned(), submod).is_some() {
            return Err(EncodeError { reason: format!("two submodules have the name {}", device.name) });
        }
    }
    if profile == Profile::Ietf {
        claims.insert("ear_status".to_owned(), worst.as_str().into());
    }
    claims.insert("submods".to_owned(), Value::Object(submods));
    Ok(serde_json::to_vec(&claims)?)
}

/// The annotated evidence of Trustee's profile alone: what attestation policies judge.
pub fn annotated_evidence(verdict: &Verdict, session: &Session<'_>) -> Result<Value, EncodeError> {
    annotated(verdict, Some(session)).map(Value::Object)
}

/// The status of one part and its submodule.
fn submod(
    verdict: &Verdict,
    profile: Profile,
    context: &ResultContext<'_>,
    policy: Option<&PolicyAppraisal>,
    primary: bool,
) -> Result<(Tier, Value), EncodeError> {
    let (vector, status) = appraised(verdict, policy);
    let own = serde_json::to_value(VerifierClaims::new(verdict, context, policy, primary)?)?;
    let mut submod = match profile {
        Profile::Ietf => ietf_submod(verdict, status.as_str(), &vector, context, own)?,
        Profile::Trustee => trustee_submod(verdict, status.as_str(), &vector, context, own)?,
    };
    for (name, value) in policy.into_iter().flat_map(|policy| &policy.extensions) {
        // What is said already is not a policy's to say otherwise.
        submod.entry(name).or_insert_with(|| value.clone());
    }
    Ok((status, Value::Object(submod)))
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
    own: Value,
) -> Result<Map<String, Value>, EncodeError> {
    let mut attester_claims = Map::new();
    if let Some(tee) = verdict.tee {
        attester_claims.insert("tee".to_owned(), tee.as_str().into());
    }
    if let Value::Object(claims) = serde_json::to_value(&verdict.claims)? {
        attester_claims.extend(claims);
    }
    attester_claims.extend(session_claims(context.session.as_ref())?);
    Ok(members([
        ("ear_status", status.into()),
        ("ear_trustworthiness_vector", serde_json::to_value(Vector::from(vector))?),
        ("ear_appraisal_policy_ids", Value::from(vec![policy_id(verdict)?])),
        ("ear_attester_claims", Value::Object(attester_claims)),
        ("ear_verifier_claims", own),
    ]))
}

/// The members that Trustee writes and its relying parties read.
fn trustee_submod(
    verdict: &Verdict,
    status: &'static str,
    vector: &TrustVector,
    context: &ResultContext<'_>,
    own: Value,
) -> Result<Map<String, Value>, EncodeError> {
    Ok(members([
        ("ear.status", status.into()),
        ("ear.trustworthiness-vector", serde_json::to_value(Vector::from(vector))?),
        ("ear.appraisal-policy-id", policy_id(verdict)?.into()),
        ("ear.veraison.annotated-evidence", Value::Object(annotated(verdict, context.session.as_ref())?)),
        ("ear.vouchsafe", own),
    ]))
}

fn policy_id(verdict: &Verdict) -> Result<String, EncodeError> {
    Ok(format!("sha256:{}", hex::encode(super::policy_digest(&verdict.enforced.policy)?)))
}

/// The verdict's vector; for evidence that is not believed, what AR4SI has for that (section 2.3.4).
pub(super) fn vector(verdict: &Verdict) -> TrustVector {
    let claim = match verdict.error.as_ref().map(|error| error.stage) {
        Some(Stage::Verify) => value::VALIDATION_FAILED,
        Some(Stage::Parse) => value::UNEXPECTED_EVIDENCE,
        Some(Stage::Endorsements) | None => return verdict.trust_vector,
    };
    TrustVector { hardware: claim, configuration: claim, executables: claim, ..verdict.trust_vector }
}

fn object<const N: usize>(named: [(&str, Value); N]) -> Value {
    Value::Object(members(named))
}

fn members<const N: usize>(named: [(&str, Value); N]) -> Map<String, Value> {
    named.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
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

/// The submodule of the TEE that the guest runs in, as Trustee names it.
pub(super) const PRIMARY: &str = "cpu0";
const DEVELOPER: &str = "vouchsafe";
pub(super) const BUILD: &str = concat!("vouchsafe verifier ", env!("CARGO_PKG_VERSION"));
