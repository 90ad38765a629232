//! What a guest shows is held to be good before it may wait for its turn: a session is opened, a token costs the
//! verification of one signature, and whoever shows what does not hold, or nothing, is a stranger.

use std::net::IpAddr;

use actix_web::web::{self, Data};
use verifier::time::UnixTime;

use super::problem::Problem;
use crate::broker::Broker;
use crate::gate::Patience;
use crate::session::Challenge;
use crate::shown::{self, Credentials, ShownError};
use crate::store::Answer;
use crate::token::TokenError;

/// Whether the session opens or the token holds. What comes of it is decided later, with the instant of the decision.
pub(super) async fn prove(
    broker: &Data<Broker>,
    shown: &Credentials,
    source: Option<IpAddr>,
    patience: &mut Patience,
    now: UnixTime,
) -> Result<Result<(), ShownError>, Problem> {
    let open = |cookie: &String| Challenge::from_cookie(cookie, &broker.challenge_keys, now).ok();
    let challenge = shown.cookie.as_ref().and_then(open);
    if let Some(challenge) = &challenge {
        // Anybody gets a challenge. Whether evidence was believed in answer to it is looked up where too much junk came from;
        // elsewhere the release finds it out, and then it counts.
        let spent = broker.gate.throttle.is_spent(source);
        if !spent || has_session(broker, challenge, source, patience, now).await? {
            return Ok(Ok(()));
        }
    }
    let proved = if shown.bearer.is_none() && challenge.is_some() {
        Err(TokenError::NotFound.into())
    } else if shown.bearer.is_none() {
        // It finds nothing, and says what was missing.
        shown::find(broker, shown, now).map(drop)
    } else {
        let slot = broker.gate.token_lane(source).enter(patience).await?;
        let (worker, shown) = (broker.clone(), shown.clone());
        let work = web::block(move || {
            let _held = slot;
            let epoch = worker.store.settings()?.epoch();
            let text = shown::find(&worker, &shown, now)?;
            shown::verify(&worker, &text, epoch, now).map(drop)
        });
        work.await.map_err(|_| Problem::Stopped)?
    };
    // A store that fails is nobody's fault out there.
    if let Err(ShownError::Session(_) | ShownError::Token(_)) = proved {
        broker.gate.throttle.admit(source)?;
    }
    Ok(proved)
}

/// Whether evidence was believed in answer to a challenge, and a token issued. Where junk came from one is looked up at a time.
pub(super) async fn has_session(
    broker: &Data<Broker>,
    challenge: &Challenge,
    source: Option<IpAddr>,
    patience: &mut Patience,
    now: UnixTime,
) -> Result<bool, Problem> {
    let slot = broker.gate.token_lane(source).enter(patience).await?;
    let (worker, nonce) = (broker.clone(), challenge.nonce());
    let work = web::block(move || {
        let _held = slot;
        worker.store.session(&nonce, now)
    });
    let session = work.await.map_err(|_| Problem::Stopped)??;
    Ok(session.is_some_and(|session| matches!(session.answer, Answer::Token(_))))
}

/// Counts a request that showed nothing that holds, where that came out at the end.
pub(super) fn charge(broker: &Broker, problem: Problem, source: Option<IpAddr>) -> Problem {
    match problem.shows_nothing().then(|| broker.gate.throttle.admit(source)) {
        Some(Err(too_many)) => too_many.into(),
        Some(Ok(())) | None => problem,
    }
}
