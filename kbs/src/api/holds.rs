//! `/v1/holds`: what keeps records from being deleted.

use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use decision_log::Digest;

use super::problem::{Problem, V1Problem};
use super::{admit, body, wrong_method};
use crate::acts::{Reason, check_reason};
use crate::broker::Broker;
use crate::holds::{NewHold, Scope};
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
    let new: NewHold = body::read_json(&broker, &request, payload, "hold").await?;
    new.check().map_err(Problem::Hold)?;
    let (worker, now, name) = (broker.clone(), broker.instant()?, admin.name().to_owned());
    let begin = move || {
        // Whoever mistypes an id would hold nothing, and learn it when the record is gone.
        let there = |id: &Digest| worker.store.record(id).map(|record| record.is_some());
        match &new.on {
            Scope::Decision(id) if !there(id)? => return Err(Problem::NoDecision),
            _ => {}
        }
        let begun = worker.store.add_hold(&new, &name, now)?.ok_or(Problem::Holds)?;
        worker.keep_epoch()?;
        Ok(begun)
    };
    let hold = web::block(begin).await.map_err(|_| Problem::Stopped)??;
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
    let Reason { reason } = body::read_json(&broker, &request, payload, "reason").await?;
    check_reason(&reason).map_err(Problem::Reason)?;
    let held = request.match_info().query("name").to_owned();
    let (worker, now, name) = (broker.clone(), broker.instant()?, admin.name().to_owned());
    let end = move || {
        let ended = worker.store.end_hold(&held, &reason, &name, now)?.ok_or(Problem::NoHold)?;
        worker.keep_epoch()?;
        Ok::<_, Problem>(ended)
    };
    let hold = web::block(end).await.map_err(|_| Problem::Stopped)??;
    tracing::info!(admin = admin.name(), hold = hold.name, on = %hold.on, "hold ended");
    Ok(HttpResponse::Ok().json(hold))
}
