//! A token to a sealed secret: policy, store, seal, record, in that order.

use std::collections::BTreeMap;
use std::net::IpAddr;

use decision_log::{Denial, Digest, Record, Release};
use kbs_protocol::jwe::{self, SealError};
use kbs_protocol::{Refusal, ResourcePath};
use policy::{Denied, ResourcePolicy};
use verifier::time::UnixTime;

use crate::broker::Broker;
use crate::grant::{NotGranted, authorize};
use crate::inputs::InputsError;
use crate::oaep;
use crate::refusals::Entry;
use crate::session::SessionError;
use crate::shown::{self, Credentials, ShownError};
use crate::store::StoreError;
use crate::system::rng;
use crate::token::{TokenError, VerifiedToken};

/// A sealed secret as it leaves: the body of the answer, of which the record names the SHA-256.
#[derive(Debug)]
pub(crate) struct Answer(pub(crate) Vec<u8>);

/// What a guest shows when it asks for a secret.
#[derive(Debug)]
pub(crate) struct Ask {
    /// Its token.
    pub shown: Credentials,
    /// What it asks for.
    pub path: ResourcePath,
    /// The query of the request.
    pub query: BTreeMap<String, String>,
    /// Where it came from.
    pub source: Option<IpAddr>,
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
        /// What said no.
        #[source]
        cause: NotGranted,
    },
    /// The files of this broker are not those in force.
    #[error(transparent)]
    Inputs(InputsError),
    /// There is no such secret.
    #[error("there is no resource kbs:///{0}")]
    NotFound(ResourcePath),
    /// The store cannot be read, or the release cannot be recorded: then it does not happen.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The secret cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The sealed secret cannot be written.
    #[error("the sealed secret cannot be written")]
    Encode,
}

/// Releases a secret, sealed to the key that the evidence covers. Blocks.
pub(crate) fn release(broker: &Broker, ask: &Ask, now: UnixTime) -> Result<Answer, ReleaseError> {
    for _ in 0..ATTEMPTS {
        if let Some(answer) = try_release(broker, ask, now)? {
            return Ok(answer);
        }
    }
    Err(StoreError::Contended { what: "the settings or the secret".to_owned() }.into())
}

/// Nothing where the settings changed meanwhile, or the secret was deleted: whoever was told that a policy, a revocation or a
/// deletion is in force is not followed by a release that it forbids.
fn try_release(broker: &Broker, ask: &Ask, now: UnixTime) -> Result<Option<Answer>, ReleaseError> {
    // 1. One reading of the settings for the whole request, and the token: of the session first, then the bearer's.
    let (snapshot, settings) = broker.standing(now)?;
    let epoch = settings.epoch();
    let text = shown::find(broker, &ask.shown, now)?;
    let token = shown::verify(broker, &text, epoch, now)?;
    // 2. The policy, before the store is asked: whether a secret exists does not show in a denial.
    let policy = snapshot.uploaded.resource_policy().unwrap_or(&broker.config.resource_policy);
    let request = Asked { ask, token: &token, text: &text, epoch, policy };
    let grant = authorize(policy, &token, &ask.path, &ask.query, now)
        .map_err(|cause| deny(broker, &request, cause, now))?;
    // 3. The store, which gives nothing without a grant.
    let Some(found) = broker.store.load(&grant)? else {
        return Err(ReleaseError::NotFound(ask.path.clone()));
    };
    // 4. Sealed for the guest.
    let sealed = jwe::seal(found.secret().expose(), token.tee_key(), oaep::encrypt, &mut rng())?;
    let answer = Answer(serde_json::to_vec(&sealed).map_err(|_| ReleaseError::Encode)?);
    // 5. On record before it leaves.
    let resource = format!("kbs:///{}", ask.path);
    let record = Record::release(
        now.secs(),
        SOFTWARE,
        Release {
            attestation: token.decision(),
            foreign_issuer: token.foreign_issuer().map(str::to_owned),
            epoch,
            token: token.digest(),
            resource: resource.clone(),
            version: Some(found.version()),
            answer: Some(Digest::of(&answer.0)),
            resource_policy: grant.policy(),
            tee_key: Digest::of(token.tee_key_text().as_bytes()),
            method: METHOD.to_owned(),
            query: ask.query.clone(),
            rule: grant.rule().to_owned(),
        },
    );
    let mut blobs = request.blobs(policy.text());
    blobs.push(token.tee_key_text().as_bytes());
    let recorded = broker.store.record_release(&record, &blobs, &settings, Some(&found))?;
    let Some(id) = recorded else { return Ok(None) };
    let attestation = token.decision().map(tracing::field::display);
    let issuer = token.foreign_issuer();
    let version = found.version();
    tracing::info!(decision = %id, attestation, issuer, resource, version, tier = token.status(), rule = grant.rule(), "released");
    Ok(Some(answer))
}

/// A request with the token that holds.
struct Asked<'a> {
    ask: &'a Ask,
    token: &'a VerifiedToken,
    text: &'a str,
    epoch: u64,
    policy: &'a ResourcePolicy,
}

impl<'a> Asked<'a> {
    /// What a record of it names: of a foreign issuer the token itself, since no attestation of ours stands behind it.
    fn blobs(&self, policy: &'a str) -> Vec<&'a [u8]> {
        let foreign = self.token.foreign_issuer().map(|_| self.text.as_bytes());
        [policy.as_bytes()].into_iter().chain(foreign).collect()
    }
}

/// Records the denial, and tells the guest no more than which checks failed: neither what the policy said nor whether
/// there is such a secret.
fn deny(broker: &Broker, asked: &Asked<'_>, cause: NotGranted, now: UnixTime) -> ReleaseError {
    let Asked { ask, token, .. } = asked;
    let mut checks: Vec<String> = Vec::new();
    for id in token.failed() {
        if !checks.contains(id) {
            checks.push(id.clone());
        }
    }
    let decision = token.decision().map(|decision| decision.to_string());
    let detail = detail(&cause);
    // Not inside of the log's line: what nobody logs is not evaluated.
    let denial = record_denial(broker, asked, &cause, &detail, now);
    tracing::info!(
        denial = denial.map(tracing::field::display),
        attestation = decision,
        issuer = token.foreign_issuer(),
        resource = %format_args!("kbs:///{}", ask.path),
        tier = token.status(),
        failed = checks.join(" "),
        reason = cause.word(),
        detail = detail.join("; "),
        "denied by policy"
    );
    let summary = match token.foreign_issuer() {
        None => format!("Access denied by policy: the evidence is {}", token.status()),
        Some(issuer) => format!("Access denied by policy: the token is of the issuer {issuer}"),
    };
    ReleaseError::Denied { refusal: Refusal { summary, checks, decision }, cause }
}

/// The record's id; without one there was no room or no writing, and the ring has an entry instead. A denial stands
/// either way.
fn record_denial(
    broker: &Broker,
    asked: &Asked<'_>,
    cause: &NotGranted,
    detail: &[String],
    now: UnixTime,
) -> Option<Digest> {
    let Asked { ask, token, epoch, policy, .. } = asked;
    let denial = Denial {
        attestation: token.decision(),
        foreign_issuer: token.foreign_issuer().map(str::to_owned),
        epoch: *epoch,
        token: token.digest(),
        resource: format!("kbs:///{}", ask.path),
        resource_policy: policy.digest(),
        reason: cause.word().to_owned(),
        detail: detail.to_vec(),
        method: METHOD.to_owned(),
        query: ask.query.clone(),
    };
    let record = Record::denial(now.secs(), SOFTWARE, denial);
    let recorded = broker.store.record_denial(&record, &asked.blobs(policy.text()));
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
pub(crate) fn detail(cause: &NotGranted) -> Vec<String> {
    let cause = match cause {
        NotGranted::Outside => return Vec::new(),
        NotGranted::Policy(cause) => cause,
    };
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

impl From<InputsError> for ReleaseError {
    fn from(error: InputsError) -> Self {
        match error {
            InputsError::Store(error) => Self::Store(error),
            error @ InputsError::NotInForce { .. } => Self::Inputs(error),
        }
    }
}

impl From<ShownError> for ReleaseError {
    fn from(error: ShownError) -> Self {
        match error {
            ShownError::Session(error) => Self::Session(error),
            ShownError::Token(error) => Self::Token(error),
            ShownError::Store(error) => Self::Store(error),
        }
    }
}

/// In every record.
pub(crate) const SOFTWARE: &str = concat!("vouchsafe-kbs ", env!("CARGO_PKG_VERSION"));
/// Of every request for a secret.
const METHOD: &str = "GET";
/// How often a release is tried while admins change the settings.
const ATTEMPTS: u32 = 4;
/// Conditions that a record of a denial names; each takes at most some hundred bytes.
const DETAIL_LINES: usize = 16;
