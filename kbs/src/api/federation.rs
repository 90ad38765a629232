//! `POST /v1/federation-token`: a token for a cloud's identity service, for an attested guest.

use actix_web::web::{self, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::body;
use super::head::{bearer, session_cookie, source};
use super::problem::{Problem, V1Problem};
use super::proof::{charge, prove};
use crate::broker::Broker;
use crate::federation::{Ask, FederationError, issue};
use crate::shown::Credentials;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    audience: String,
}

pub(super) async fn post(
    broker: Data<Broker>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, V1Problem> {
    let body = body::read(&request, payload, BODY_BYTES, broker.config.limits.request).await?;
    let audience = wanted(&body)?;
    let now = broker.instant().map_err(Problem::from)?;
    let ask = Ask {
        shown: Credentials { cookie: session_cookie(&request), bearer: bearer(&request).map(str::to_owned) },
        audience,
        source: source(&request),
    };
    let mut patience = broker.gate.patience();
    if broker.federation_keys.is_some() {
        let proved = prove(&broker, &ask.shown, ask.source, &mut patience, now).await?;
        proved.map_err(FederationError::from)?;
    }
    let slot = broker.gate.releases.enter(&mut patience).await.map_err(Problem::from)?;
    // The instant of the decision: it may have waited.
    let now = broker.instant().map_err(Problem::from)?;
    let (worker, source) = (broker.clone(), ask.source);
    let work = web::block(move || {
        let _held = slot;
        issue(&worker, &ask, now)
    });
    let issued = work.await.map_err(|_| Problem::Stopped)?;
    let issued = issued.map_err(|error| charge(&broker, error.into(), source))?;
    Ok(HttpResponse::Ok().json(issued))
}

/// The audience that a body names.
pub(crate) fn wanted(body: &[u8]) -> Result<String, Problem> {
    let Wanted { audience } = serde_json::from_slice(body).map_err(|_| Problem::Wanted)?;
    Ok(audience)
}

/// One audience: a URI, or a name.
const BODY_BYTES: usize = 4096;
