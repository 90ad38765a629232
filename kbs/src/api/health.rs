//! `/healthz`: the process answers. `/readyz`: it can attest and release now.

use actix_web::HttpResponse;
use actix_web::web::{self, Data};

use super::problem::{CocoProblem, Problem};
use crate::broker::Broker;

/// Alive. What is wrong elsewhere is no reason to start the process anew: it goes on by itself when it can.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// Ready is a broker whose clock can be believed and whose store can be read and written.
pub(super) async fn ready(broker: Data<Broker>) -> Result<HttpResponse, CocoProblem> {
    broker.instant()?;
    let slot = broker.gate.checks.enter(&mut broker.gate.patience()).await?;
    let worker = broker.clone();
    let checked = web::block(move || {
        let _held = slot;
        worker.store.check()
    });
    checked.await.map_err(|_| Problem::Stopped)??;
    Ok(HttpResponse::Ok().finish())
}
