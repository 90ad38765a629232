//! The token that a request shows, to a verified one: whose it is, whether it is of the epoch in force, what its record
//! keeps.

use decision_log::{Attestation, Body, Digest, Record};
use verifier::time::UnixTime;

use crate::broker::Broker;
use crate::jwt::claimed_issuer;
use crate::session::{Challenge, SessionError};
use crate::store::{Answer, StoreError};
use crate::token::{OwnToken, TokenError, VerifiedToken};

/// Where a token may come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Credentials {
    /// The value of the session cookie.
    pub cookie: Option<String>,
    /// The bearer token.
    pub bearer: Option<String>,
}

/// Why no token is shown, or none that opens anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ShownError {
    /// The cookie is no session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// There is no token, or it does not hold.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The token of the session first, then the bearer's (docs of the CoCo protocol, section 10.3).
pub(crate) fn find(broker: &Broker, shown: &Credentials, now: UnixTime) -> Result<String, ShownError> {
    let session = shown.cookie.as_deref().map(|cookie| of_session(broker, cookie, now));
    match (session, &shown.bearer) {
        (Some(Ok(token)), _) => Ok(token),
        (_, Some(bearer)) => Ok(bearer.clone()),
        (Some(Err(error)), None) => Err(error),
        (None, None) => {
            broker.refusals.count_without_session();
            Err(TokenError::NotFound.into())
        }
    }
}

/// Verifies a token of this broker's or of a foreign issuer's. `epoch` is that of the settings which the whole request goes
/// by.
pub(crate) fn verify(
    broker: &Broker,
    token: &str,
    epoch: u64,
    now: UnixTime,
) -> Result<VerifiedToken, ShownError> {
    let claimed = claimed_issuer(token).ok().flatten();
    let foreign =
        broker.config.foreign_issuers.iter().find(|issuer| Some(&issuer.issuer) == claimed.as_ref());
    match foreign {
        Some(issuer) => Ok(issuer.verify(token, now)?),
        None => verify_own(broker, token, epoch, now).map(|(token, _)| token),
    }
}

/// Verifies a token of this broker's; beside it, what is on record of its attestation.
pub(crate) fn verify_own(
    broker: &Broker,
    token: &str,
    epoch: u64,
    now: UnixTime,
) -> Result<(VerifiedToken, Attestation), ShownError> {
    let token = OwnToken::verify(&broker.token_keys, token, &broker.config.issuer, epoch, now)?;
    let (record, claims) = kept(broker, &token.decision())?.ok_or(TokenError::NoRecord)?;
    Ok((token.with_result(&claims)?, record))
}

/// What the store keeps of an attestation: its record and the whole result.
fn kept(broker: &Broker, decision: &Digest) -> Result<Option<(Attestation, Vec<u8>)>, StoreError> {
    let Some(record) = broker.store.record(decision)? else { return Ok(None) };
    if Digest::of(&record) != *decision {
        return Ok(None);
    }
    let Ok(Record { decision: Body::Attestation(attestation), .. }) = Record::decode(&record) else {
        return Ok(None);
    };
    let Some(digest) = attestation.claims else { return Ok(None) };
    let claims = broker.store.blob(&digest)?.filter(|claims| Digest::of(claims) == digest);
    Ok(claims.map(|claims| (*attestation, claims)))
}

/// The token of the session that a cookie carries.
fn of_session(broker: &Broker, cookie: &str, now: UnixTime) -> Result<String, ShownError> {
    let challenge = Challenge::from_cookie(cookie, &broker.challenge_keys, now)?;
    let session = broker.store.session(&challenge.nonce(), now)?;
    match session.map(|session| session.answer) {
        Some(Answer::Token(token)) => Ok(token),
        Some(Answer::Refused(_)) | None => Err(TokenError::NotFound.into()),
    }
}
