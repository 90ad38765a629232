//! `/v1/holds`: what keeps records from being deleted.

use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use kbs_protocol::limits::REQUEST_BYTES;
use serde::de::DeserializeOwned;

use super::problem::{Problem, V1Problem};
use super::{admit, body, wrong_method};
use crate::broker::Broker;
use crate::holds::{EndHold, NewHold, check_reason};
use crate::roles::Permission;

pub(super) fn routes(config: &mut ServiceConfig) {
    let all = web::resource("/v1/holds")
        .route(web::get().to(list))
        .route(web::post().to(begin))
        .default_service(web::to(wrong_method));
    let one = web::resource("/v1/holds/{name}/end")
        .route(web::post().to(end))
        .default_service(web::to(wrong_method));
    config.service(all).service(one);
}

/// Every hold, ended ones too.
async fn list(broker: Data<Broker>, request: HttpRequest) -> Result<HttpResponse, V1Problem> {
    admit(&broker, &request, Permission::ReadDecisions)?;
    let worker = broker.clone();
    let holds = web::block(move || worker.store.holds()).await.map_err(|_| Problem::Stopped)??;
    Ok(HttpResponse::Ok().json(holds))
}

/// Begins a hold; it is in force when this is answered.
async fn begin(
    broker: Data<Broker>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, V1Problem> {
    let admin = admit(&broker, &request, Permission::KeepDecisions)?;
    let new: NewHold = read(&broker, &request, payload).await?;
    new.check().map_err(Problem::Hold)?;
    let (worker, now, name) = (broker.clone(), broker.clock.now(), admin.name().to_owned());
    let begun = web::block(move || worker.store.add_hold(&new, &name, now)).await;
    let hold = begun.map_err(|_| Problem::Stopped)??.ok_or(Problem::Holds)?;
    tracing::info!(admin = admin.name(), hold = hold.name, on = %hold.on, "hold begun");
    Ok(HttpResponse::Ok().json(hold))
}

/// Ends a hold; it is kept, with who ended it and why.
async fn end(
    broker: Data<Broker>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, V1Problem> {
    let admin = admit(&broker, &request, Permission::KeepDecisions)?;
    let EndHold { reason } = read(&broker, &request, payload).await?;
    check_reason(&reason).map_err(Problem::Hold)?;
    let held = request.match_info().query("name").to_owned();
    let (worker, now, name) = (broker.clone(), broker.clock.now(), admin.name().to_owned());
    let ended = web::block(move || worker.store.end_hold(&held, &reason, &name, now)).await;
    let hold = ended.map_err(|_| Problem::Stopped)??.ok_or(Problem::NoHold)?;
    tracing::info!(admin = admin.name(), hold = hold.name, on = %hold.on, "hold ended");
    Ok(HttpResponse::Ok().json(hold))
}

async fn read<T: DeserializeOwned>(
    broker: &Broker,
    request: &HttpRequest,
    payload: Payload,
) -> Result<T, Problem> {
    let body = body::read(request, payload, REQUEST_BYTES, broker.config.limits.request).await?;
    Ok(kbs_protocol::from_slice("hold", &body, REQUEST_BYTES)?)
}
