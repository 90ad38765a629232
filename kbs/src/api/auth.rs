//! `POST /kbs/v0/auth`: a challenge, and nothing stored.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use kbs_protocol::limits::REQUEST_BYTES;
use kbs_protocol::{HashAlgorithm, Request, VERSION};
use verifier::evidence::Tee;

use super::body;
use super::head::{session_cookie, set_cookie, source};
use super::problem::{CocoProblem, Problem};
use super::proof::has_session;
use crate::broker::Broker;
use crate::session::Challenge;
use crate::system::rng;

pub(super) async fn post(
    broker: Data<Broker>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, CocoProblem> {
    // Before anything else.
    admit(&broker, &request).await?;
    let limits = &broker.config.limits;
    let body = body::read(&request, payload, REQUEST_BYTES, limits.request).await?;
    let now = broker.instant()?;
    let message = Request::parse(&body).map_err(Problem::Json)?;
    if message.version != VERSION {
        return Err(Problem::Version { actual: printable(&message.version) }.into());
    }
    let tee = accepted(&broker, &message)?;
    let life = i64::try_from(limits.session.as_secs()).unwrap_or(i64::MAX);
    // SHA-384 is what every client computes where nothing is selected (section 4).
    let challenge = Challenge::new(tee, HashAlgorithm::Sha384, now.plus_secs(life), &mut rng());
    let cookie = challenge.to_cookie(&broker.challenge_keys, &mut rng()).map_err(Problem::Seal)?;
    let answer = kbs_protocol::Challenge::new(challenge.nonce().text());
    Ok(HttpResponse::Ok().cookie(set_cookie(cookie, &challenge)).json(answer))
}

/// Whoever has a session shares no limit with others behind the same address: where that is used up, it is looked for. A
/// challenge alone is no session.
async fn admit(broker: &Data<Broker>, request: &HttpRequest) -> Result<(), Problem> {
    let (throttle, source, now) = (&broker.gate.throttle, source(request), broker.clock.now());
    let open = |cookie: String| Challenge::from_cookie(&cookie, &broker.challenge_keys, now).ok();
    if let Some(challenge) = session_cookie(request).and_then(open).filter(|_| throttle.is_spent(source)) {
        let mut patience = broker.gate.patience();
        if has_session(broker, &challenge, source, &mut patience, now).await? {
            return Ok(throttle.admit_known()?);
        }
    }
    Ok(throttle.admit(source)?)
}

fn accepted(broker: &Broker, message: &Request) -> Result<Tee, Problem> {
    let taken = &broker.config.tees;
    let named = message.tee().ok().and_then(|tee| tee.as_str().parse::<Tee>().ok());
    named.filter(|tee| taken.contains(tee)).ok_or_else(|| {
        let names: Vec<&str> = taken.iter().map(|tee| tee.as_str()).collect();
        Problem::Tee { taken: names.join(", ") }
    })
}

/// A version as people write them, or nothing of it: what came from outside is not repeated as it came.
fn printable(version: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-+".contains(&byte);
    if version.len() <= 32 && version.bytes().all(plain) {
        version.to_owned()
    } else {
        "unreadable".to_owned()
    }
}
