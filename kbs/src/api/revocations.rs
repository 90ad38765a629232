//! `/v1/revocations`: machines and images that are not accepted any more.

use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::problem::{Problem, V1Problem};
use super::{admit, body, wrong_method};
use crate::acts::{Reason, check_reason};
use crate::broker::Broker;
use crate::revocations::NewRevocation;
use crate::roles::Permission;

pub(super) fn routes(config: &mut ServiceConfig) {
    let all = web::resource("/v1/revocations")
        .route(web::get().to(list))
        .route(web::post().to(revoke))
        .default_service(web::to(wrong_method));
    let one = web::resource("/v1/revocations/{name}/lift")
        .route(web::post().to(lift))
        .default_service(web::to(wrong_method));
    config.service(all).service(one);
}

/// Every revocation, lifted ones too.
async fn list(broker: Data<Broker>, request: HttpRequest) -> Result<HttpResponse, V1Problem> {
    admit(&broker, &request, Permission::ReadPolicies)?;
    let worker = broker.clone();
    let kept = web::block(move || worker.store.revocations()).await.map_err(|_| Problem::Stopped)??;
    Ok(HttpResponse::Ok().json(kept))
}

/// Revokes something; in force, and every older token void, when this is answered.
async fn revoke(
    broker: Data<Broker>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, V1Problem> {
    let admin = admit(&broker, &request, Permission::WritePolicies)?;
    let new: NewRevocation = body::read_json(&broker, &request, payload, "revocation").await?;
    new.check().map_err(Problem::Reason)?;
    let (worker, now, name) = (broker.clone(), broker.instant()?, admin.name().to_owned());
    let revoke = move || {
        let kept = worker.store.revoke(&new, &name, now)?.ok_or(Problem::Revocations)?;
        worker.keep_epoch()?;
        Ok::<_, Problem>(kept)
    };
    let kept = web::block(revoke).await.map_err(|_| Problem::Stopped)??;
    tracing::info!(admin = admin.name(), of = %kept.of, reason = kept.revoked.reason, "revoked");
    Ok(HttpResponse::Ok().json(kept))
}

/// Lifts a revocation; it is kept, with who lifted it and why.
async fn lift(
    broker: Data<Broker>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, V1Problem> {
    let admin = admit(&broker, &request, Permission::WritePolicies)?;
    let Reason { reason } = body::read_json(&broker, &request, payload, "reason").await?;
    check_reason(&reason).map_err(Problem::Reason)?;
    let of = request.match_info().query("name").to_owned();
    let (worker, now, name) = (broker.clone(), broker.instant()?, admin.name().to_owned());
    let lift = move || {
        let kept = worker.store.lift(&of, &reason, &name, now)?.ok_or(Problem::NoRevocation)?;
        worker.keep_epoch()?;
        Ok::<_, Problem>(kept)
    };
    let kept = web::block(lift).await.map_err(|_| Problem::Stopped)??;
    let reason = kept.lifted.as_ref().map(|act| act.reason.as_str());
    tracing::info!(admin = admin.name(), of = %kept.of, reason, "revocation lifted");
    Ok(HttpResponse::Ok().json(kept))
}
