//! `/v1/decisions/{id}`: a recorded decision, and its deletion.

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::operator::digest;
use super::problem::{Problem, V1Problem};
use super::{admit, wrong_method};
use crate::broker::Broker;
use crate::roles::Permission;
use crate::store::Deletion;

pub(super) fn routes(config: &mut ServiceConfig) {
    let decision = web::resource("/v1/decisions/{digest}")
        .route(web::get().to(get))
        .route(web::delete().to(delete))
        .default_service(web::to(wrong_method));
    config.service(decision);
}

/// A recorded decision by its id, as it was recorded; of one that was deleted, what is left (410).
async fn get(broker: Data<Broker>, request: HttpRequest) -> Result<HttpResponse, V1Problem> {
    admit(&broker, &request, Permission::ReadDecisions)?;
    let id = digest(&request)?;
    let worker = broker.clone();
    let found = web::block(move || match worker.store.record(&id)? {
        Some(record) => Ok((Some(record), None)),
        None => worker.store.deleted(&id).map(|left| (None, left)),
    });
    match found.await.map_err(|_| Problem::Stopped)?.map_err(Problem::Store)? {
        (Some(record), _) => Ok(HttpResponse::Ok().content_type("application/json").body(record)),
        (None, Some(left)) => Ok(HttpResponse::Gone().json(left)),
        (None, None) => Err(Problem::NoDecision.into()),
    }
}

/// Deletes a decision before its time; its hashes are kept.
async fn delete(broker: Data<Broker>, request: HttpRequest) -> Result<HttpResponse, V1Problem> {
    let admin = admit(&broker, &request, Permission::KeepDecisions)?;
    let (id, now) = (digest(&request)?, broker.instant()?);
    let (worker, name) = (broker.clone(), admin.name().to_owned());
    let deleted = web::block(move || {
        let min_age = worker.config.retention().min_age;
        worker.store.delete_record(&id, &name, min_age, now)
    });
    let reason = match deleted.await.map_err(|_| Problem::Stopped)?? {
        Deletion::Done => {
            tracing::info!(admin = admin.name(), decision = %id, "decision deleted");
            return Ok(HttpResponse::NoContent().finish());
        }
        Deletion::Absent => return Err(Problem::NoDecision.into()),
        Deletion::Held(hold) => format!("the hold {} is on {}", hold.name, hold.on),
        Deletion::Used => "releases or denials rest on it".to_owned(),
        Deletion::Young(until) => format!("tokens may rest on it until {until}"),
    };
    Err(Problem::Kept { reason }.into())
}
