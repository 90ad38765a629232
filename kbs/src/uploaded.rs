//! What admins uploaded: policies, reference values and revocations. Read from the settings and compiled once for each of their
//! states, so that whoever asks has one and the same state from beginning to end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use kbs_protocol::JsonError;
use policy::{AttestationPolicy, PolicyError, ResourcePolicy};
use serde_json::Value;

use crate::revocations::Revoked;
use crate::store::{SettingKind, Settings, Store, StoreError, revoked};

mod message;

pub(crate) use message::{
    POLICY_BODY, REFERENCE_BODY, attestation_policy, check_room, reference_message, resource_policy,
};

/// The uploads of one state of the settings.
#[derive(Debug, Default)]
pub(crate) struct Uploaded {
    epoch: u64,
    resource_policy: Option<ResourcePolicy>,
    attestation_policies: BTreeMap<String, AttestationPolicy>,
    reference_values: Arc<BTreeMap<String, Value>>,
    reference_text: Vec<u8>,
    revoked: Vec<Revoked>,
}

/// The newest state that was read.
#[derive(Debug, Default)]
pub(crate) struct Uploads(Mutex<Arc<Uploaded>>);

/// Why an upload is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UploadError {
    /// The body is not of its form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The policy is not base64url.
    #[error("policy is not base64url without padding")]
    Base64,
    /// The policy is not text.
    #[error("the policy is not UTF-8 text")]
    NotText,
    /// The policy cannot be used; says where.
    #[error("{0}")]
    Policy(#[from] PolicyError),
    /// Another language.
    #[error("type: policies are taken in rego")]
    Language,
    /// An id under which nothing would ever be asked.
    #[error(
        "policy_id: a policy is asked as {}; the evidence of other classes is not taken, and a policy that is not \
         asked is not stored",
        message::POLICY_IDS.join(" or ")
    )]
    PolicyId,
    /// Another kind of reference value message.
    #[error(
        "type: reference values are taken as sample (base64 of a JSON object from name to value); {given}"
    )]
    Kind {
        /// What came instead, if it has a name.
        given: &'static str,
    },
    /// Another version of the message.
    #[error("version: messages of version 0.1.0 are taken")]
    Version,
    /// The payload is not a JSON object in base64.
    #[error("payload is not the base64 of a JSON object from name to value")]
    Payload,
    /// A name that is none.
    #[error("payload: a name is 1 to {limit} characters, none of them a control character")]
    Name {
        /// The limit.
        limit: usize,
    },
    /// More or larger values than are kept.
    #[error("payload: at most {count} reference values of {bytes} bytes each are kept")]
    TooMuch {
        /// How many.
        count: usize,
        /// How large each.
        bytes: usize,
    },
}

impl Uploads {
    /// The uploads as they stand. `limits` are those of a resource policy's decision.
    pub(crate) fn of(&self, store: &Store, limits: policy::Limits) -> Result<Arc<Uploaded>, StoreError> {
        let settings = store.settings()?;
        let kept = Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if kept.epoch == settings.epoch() {
            return Ok(kept);
        }
        let read = Arc::new(Uploaded::read(&settings, limits)?);
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.epoch < read.epoch {
            *newest = Arc::clone(&read);
        }
        Ok(read)
    }
}

impl Uploaded {
    /// Compiles what was compiled when it was uploaded. What this version cannot read denies everything: whoever set a
    /// policy does not get another one.
    pub(crate) fn read(settings: &Settings, limits: policy::Limits) -> Result<Self, StoreError> {
        let row = |_| StoreError::Row { table: "settings" };
        let text = |content: &[u8]| String::from_utf8(content.to_vec()).map_err(|_| row(()));
        let resource = settings.get(SettingKind::ResourcePolicy, RESOURCE_POLICY);
        let resource_policy = resource
            .map(|setting| ResourcePolicy::compile(&text(&setting.content)?, limits).map_err(|_| row(())))
            .transpose()?;
        let mut attestation_policies = BTreeMap::new();
        for (id, setting) in settings.of(SettingKind::AttestationPolicy) {
            let compiled =
                AttestationPolicy::compile(&text(&setting.content)?, limits).map_err(|_| row(()))?;
            attestation_policies.insert(id.to_owned(), compiled);
        }
        let mut values = BTreeMap::new();
        for (name, setting) in settings.of(SettingKind::ReferenceValue) {
            let value = serde_json::from_slice(&setting.content).map_err(|_| row(()))?;
            values.insert(name.to_owned(), value);
        }
        let reference_text = serde_json::to_vec(&values).map_err(|_| row(()))?;
        Ok(Self {
            epoch: settings.epoch(),
            resource_policy,
            attestation_policies,
            reference_values: Arc::new(values),
            reference_text,
            revoked: revoked(settings)?,
        })
    }

    /// What attestation policies were asked with, as the inputs of a decision keep it: policies by id, and the text of the
    /// reference values.
    pub(crate) fn of_inputs<'a>(
        policies: impl IntoIterator<Item = (&'a str, &'a str)>,
        reference_text: &[u8],
        limits: policy::Limits,
    ) -> Result<Self, UploadError> {
        let compiled = policies
            .into_iter()
            .map(|(id, text)| AttestationPolicy::compile(text, limits).map(|policy| (id.to_owned(), policy)));
        let values = serde_json::from_slice(reference_text).map_err(|_| UploadError::Payload)?;
        Ok(Self {
            attestation_policies: compiled.collect::<Result<_, _>>()?,
            reference_values: Arc::new(values),
            reference_text: reference_text.to_vec(),
            ..Self::default()
        })
    }

    /// The number of the state.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The resource policy, which takes the place of the configured one.
    pub(crate) fn resource_policy(&self) -> Option<&ResourcePolicy> {
        self.resource_policy.as_ref()
    }

    /// The attestation policy of a class of evidence (`cpu`, `gpu`), with its id.
    pub(crate) fn attestation_policy(&self, class: &str) -> Option<(&str, &AttestationPolicy)> {
        let (id, policy) = self.attestation_policies.get_key_value(&format!("default_{class}"))?;
        Some((id, policy))
    }

    /// Every attestation policy with its id.
    pub(crate) fn attestation_policies(&self) -> impl Iterator<Item = (&str, &AttestationPolicy)> {
        self.attestation_policies.iter().map(|(id, policy)| (id.as_str(), policy))
    }

    /// The reference values that attestation policies ask for.
    pub(crate) fn reference_values(&self) -> &Arc<BTreeMap<String, Value>> {
        &self.reference_values
    }

    /// The same as one JSON object, names in order.
    pub(crate) fn reference_text(&self) -> &[u8] {
        &self.reference_text
    }

    /// What is revoked.
    pub(crate) fn revoked(&self) -> &[Revoked] {
        &self.revoked
    }
}

/// The id of the one resource policy there is, as Trustee has it.
pub(crate) const RESOURCE_POLICY: &str = "resource-policy";

#[cfg(test)]
mod tests;
