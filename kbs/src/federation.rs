//! Tokens for clouds' identity services (OpenID Connect federation): an attested workload, by its name, for one audience.
//!
//! Such a token is a bearer token and says nothing of the evidence; it is issued for an affirmed guest that the operator has
//! a name for, and only for audiences that the operator listed.

use decision_log::{Digest, Federation, Record};
use policy::may_be_simulated;
use rand_core::Rng;
use serde::Serialize;
use serde_json::{Value, json};
use verifier::time::UnixTime;

use crate::broker::Broker;
use crate::config::FederationSettings;
use crate::inputs::InputsError;
use crate::refusals::Entry;
use crate::shown::{self, Credentials, ShownError};
use crate::signing::UnusableKey;
use crate::signing_keys::SigningKeys;
use crate::store::StoreError;
use crate::system::rng;

/// A request for a token.
#[derive(Debug)]
pub(crate) struct Ask {
    /// What the guest shows.
    pub shown: Credentials,
    /// For whom the token shall be.
    pub audience: String,
    /// Where it came from.
    pub source: Option<std::net::IpAddr>,
}

/// A token that was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Issued {
    /// The token.
    pub token: String,
    /// Its end, in seconds since 1970.
    pub expires: i64,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FederationError {
    /// None are issued here.
    #[error("this broker issues no federation tokens")]
    NotConfigured,
    /// No token of this broker's holds.
    #[error(transparent)]
    Shown(#[from] ShownError),
    /// The files of this broker are not those in force.
    #[error(transparent)]
    Inputs(#[from] InputsError),
    /// The audience is not listed.
    #[error("tokens for this audience are not issued")]
    Audience,
    /// A part of the evidence is not affirmed.
    #[error("the evidence is not affirming")]
    NotAffirming,
    /// The guest is on simulated hardware, which a cloud could not tell.
    #[error("the guest is on simulated hardware")]
    Simulated,
    /// No entry of the reference values has a name for the workload.
    #[error("no reference value names this workload")]
    NoWorkload,
    /// The name of the workload is not one for a subject.
    #[error("the workload's name is not printable ASCII, or the subject is longer than {limit} characters")]
    Subject {
        /// The limit.
        limit: usize,
    },
    /// The store: what cannot be recorded is not issued.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key cannot sign.
    #[error(transparent)]
    Key(#[from] UnusableKey),
}

/// Issues a token for an attested guest. Blocks.
pub(crate) fn issue(broker: &Broker, ask: &Ask, now: UnixTime) -> Result<Issued, FederationError> {
    let (Some(settings), Some(keys)) = (&broker.config.federation, &broker.federation_keys) else {
        return Err(FederationError::NotConfigured);
    };
    issue_with(broker, settings, keys, ask, now).inspect_err(|error| {
        tracing::info!(reason = %error, source = ask.source.map(tracing::field::display), "no federation token");
        if let Some(rule) = rule(error) {
            let body = Digest::of(ask.audience.as_bytes());
            let size = ask.audience.len();
            broker.refusals.note(Entry { at: now, rule, body, size, source: ask.source });
        }
    })
}

fn issue_with(
    broker: &Broker,
    settings: &FederationSettings,
    keys: &SigningKeys,
    ask: &Ask,
    now: UnixTime,
) -> Result<Issued, FederationError> {
    // 1. A token of this broker's own, of the epoch in force.
    let (_, in_force) = broker.standing(now)?;
    let text = shown::find(broker, &ask.shown, now)?;
    let (token, attestation) = shown::verify_own(broker, &text, in_force.epoch(), now)?;
    // 2. For whom, and who.
    if !settings.audiences.contains(&ask.audience) {
        return Err(FederationError::Audience);
    }
    if !is_affirming(token.claims()) || attestation.tier != "affirming" {
        return Err(FederationError::NotAffirming);
    }
    if may_be_simulated(token.claims()) && !settings.danger_allow_simulated {
        return Err(FederationError::Simulated);
    }
    let workload = attestation.reference_value.ok_or(FederationError::NoWorkload)?;
    let subject = subject(&settings.tenant, &workload)?;
    // 3. The token.
    let key = keys.signer(now)?;
    let life = i64::try_from(settings.life.as_secs()).unwrap_or(i64::MAX);
    let expires = now.plus_secs(life).secs();
    let id = new_id();
    let claims = json!({
        "iss": settings.issuer, "sub": subject, "aud": ask.audience,
        "iat": now.secs(), "nbf": now.secs(), "exp": expires, "jti": id,
    });
    let issued = key.issue(claims.to_string().as_bytes())?;
    // 4. On record before it leaves.
    let record = Federation {
        attestation: token.decision().ok_or(FederationError::NoWorkload)?,
        epoch: in_force.epoch(),
        token: token.digest(),
        issued: Digest::of(issued.as_bytes()),
        id,
        subject,
        audience: ask.audience.clone(),
        expires,
        key: key.kid().to_owned(),
    };
    let (subject, audience) = (record.subject.clone(), record.audience.clone());
    let record = Record::federation(now.secs(), crate::release::SOFTWARE, record);
    // Where the settings changed meanwhile the token was of their former epoch.
    let decision = broker
        .store
        .record_release(&record, &[], &in_force, None)?
        .ok_or_else(|| FederationError::Store(StoreError::Contended { what: "the settings".to_owned() }))?;
    tracing::info!(%decision, subject, audience, "federation token issued");
    Ok(Issued { token: issued, expires })
}

/// What an identity service reads first (OpenID Connect Discovery 1.0, section 3).
pub(crate) fn discovery(settings: &FederationSettings) -> Value {
    json!({
        "issuer": settings.issuer,
        "jwks_uri": format!("{}{JWKS_PATH}", settings.issuer),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [settings.algorithm.name()],
        "claims_supported": ["iss", "sub", "aud", "iat", "nbf", "exp", "jti"],
    })
}

/// Whether every part of the result is affirming, and there is one.
pub(crate) fn is_affirming(claims: &Value) -> bool {
    let submods = claims.get("submods").and_then(Value::as_object);
    let affirming = |submod: &Value| submod.get("ear.status").and_then(Value::as_str) == Some("affirming");
    submods.is_some_and(|submods| !submods.is_empty() && submods.values().all(affirming))
}

/// The tenant has no colon in its name, and the workload is the rest: no two workloads have one subject.
pub(crate) fn subject(tenant: &str, workload: &str) -> Result<String, FederationError> {
    let subject = format!("tenant:{tenant}:workload:{workload}");
    let printable = subject.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if !printable || subject.len() > SUBJECT_LIMIT {
        return Err(FederationError::Subject { limit: SUBJECT_LIMIT });
    }
    Ok(subject)
}

fn new_id() -> String {
    let mut id = [0; 16];
    rng().fill_bytes(&mut id);
    hex::encode(id)
}

/// The rule in the ring of refusals, for holders of a token that holds.
fn rule(error: &FederationError) -> Option<&'static str> {
    match error {
        FederationError::Audience => Some("federation.audiences"),
        FederationError::NotAffirming => Some("federation.affirming"),
        FederationError::Simulated => Some("federation.danger_allow_simulated"),
        FederationError::NoWorkload | FederationError::Subject { .. } => Some("federation.workload"),
        FederationError::NotConfigured
        | FederationError::Shown(_)
        | FederationError::Inputs(_)
        | FederationError::Store(_)
        | FederationError::Key(_) => None,
    }
}

/// Where the keys are published.
pub(crate) const JWKS_PATH: &str = "/.well-known/federation-jwks.json";
/// OpenID Connect Core 1.0, section 2: `sub` has at most 255 ASCII characters.
const SUBJECT_LIMIT: usize = 255;

#[cfg(test)]
mod tests;
