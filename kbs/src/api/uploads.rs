//! `/kbs/v0/resource-policy`, `/attestation-policy` and `/reference-value`: what admins set, as Trustee takes it.

use actix_web::web::{self, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use decision_log::Digest;
use serde_json::Value;

use super::problem::{CocoProblem, Problem};
use super::{admit, body};
use crate::admin::Admin;
use crate::broker::Broker;
use crate::roles::Permission;
use crate::store::{SettingKind, StoreError};
use crate::uploaded::{
    POLICY_BODY, REFERENCE_BODY, RESOURCE_POLICY, attestation_policy, check_room, reference_message,
    resource_policy,
};

/// Sets the resource policy: from then on it decides, and not the configured one.
pub(super) async fn post_resource_policy(
    broker: Data<Broker>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, CocoProblem> {
    let (admin, body) = upload(&broker, &request, payload, POLICY_BODY).await?;
    in_worker(&broker, move |broker| {
        let policy = resource_policy(&body, broker.config.policy_limits())?;
        for rule in policy.dangers() {
            tracing::warn!(rule, "DANGER: the uploaded resource policy allows simulated hardware");
        }
        let (kind, text) = (SettingKind::ResourcePolicy, policy.text().as_bytes());
        change(broker, &admin, &[(kind, RESOURCE_POLICY, Some(text))])
    })
    .await?;
    Ok(HttpResponse::Ok().finish())
}

/// The ids of the stored resource policies; never a text.
pub(super) async fn get_resource_policy(
    broker: Data<Broker>,
    request: HttpRequest,
) -> Result<HttpResponse, CocoProblem> {
    ids(&broker, &request, SettingKind::ResourcePolicy).await
}

/// Sets the attestation policy of a class of evidence.
pub(super) async fn post_attestation_policy(
    broker: Data<Broker>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, CocoProblem> {
    let (admin, body) = upload(&broker, &request, payload, POLICY_BODY).await?;
    in_worker(&broker, move |broker| {
        let (id, policy) = attestation_policy(&body, broker.config.policy_limits())?;
        change(broker, &admin, &[(SettingKind::AttestationPolicy, id, Some(policy.text().as_bytes()))])
    })
    .await?;
    Ok(HttpResponse::Ok().finish())
}

/// The ids of the stored attestation policies.
pub(super) async fn get_attestation_policy(
    broker: Data<Broker>,
    request: HttpRequest,
) -> Result<HttpResponse, CocoProblem> {
    ids(&broker, &request, SettingKind::AttestationPolicy).await
}

/// Sets reference values for attestation policies to ask for.
pub(super) async fn post_reference_value(
    broker: Data<Broker>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, CocoProblem> {
    let (admin, body) = upload(&broker, &request, payload, REFERENCE_BODY).await?;
    in_worker(&broker, move |broker| {
        let values = reference_message(&body)?;
        check_room(&values, broker.uploaded()?.reference_values())?;
        let text = |value: &Value| (!value.is_null()).then(|| value.to_string().into_bytes());
        let values: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), text(value))).collect();
        let changes: Vec<_> = values
            .iter()
            .map(|(name, value)| (SettingKind::ReferenceValue, *name, value.as_deref()))
            .collect();
        change(broker, &admin, &changes)
    })
    .await?;
    Ok(HttpResponse::Ok().content_type("application/json").finish())
}

/// One reference value by its name, which may contain `/`; without a name, all of them.
pub(super) async fn get_reference_value(
    broker: Data<Broker>,
    request: HttpRequest,
) -> Result<HttpResponse, CocoProblem> {
    admit(&broker, &request, Permission::ReadPolicies)?;
    let name = request.match_info().query("name").to_owned();
    let uploaded = in_worker(&broker, |broker| Ok(broker.uploaded()?)).await?;
    let values = uploaded.reference_values();
    if name.is_empty() {
        return Ok(HttpResponse::Ok().json(&**values));
    }
    Ok(HttpResponse::Ok().json(values.get(&name).ok_or(Problem::NoReferenceValue)?))
}

async fn ids(
    broker: &Data<Broker>,
    request: &HttpRequest,
    kind: SettingKind,
) -> Result<HttpResponse, CocoProblem> {
    admit(broker, request, Permission::ReadPolicies)?;
    let settings = in_worker(broker, |broker| Ok(broker.store.settings()?)).await?;
    let ids: Vec<&str> = settings.of(kind).map(|(id, _)| id).collect();
    Ok(HttpResponse::Ok().json(ids))
}

async fn upload(
    broker: &Broker,
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<(Admin, Vec<u8>), Problem> {
    let admin = admit(broker, request, Permission::WritePolicies)?;
    let body = body::read(request, payload, limit, broker.config.limits.request).await?;
    Ok((admin, body))
}

/// Compiling and the store both take their time: neither on a thread that serves requests.
async fn in_worker<T: Send + 'static>(
    broker: &Data<Broker>,
    work: impl FnOnce(&Broker) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let worker = broker.clone();
    web::block(move || work(&worker)).await.map_err(|_| Problem::Stopped)?
}

/// Durable when this returns, and in force for every later request.
fn change(
    broker: &Broker,
    admin: &Admin,
    changes: &[(SettingKind, &str, Option<&[u8]>)],
) -> Result<(), Problem> {
    let epoch = broker.store.change(changes, admin.name(), broker.instant()?).map_err(log_failure)?;
    broker.keep_epoch()?;
    for (kind, name, content) in changes {
        let sha256 = content.map(Digest::of).map(tracing::field::display);
        let kind = kind.name();
        tracing::info!(admin = admin.name(), role = admin.role().as_str(), kind, name, sha256, epoch, "set");
    }
    Ok(())
}

fn log_failure(error: StoreError) -> Problem {
    tracing::error!(%error, "a setting could not be changed");
    error.into()
}
