//! The routes: HTTP in, one call of the broker, HTTP out.

mod attest;
mod auth;
mod body;
mod federation;
mod head;
mod health;
mod holds;
mod keys;
mod operator;
pub(crate) mod problem;
mod proof;
mod records;
mod resource;
mod revocations;
mod store;
mod uploads;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use kbs_protocol::PREFIX;

use crate::admin::{Admin, authenticate};
use crate::broker::Broker;
use crate::federation::JWKS_PATH;
use crate::roles::Permission;
#[cfg(fuzzing)]
pub(crate) use federation::wanted;
use problem::{CocoProblem, Problem, V1Problem};

/// Registers every route. Whatever is not a route, and every method that a route does not have, is answered here
/// too, so that no answer of the web framework's own is left but those of its HTTP parser.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let only = |route, path: String| web::resource(path).route(route).default_service(web::to(wrong_method));
    config
        .service(only(web::post().to(auth::post), format!("{PREFIX}/auth")))
        .service(only(web::post().to(attest::post), format!("{PREFIX}/attest")))
        .service(
            web::resource(format!("{PREFIX}/resource/{{path:.*}}"))
                .route(web::get().to(resource::get))
                .route(web::post().to(resource::post))
                .route(web::delete().to(resource::delete))
                .default_service(web::to(wrong_method)),
        )
        .service(
            web::resource(format!("{PREFIX}/resource-policy"))
                .route(web::get().to(uploads::get_resource_policy))
                .route(web::post().to(uploads::post_resource_policy))
                .default_service(web::to(wrong_method)),
        )
        .service(
            web::resource(format!("{PREFIX}/attestation-policy"))
                .route(web::get().to(uploads::get_attestation_policy))
                .route(web::post().to(uploads::post_attestation_policy))
                .default_service(web::to(wrong_method)),
        )
        .service(
            web::resource(format!("{PREFIX}/reference-value"))
                .route(web::get().to(uploads::get_reference_value))
                .route(web::post().to(uploads::post_reference_value))
                .default_service(web::to(wrong_method)),
        )
        .service(only(
            web::get().to(uploads::get_reference_value),
            format!("{PREFIX}/reference-value/{{name:.+}}"),
        ))
        .service(only(web::get().to(operator::refusals), "/v1/refusals".to_owned()))
        .configure(records::routes)
        .configure(holds::routes)
        .configure(revocations::routes)
        .service(only(web::get().to(operator::blob), "/v1/blobs/{digest}".to_owned()))
        .service(only(web::get().to(store::secrets), "/v1/secrets".to_owned()))
        .service(only(web::get().to(store::backup), "/v1/backup".to_owned()))
        .service(only(web::get().to(health::alive), "/healthz".to_owned()))
        .service(only(web::get().to(health::ready), "/readyz".to_owned()))
        .service(only(web::post().to(keys::rotate), "/v1/keys/{purpose}/rotate".to_owned()))
        .service(only(web::post().to(federation::post), "/v1/federation-token".to_owned()))
        .service(only(web::get().to(keys::token_set), "/.well-known/jwks.json".to_owned()))
        .service(only(web::get().to(keys::federation_set), JWKS_PATH.to_owned()))
        .service(only(web::get().to(keys::openid_configuration), OPENID_PATH.to_owned()))
        .default_service(web::to(no_route));
}

/// Admits an admin whose role has this permission; whoever is refused is told the least, and the log the rest.
fn admit(broker: &Broker, request: &HttpRequest, permission: Permission) -> Result<Admin, Problem> {
    let source = head::source(request);
    let _turn = broker.gate.turn(source)?;
    let admitted = authenticate(&broker.config.admins, head::bearer(request), permission, broker.instant()?);
    admitted.or_else(|error| {
        broker.gate.throttle.admit(source)?;
        tracing::warn!(reason = error.reasons(), "admin refused");
        Err(error.into())
    })
}

async fn wrong_method(request: HttpRequest) -> HttpResponse {
    answer(&request, Problem::Method)
}

async fn no_route(request: HttpRequest) -> HttpResponse {
    let plugin = request.path().strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('/'));
    let several = plugin.is_some_and(|path| path.contains('/'));
    answer(&request, if several { Problem::Plugin } else { Problem::Path })
}

fn answer(request: &HttpRequest, problem: Problem) -> HttpResponse {
    if request.path().starts_with("/v1/") {
        actix_web::ResponseError::error_response(&V1Problem(problem))
    } else {
        actix_web::ResponseError::error_response(&CocoProblem(problem))
    }
}

/// OpenID Connect Discovery 1.0, section 4, below an issuer without a path.
const OPENID_PATH: &str = "/.well-known/openid-configuration";

#[cfg(test)]
mod tests;
