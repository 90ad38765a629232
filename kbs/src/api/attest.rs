//! `POST /kbs/v0/attest`: evidence for a token.

use actix_web::web::{self, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use kbs_protocol::{Attestation, TokenResponse};
use verifier::time::UnixTime;

use super::body;
use super::head::{session_cookie, set_cookie, source};
use super::problem::{CocoProblem, Problem};
use crate::attest::{Attempt, attest};
use crate::broker::Broker;
use crate::session::{Challenge, SessionError};

pub(super) async fn post(
    broker: Data<Broker>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, CocoProblem> {
    let source = source(&request);
    // A cookie that is not ours costs the opening of it, and whoever shows one is a stranger.
    let now = broker.instant()?;
    let cookie = session_cookie(&request).ok_or(SessionError::NoCookie);
    let opened = cookie.and_then(|cookie| Ok((open(&broker, &cookie, now)?, cookie)));
    let (challenge, cookie) = match opened {
        Ok((challenge, _)) if broker.misses.are_too_many(&challenge.nonce()) => {
            broker.gate.throttle.admit(source)?;
            return Err(SessionError::WornOut.into());
        }
        Ok(opened) => opened,
        Err(error) => {
            broker.gate.throttle.admit(source)?;
            return Err(error.into());
        }
    };
    let nonce = challenge.nonce();
    let answered = answer(&broker, &request, payload, (challenge, &cookie)).await;
    let (challenge, token) = answered.inspect_err(|problem| {
        if problem.is_a_miss() {
            broker.misses.count(nonce);
        }
    })?;
    Ok(HttpResponse::Ok().cookie(set_cookie(cookie, &challenge)).json(TokenResponse { token }))
}

/// Judges what answers a challenge, when its turn comes.
async fn answer(
    broker: &Data<Broker>,
    request: &HttpRequest,
    payload: Payload,
    (challenge, cookie): (Challenge, &str),
) -> Result<(Challenge, String), Problem> {
    let (limits, source) = (&broker.config.limits, source(request));
    let aboard = broker.flights.board(challenge.nonce())?;
    let mut patience = broker.gate.patience();
    let memory = (&broker.gate.bodies, &mut patience);
    let (body, room) = body::read_into(memory, request, payload, limits.body, limits.request).await?;
    let flight = aboard.take_off(&mut patience).await?;
    let slot = broker.gate.attestations.enter(&mut patience).await?;
    // The instant of the decision: time has passed since the cookie was opened.
    let now = broker.instant()?;
    let challenge = open(broker, cookie, now)?;
    let answered = challenge.clone();
    let worker = broker.clone();
    let work = web::block(move || {
        // They end with the work: a request that is given up does not end it, and must not make room for more.
        let _held = (slot, flight, room);
        // Nothing that waits is larger than its body: it is taken apart here.
        let message = Attestation::parse(&body).map_err(Problem::Json)?;
        let attempt = Attempt { challenge, body, message, source };
        Ok::<_, Problem>(attest(&worker, &attempt, now)?)
    });
    let token = work.await.map_err(|_| Problem::Stopped)??;
    Ok((answered, token))
}

fn open(broker: &Broker, cookie: &str, now: UnixTime) -> Result<Challenge, SessionError> {
    Challenge::from_cookie(cookie, &broker.challenge_keys, now)
}
