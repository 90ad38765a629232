//! `/kbs/v0/resource/{repository}/{type}/{tag}`: GET for guests, POST and DELETE for admins.

use std::collections::BTreeMap;

use actix_web::http::header::{CONTENT_TYPE, ContentType};
use actix_web::web::{self, Data, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use kbs_protocol::ResourcePath;
use zeroize::Zeroizing;

use super::body;
use super::head::{bearer, session_cookie, source};
use super::problem::{CocoProblem, Problem};
use super::proof::{charge, prove};
use crate::admin::Admin;
use crate::broker::Broker;
use crate::release::{Ask, ReleaseError, release};
use crate::roles::Permission;
use crate::shown::Credentials;
use crate::store::Secret;

pub(super) async fn get(broker: Data<Broker>, request: HttpRequest) -> Result<HttpResponse, CocoProblem> {
    let now = broker.instant()?;
    let ask = Ask {
        shown: Credentials { cookie: session_cookie(&request), bearer: bearer(&request).map(str::to_owned) },
        path: path(&request)?,
        query: query(request.query_string())?,
        source: source(&request),
    };
    let mut patience = broker.gate.patience();
    let proved = prove(&broker, &ask.shown, ask.source, &mut patience, now).await?;
    proved.map_err(ReleaseError::from)?;
    let slot = broker.gate.releases.enter(&mut patience).await?;
    // The instant of the decision: it may have waited.
    let now = broker.instant()?;
    let (worker, source) = (broker.clone(), ask.source);
    let work = web::block(move || {
        let _held = slot;
        release(&worker, &ask, now)
    });
    let released = work.await.map_err(|_| Problem::Stopped)?;
    let answer = released.map_err(|error| charge(&broker, error.into(), source))?;
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(answer.0))
}

pub(super) async fn post(
    broker: Data<Broker>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, CocoProblem> {
    let admin = admin(&broker, &request)?;
    let path = path(&request)?;
    let limits = &broker.config.limits;
    let content_type = content_type(&request);
    let secret =
        Secret::new(Zeroizing::new(body::read(&request, payload, limits.secret, limits.request).await?));
    let worker = broker.clone();
    let (name, role, resource) = (admin.name().to_owned(), admin.role().as_str(), path.to_string());
    let now = broker.instant()?;
    let stored = web::block(move || worker.store.put(&admin, &path, &secret, &content_type, now)).await;
    let version = stored.map_err(|_| Problem::Stopped)??;
    tracing::info!(admin = name, role, resource, version, "secret stored");
    Ok(HttpResponse::Ok().content_type("text/xml").finish())
}

pub(super) async fn delete(broker: Data<Broker>, request: HttpRequest) -> Result<HttpResponse, CocoProblem> {
    let admin = admin(&broker, &request)?;
    let path = path(&request)?;
    let worker = broker.clone();
    let (name, role) = (admin.name().to_owned(), admin.role().as_str());
    let (deleted, path) =
        web::block(move || (worker.store.delete(&admin, &path), path)).await.map_err(|_| Problem::Stopped)?;
    if !deleted? {
        return Err(Problem::NoResource(path).into());
    }
    tracing::info!(admin = name, role, resource = %path, "secret deleted");
    Ok(HttpResponse::Ok().content_type("text/xml").finish())
}

fn admin(broker: &Broker, request: &HttpRequest) -> Result<Admin, Problem> {
    super::admit(broker, request, Permission::WriteSecrets)
}

/// What the admin says that the secret is; kept with it.
fn content_type(request: &HttpRequest) -> String {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.unwrap_or("application/octet-stream").to_owned()
}

/// Each name once: a policy that looked at one of two values would not have decided on what was asked.
fn query(text: &str) -> Result<BTreeMap<String, String>, Problem> {
    // It stands in the record of each release.
    if text.len() > QUERY_BYTES {
        return Err(Problem::Query);
    }
    let pairs = Query::<Vec<(String, String)>>::from_query(text).map_err(|_| Problem::Query)?;
    let mut query = BTreeMap::new();
    for (name, value) in pairs.into_inner() {
        if query.insert(name, value).is_some() {
            return Err(Problem::Query);
        }
    }
    Ok(query)
}

fn path(request: &HttpRequest) -> Result<ResourcePath, Problem> {
    Ok(ResourcePath::parse(request.match_info().query("path"))?)
}

/// Far more than names and versions of keys need.
const QUERY_BYTES: usize = 1024;
