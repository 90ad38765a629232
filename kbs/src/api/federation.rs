//! `POST /v1/federation-token`: a token for a cloud's identity service, for an attested guest.

use actix_web::web::{self, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::body;
use super::head::{bearer, session_cookie, source};
use super::problem::{Problem, V1Problem};
use crate::broker::Broker;
use crate::federation::{Ask, issue};
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
    let wanted: Wanted = serde_json::from_slice(&body).map_err(|_| Problem::Wanted)?;
    let now = broker.instant().map_err(Problem::from)?;
    let ask = Ask {
        shown: Credentials { cookie: session_cookie(&request), bearer: bearer(&request).map(str::to_owned) },
        audience: wanted.audience,
        source: source(&request),
    };
    let worker = broker.clone();
    let issued = web::block(move || issue(&worker, &ask, now)).await.map_err(|_| Problem::Stopped)??;
    Ok(HttpResponse::Ok().json(issued))
}

/// One audience: a URI, or a name.
const BODY_BYTES: usize = 4096;
