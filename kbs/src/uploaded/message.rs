//! The bodies in which policies and reference values come (docs of the CoCo protocol, sections 2 and 14.2).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kbs_protocol::from_slice;
use policy::{AttestationPolicy, POLICY_BYTES, PolicyError, ResourcePolicy};
use serde::Deserialize;
use serde_json::Value;

use super::UploadError;

/// Reference values by name; null takes a value away.
type ReferenceValues = BTreeMap<String, Value>;

/// Reads `{"policy": base64url}`; the text is a resource policy that compiles.
pub(crate) fn resource_policy(body: &[u8], limits: policy::Limits) -> Result<ResourcePolicy, UploadError> {
    let message: ResourceMessage = from_slice("resource policy", body, POLICY_BODY)?;
    Ok(ResourcePolicy::compile(&text(&message.policy)?, limits)?)
}

/// Reads `{"type"?, "policy_id", "policy": base64url}`; the id under which it is asked, and the policy.
pub(crate) fn attestation_policy(
    body: &[u8],
    limits: policy::Limits,
) -> Result<(&'static str, AttestationPolicy), UploadError> {
    let message: AttestationMessage = from_slice("attestation policy", body, POLICY_BODY)?;
    if message.kind.is_some_and(|kind| kind != "rego") {
        return Err(UploadError::Language);
    }
    // What kbs-client sends where nobody names an id. The broker asks one policy for each class of evidence.
    let wanted = if message.policy_id == "default" { CPU } else { message.policy_id.as_str() };
    let id = POLICY_IDS.into_iter().find(|id| *id == wanted).ok_or(UploadError::PolicyId)?;
    let policy = AttestationPolicy::compile(&text(&message.policy)?, limits)?;
    if !policy.has_trust_claims() {
        return Err(PolicyError::NoRule { wanted: "data.policy.trust_claims" }.into());
    }
    Ok((id, policy))
}

/// Reads the message of Trustee's reference value provider.
pub(crate) fn reference_message(body: &[u8]) -> Result<ReferenceValues, UploadError> {
    let message: ReferenceMessage = from_slice("reference value", body, REFERENCE_BODY)?;
    if message.version.is_some_and(|version| version != "0.1.0") {
        return Err(UploadError::Version);
    }
    match message.kind.as_str() {
        "sample" => {}
        "swid" => return Err(UploadError::Kind { given: "swid manifests are not read" }),
        "corim" => return Err(UploadError::Kind { given: "corim manifests are not read" }),
        _ => return Err(UploadError::Kind { given: "this one is not known" }),
    }
    let payload = STANDARD.decode(&message.payload).map_err(|_| UploadError::Payload)?;
    let values: ReferenceValues =
        from_slice("reference values", &payload, REFERENCE_BODY).map_err(|_| UploadError::Payload)?;
    check(&values)?;
    Ok(values)
}

/// Names that can be asked for in a path and stand in a log, values of a size that a policy can look through.
fn check(values: &ReferenceValues) -> Result<(), UploadError> {
    let name =
        |name: &str| (1..=NAME_CHARS).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if !values.keys().all(|given| name(given)) {
        return Err(UploadError::Name { limit: NAME_CHARS });
    }
    let small = values.values().all(|value| value.to_string().len() <= VALUE_BYTES);
    if !small || values.len() > VALUES {
        return Err(too_much());
    }
    Ok(())
}

/// Whether the values that there will be are not more than are kept.
pub(crate) fn check_room(new: &ReferenceValues, kept: &ReferenceValues) -> Result<(), UploadError> {
    let added = new.iter().filter(|(name, value)| !value.is_null() && !kept.contains_key(*name)).count();
    let removed = new.iter().filter(|(name, value)| value.is_null() && kept.contains_key(*name)).count();
    if kept.len().saturating_sub(removed).saturating_add(added) > VALUES { Err(too_much()) } else { Ok(()) }
}

fn too_much() -> UploadError {
    UploadError::TooMuch { count: VALUES, bytes: VALUE_BYTES }
}

fn text(base64url: &str) -> Result<String, UploadError> {
    let bytes = URL_SAFE_NO_PAD.decode(base64url).map_err(|_| UploadError::Base64)?;
    String::from_utf8(bytes).map_err(|_| UploadError::NotText)
}

#[derive(Deserialize)]
struct ResourceMessage {
    policy: String,
}

#[derive(Deserialize)]
struct AttestationMessage {
    #[serde(rename = "type")]
    kind: Option<String>,
    policy_id: String,
    policy: String,
}

#[derive(Deserialize)]
struct ReferenceMessage {
    version: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    payload: String,
}

/// Evidence of a CPU, primary evidence always.
const CPU: &str = "default_cpu";
/// The ids under which policies are asked: one for each class of evidence that is taken.
pub(super) const POLICY_IDS: [&str; 2] = [CPU, "default_gpu"];
/// Bytes of a body with a policy in it: base64url and the members around it.
pub(crate) const POLICY_BODY: usize = POLICY_BYTES / 3 * 4 + (4 << 10);
/// Bytes of a body with reference values in it.
pub(crate) const REFERENCE_BODY: usize = 1 << 20;
/// Reference values that are kept, all together: a few dozen for each image and platform of a fleet.
const VALUES: usize = 1024;
/// Bytes of one value: lists of some hundred digests.
const VALUE_BYTES: usize = 64 << 10;
/// Characters of a name; those of Trustee's policies have about twenty.
const NAME_CHARS: usize = 256;
