//! A token to a sealed secret: policy, store, record, seal, in that order.

use std::collections::BTreeMap;
use std::net::IpAddr;

use decision_log::{Denial, Digest, Record, Release};
use kbs_protocol::jwe::{self, Response, SealError};
use kbs_protocol::{Refusal, ResourcePath};
use policy::{Denied, ResourcePolicy};
use verifier::time::UnixTime;

use crate::broker::Broker;
use crate::grant::authorize;
use crate::oaep;
use crate::refusals::Entry;
use crate::session::{Challenge, SessionError};
use crate::store::{Answer, StoreError};
use crate::system::rng;
use crate::token::{TokenError, VerifiedToken};

/// What a guest shows when it asks for a secret.
#[derive(Debug)]
pub(crate) struct Ask {
    /// The value of the session cookie.
    pub cookie: Option<String>,
    /// The bearer token.
    pub bearer: Option<String>,
    /// What it asks for.
    pub path: ResourcePath,
    /// The query of the request.
    pub query: BTreeMap<String, String>,
    /// Where it came from.
    pub source: Option<IpAddr>,
    /// The bearer token, where it was verified already.
    pub verified: Option<VerifiedToken>,
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReleaseError {
    /// The cookie is no session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// There is no token, or it does not hold.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The policy says no.
    #[error("{refusal}")]
    Denied {
        /// What the guest may know.
        refusal: Refusal,
        /// What the policy said.
        #[source]
        cause: Denied,
    },
    /// There is no such secret.
    #[error("there is no resource kbs:///{0}")]
    NotFound(ResourcePath),
    /// The store cannot be read, or the release cannot be recorded: then it does not happen.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The secret cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Releases a secret, sealed to the key that the evidence covers. Blocks.
pub(crate) fn release(broker: &Broker, ask: &Ask, now: UnixTime) -> Result<Response, ReleaseError> {
    // 1. The token: of the session first, then the bearer's.
    let found;
    let token = match &ask.verified {
        Some(token) => token,
        None => {
            found = verify(broker, ask, now)?;
            &found
        }
    };
    // 2. The policy, before the store is asked: whether a secret exists does not show in a denial.
    let uploaded = broker.uploaded()?;
    let policy = uploaded.resource_policy().unwrap_or(&broker.config.resource_policy);
    let grant = authorize(policy, token, &ask.path, &ask.query, now)
        .map_err(|cause| deny(broker, ask, token, policy, cause, now))?;
    // 3. The store, which gives nothing without a grant.
    let Some(secret) = broker.store.load(&grant)? else {
        return Err(ReleaseError::NotFound(ask.path.clone()));
    };
    // 4. Sealed for the guest.
    let response = jwe::seal(secret.expose(), token.tee_key(), oaep::encrypt, &mut rng())?;
    // 5. On record before it leaves.
    let resource = format!("kbs:///{}", ask.path);
    let record = Record::release(
        now.secs(),
        SOFTWARE,
        Release {
            attestation: token.decision(),
            token: token.digest(),
            resource: resource.clone(),
            resource_policy: grant.policy(),
            tee_key: Digest::of(token.tee_key_text().as_bytes()),
        },
    );
    let blobs = [policy.text().as_bytes(), token.tee_key_text().as_bytes()];
    let id = broker.store.record_release(&record, &blobs)?;
    tracing::info!(decision = %id, attestation = %token.decision(), resource, tier = token.status(), rule = grant.rule(), "released");
    Ok(response)
}

/// Finds the token that a guest shows, and verifies it.
pub(crate) fn verify(broker: &Broker, ask: &Ask, now: UnixTime) -> Result<VerifiedToken, ReleaseError> {
    let token = find_token(broker, ask, now)?;
    Ok(broker.token_key.verify(&token, &broker.config.issuer, now)?)
}

/// The token of the session first, then the bearer's.
pub(crate) fn find_token(broker: &Broker, ask: &Ask, now: UnixTime) -> Result<String, ReleaseError> {
    let session = ask.cookie.as_deref().map(|cookie| session_token(broker, cookie, now));
    match (session, &ask.bearer) {
        (Some(Ok(token)), _) => Ok(token),
        (_, Some(bearer)) => Ok(bearer.clone()),
        (Some(Err(error)), None) => Err(error),
        (None, None) => {
            broker.refusals.count_without_session();
            Err(TokenError::NotFound.into())
        }
    }
}

/// The token of the session that a cookie carries.
fn session_token(broker: &Broker, cookie: &str, now: UnixTime) -> Result<String, ReleaseError> {
    let challenge = Challenge::from_cookie(cookie, &broker.challenge_keys, now)?;
    let session = broker.store.session(&challenge.nonce(), now)?;
    match session.map(|session| session.answer) {
        Some(Answer::Token(token)) => Ok(token),
        Some(Answer::Refused(_)) | None => Err(TokenError::NotFound.into()),
    }
}

/// Records the denial, and tells the guest no more than which checks failed: neither what the policy said nor whether
/// there is such a secret.
fn deny(
    broker: &Broker,
    ask: &Ask,
    token: &VerifiedToken,
    policy: &ResourcePolicy,
    cause: Denied,
    now: UnixTime,
) -> ReleaseError {
    let mut checks: Vec<String> = Vec::new();
    for id in token.failed() {
        if !checks.contains(id) {
            checks.push(id.clone());
        }
    }
    let decision = Some(token.decision().to_string());
    let detail = detail(&cause);
    tracing::info!(
        denial = record_denial(broker, ask, token, policy, &cause, &detail, now).map(tracing::field::display),
        attestation = decision,
        resource = %format_args!("kbs:///{}", ask.path),
        tier = token.status(),
        failed = checks.join(" "),
        reason = cause.word(),
        detail = detail.join("; "),
        "denied by policy"
    );
    let summary = format!("Access denied by policy: the evidence is {}", token.status());
    ReleaseError::Denied { refusal: Refusal { summary, checks, decision }, cause }
}

/// The record's id; without one there was no room or no writing, and the ring has an entry instead. A denial stands
/// either way.
fn record_denial(
    broker: &Broker,
    ask: &Ask,
    token: &VerifiedToken,
    policy: &ResourcePolicy,
    cause: &Denied,
    detail: &[String],
    now: UnixTime,
) -> Option<Digest> {
    let denial = Denial {
        attestation: token.decision(),
        token: token.digest(),
        resource: format!("kbs:///{}", ask.path),
        resource_policy: policy.digest(),
        reason: cause.word().to_owned(),
        detail: detail.to_vec(),
    };
    let record = Record::denial(now.secs(), SOFTWARE, denial);
    let recorded = broker.store.record_denial(&record, &[policy.text().as_bytes()]);
    let recorded = recorded.unwrap_or_else(|error| {
        tracing::error!(%error, "a denial could not be recorded");
        None
    });
    if recorded.is_none() {
        let (rule, body) = (cause.word(), token.digest());
        broker.refusals.note(Entry { at: now, rule, body, size: 0, source: ask.source });
    }
    recorded
}

/// What more there is to say than the reason's word.
fn detail(cause: &Denied) -> Vec<String> {
    match cause {
        Denied::NotAllowed | Denied::Undefined => Vec::new(),
        Denied::NoRule { unmet } => {
            let mut lines: Vec<String> = unmet.iter().take(DETAIL_LINES).map(ToString::to_string).collect();
            let more = unmet.len().saturating_sub(DETAIL_LINES);
            lines.extend((more > 0).then(|| format!("and {more} more")));
            lines
        }
        Denied::NotBoolean { .. }
        | Denied::TimedOut { .. }
        | Denied::Memory { .. }
        | Denied::InputTooLarge { .. }
        | Denied::Engine { .. } => vec![cause.to_string()],
    }
}

/// In every record.
const SOFTWARE: &str = concat!("vouchsafe-kbs ", env!("CARGO_PKG_VERSION"));
/// Conditions that a record of a denial names; each takes at most some hundred bytes.
const DETAIL_LINES: usize = 16;
