//! `POST /kbs/v0/attest`: evidence for a token.

use actix_web::web::{self, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use kbs_protocol::{Attestation, TokenResponse};

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
    let limits = &broker.config.limits;
    // Cookie, size, JSON, then whether the cookie is ours and its time is not over: the order of the protocol.
    let cookie = session_cookie(&request).ok_or(SessionError::NoCookie)?;
    let body = body::read(&request, payload, limits.body, limits.request).await?;
    let now = broker.clock.now();
    let message = Attestation::parse(&body).map_err(Problem::Json)?;
    let challenge = Challenge::from_cookie(&cookie, &broker.challenge_keys, now)?;
    let attempt = Attempt { challenge: challenge.clone(), body, message, source: source(&request) };
    let flight = broker.flights.take_off(challenge.nonce()).await;
    let slots = std::sync::Arc::clone(&broker.verifications);
    let wait = tokio::time::timeout(limits.request, slots.acquire_owned()).await;
    let permit = wait.map_err(|_| Problem::Busy)?.map_err(|_| Problem::Stopped)?;
    let worker = broker.clone();
    let work = web::block(move || {
        // They end with the work: a request that is given up does not end it, and must not make room for more.
        let _held = (permit, flight);
        attest(&worker, &attempt, now)
    });
    let token = work.await.map_err(|_| Problem::Stopped)??;
    Ok(HttpResponse::Ok().cookie(set_cookie(cookie, &challenge)).json(TokenResponse { token }))
}
