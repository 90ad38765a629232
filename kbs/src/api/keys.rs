//! Public keys of tokens, for whoever relies on them, and an operator's word that another one be made.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::admit;
use super::problem::{CocoProblem, Problem, V1Problem};
use crate::broker::Broker;
use crate::federation::discovery;
use crate::roles::Permission;
use crate::signing_keys::CACHE_SECONDS;

/// The keys of the broker's own tokens (RFC 7517).
pub(super) async fn token_set(broker: Data<Broker>) -> HttpResponse {
    public(&broker.token_keys.published(broker.clock.now()))
}

/// The keys of federation tokens.
pub(super) async fn federation_set(broker: Data<Broker>) -> Result<HttpResponse, CocoProblem> {
    let keys = broker.federation_keys.as_ref().ok_or(Problem::Path)?;
    Ok(public(&keys.published(broker.clock.now())))
}

/// The OpenID configuration of federation tokens.
pub(super) async fn openid_configuration(broker: Data<Broker>) -> Result<HttpResponse, CocoProblem> {
    let settings = broker.config.federation.as_ref().ok_or(Problem::Path)?;
    Ok(public(&discovery(settings)))
}

/// Makes a new key beside those in use: it is published at once and signs later.
pub(super) async fn rotate(broker: Data<Broker>, request: HttpRequest) -> Result<HttpResponse, V1Problem> {
    let admin = admit(&broker, &request, Permission::RotateKeys)?;
    let purpose = request.match_info().query("purpose").to_owned();
    let now = broker.instant()?;
    let worker = broker.clone();
    let name = purpose.clone();
    let rotated = web::block(move || {
        let keys = match name.as_str() {
            "token" => &worker.token_keys,
            "federation" => worker.federation_keys.as_ref().ok_or(Problem::Path)?,
            _ => return Err(Problem::Path),
        };
        Ok(keys.rotate(now)?)
    });
    let rotated = rotated.await.map_err(|_| Problem::Stopped)??;
    tracing::info!(admin = admin.name(), purpose, kid = rotated.kid, "a signing key was asked for");
    Ok(HttpResponse::Ok().json(rotated))
}

fn public(document: &Value) -> HttpResponse {
    let cache = format!("public, max-age={CACHE_SECONDS}");
    HttpResponse::Ok().insert_header((CACHE_CONTROL, cache)).json(document)
}
