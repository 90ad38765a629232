//! A token to a sealed secret: policy, store, record, seal, in that order.

use std::collections::BTreeMap;

use decision_log::{Digest, Record, Release};
use kbs_protocol::jwe::{self, Response, SealError};
use kbs_protocol::{Refusal, ResourcePath};
use verifier::time::UnixTime;

use crate::broker::Broker;
use crate::policy::Denied;
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
    let token = find_token(broker, ask, now)?;
    let token = broker.token_key.verify(&token, &broker.config.issuer, now)?;
    // 2. The policy, before the store is asked: whether a secret exists does not show in a denial.
    let policy = &broker.config.resource_policy;
    let grant = policy.authorize(&token, &ask.path, &ask.query).map_err(|cause| deny(ask, &token, cause))?;
    // 3. The store, which gives nothing without a grant.
    let Some(secret) = broker.store.load(&grant)? else {
        return Err(ReleaseError::NotFound(ask.path.clone()));
    };
    // 4. Sealed for the guest.
    let response = jwe::seal(secret.expose(), token.tee_key(), &mut rng())?;
    // 5. On record before it leaves.
    let resource = format!("kbs:///{}", ask.path);
    let record = Record::release(
        now.secs(),
        concat!("vouchsafe-kbs ", env!("CARGO_PKG_VERSION")),
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
    tracing::info!(decision = %id, attestation = %token.decision(), resource, tier = token.status(), "released");
    Ok(response)
}

fn find_token(broker: &Broker, ask: &Ask, now: UnixTime) -> Result<String, ReleaseError> {
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
    let challenge = Challenge::from_cookie(cookie, &broker.cookie_key, now)?;
    let session = broker.store.session(&challenge.nonce(), now)?;
    match session.map(|session| session.answer) {
        Some(Answer::Token(token)) => Ok(token),
        Some(Answer::Refused(_)) | None => Err(TokenError::NotFound.into()),
    }
}

fn deny(ask: &Ask, token: &VerifiedToken, cause: Denied) -> ReleaseError {
    let mut checks: Vec<String> = Vec::new();
    for id in token.failed() {
        if !checks.contains(id) {
            checks.push(id.clone());
        }
    }
    let decision = Some(token.decision().to_string());
    let reason = match &cause {
        Denied::NotAllowed => None,
        Denied::Engine { reason } => Some(reason.as_str()),
    };
    tracing::info!(
        attestation = decision,
        resource = %format_args!("kbs:///{}", ask.path),
        tier = token.status(),
        failed = checks.join(" "),
        reason,
        "denied by policy"
    );
    let summary = format!("Access denied by policy: the evidence is {}", token.status());
    ReleaseError::Denied { refusal: Refusal { summary, checks, decision }, cause }
}
