//! `/v1`: what an operator asks.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use decision_log::Digest;

use super::problem::{Problem, V1Problem};
use crate::broker::Broker;
use crate::roles::Permission;

/// Refusals that left no record, newest last.
pub(super) async fn refusals(broker: Data<Broker>, request: HttpRequest) -> Result<HttpResponse, V1Problem> {
    admit(&broker, &request)?;
    Ok(HttpResponse::Ok().json(broker.refusals.summary()))
}

/// An input or verdict that a decision names, byte for byte.
pub(super) async fn blob(broker: Data<Broker>, request: HttpRequest) -> Result<HttpResponse, V1Problem> {
    admit(&broker, &request)?;
    let id = digest(&request)?;
    let worker = broker.clone();
    let blob = web::block(move || worker.store.blob(&id)).await.map_err(|_| Problem::Stopped)??;
    Ok(HttpResponse::Ok().content_type("application/octet-stream").body(blob.ok_or(Problem::NoDecision)?))
}

fn admit(broker: &Broker, request: &HttpRequest) -> Result<(), Problem> {
    super::admit(broker, request, Permission::ReadDecisions).map(drop)
}

pub(super) fn digest(request: &HttpRequest) -> Result<Digest, Problem> {
    request.match_info().query("digest").parse().map_err(Problem::Digest)
}
