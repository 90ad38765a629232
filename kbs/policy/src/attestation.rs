//! The attestation policy: what evidence is worth, as Trustee's attestation service asks it (CoCo protocol notes,
//! section 13.2).

use std::collections::BTreeMap;
use std::sync::Arc;

use decision_log::Digest;
use regorus::Value;
use serde::{Deserialize, Serialize};

use crate::error::PolicyError;
use crate::limits::{Limits, POLICY_BYTES};
use crate::rego::{Compiled, Host, Stopped};

/// An attestation policy in Rego, compiled once.
#[derive(Debug)]
pub struct AttestationPolicy {
    compiled: Compiled,
    digest: Digest,
    text: String,
}

/// What a policy says of evidence.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Appraised {
    /// `data.policy.trust_claims`; without that rule, no claim at all.
    pub trust_claims: TrustClaims,
    /// `data.policy.extensions`; without that rule, none.
    pub extensions: Vec<Extension>,
}

/// The eight AR4SI claims (draft-ietf-rats-ar4si section 2.3) as EAR encodes them; 0 asserts nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrustClaims {
    /// Is it that very machine?
    pub instance_identity: i8,
    /// Is it set up acceptably?
    pub configuration: i8,
    /// Does it run what it should?
    pub executables: i8,
    /// Are its files what they should be?
    pub file_system: i8,
    /// Is it genuine hardware with good firmware?
    pub hardware: i8,
    /// Is its memory hidden from others?
    pub runtime_opaque: i8,
    /// Is its storage hidden from others?
    pub storage_opaque: i8,
    /// Is what it was given trustworthy?
    pub sourced_data: i8,
}

/// One extension of the appraisal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// Its name in JSON.
    pub name: String,
    /// Its key in CBOR.
    pub key: i64,
    /// Its value.
    pub value: serde_json::Value,
}

/// Why a policy says nothing usable about evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttestationError {
    /// The evaluation was stopped at its time limit.
    #[error("the policy was stopped after {limit_ms} ms")]
    TimedOut {
        /// The limit in milliseconds.
        limit_ms: u64,
    },
    /// The evaluation was stopped at its memory limit.
    #[error("the policy was stopped: what it makes is larger than {limit} bytes")]
    Memory {
        /// The limit in bytes.
        limit: usize,
    },
    /// The evidence is larger than any.
    #[error("the evidence is larger than {limit} bytes")]
    InputTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The engine failed.
    #[error("the policy could not be evaluated: {reason}")]
    Engine {
        /// What the engine says; for the operator.
        reason: String,
    },
    /// `trust_claims` is not an object.
    #[error("data.policy.trust_claims is not an object")]
    NotAnObject,
    /// `trust_claims` has a member that is no AR4SI claim.
    #[error("data.policy.trust_claims: {name:?} is no AR4SI claim")]
    UnknownClaim {
        /// The member's name.
        name: String,
    },
    /// A claim is not an integer from -128 to 127.
    #[error("data.policy.trust_claims: {name} is not an integer from -128 to 127")]
    ClaimValue {
        /// The claim.
        name: &'static str,
    },
    /// `extensions` is not an array of objects with name, key and value.
    #[error("data.policy.extensions is not an array of objects with name, key and value: {reason}")]
    Extensions {
        /// What is wrong.
        reason: String,
    },
}

impl AttestationPolicy {
    /// Compiles a policy.
    pub fn compile(text: &str, limits: Limits) -> Result<Self, PolicyError> {
        if text.len() > POLICY_BYTES {
            return Err(PolicyError::TooLarge { limit: POLICY_BYTES, actual: text.len() });
        }
        let compiled = Compiled::new(text, limits, Host::ReferenceValues)?;
        if !compiled.is_of_package_policy() {
            return Err(PolicyError::NoRule { wanted: TRUST_CLAIMS });
        }
        Ok(Self { compiled, digest: Digest::of(text.as_bytes()), text: text.to_owned() })
    }

    /// The SHA-256 of the policy's text.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The policy's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the policy has the rule `trust_claims`; one without affirms nothing.
    pub fn has_trust_claims(&self) -> bool {
        self.compiled.has_rule("trust_claims")
    }

    /// Asks what `evidence` is worth at `now`, in seconds since 1970. The evidence is the map of Trustee's tokens
    /// (`<tee>`, `init_data`, `init_data_claims`, `report_data`, `runtime_data_claims`); `query_reference_value(id)`
    /// answers from `reference_values`, with null for what is not there.
    pub fn evaluate(
        &self,
        evidence: &serde_json::Value,
        reference_values: &Arc<BTreeMap<String, serde_json::Value>>,
        now: i64,
    ) -> Result<Appraised, AttestationError> {
        // A rule that is not there has no path, and asking for it would be an error.
        let data = serde_json::Value::Object(serde_json::Map::new());
        let references = Some(reference_values.clone());
        let ask = |rules| self.compiled.evaluate(rules, evidence, data, now, references);
        let claims = self.has_trust_claims().then_some(TRUST_CLAIMS);
        let extensions = self.compiled.has_rule("extensions").then_some(EXTENSIONS);
        let [claims, extensions] = ask([claims, extensions])?;
        Ok(Appraised { trust_claims: trust_claims(&claims)?, extensions: extensions_of(&extensions)? })
    }
}

impl TrustClaims {
    fn member(&mut self, name: &str) -> Option<(&'static str, &mut i8)> {
        Some(match name {
            "instance-identity" => ("instance-identity", &mut self.instance_identity),
            "configuration" => ("configuration", &mut self.configuration),
            "executables" => ("executables", &mut self.executables),
            "file-system" => ("file-system", &mut self.file_system),
            "hardware" => ("hardware", &mut self.hardware),
            "runtime-opaque" => ("runtime-opaque", &mut self.runtime_opaque),
            "storage-opaque" => ("storage-opaque", &mut self.storage_opaque),
            "sourced-data" => ("sourced-data", &mut self.sourced_data),
            _ => return None,
        })
    }
}

fn trust_claims(value: &Value) -> Result<TrustClaims, AttestationError> {
    let mut claims = TrustClaims::default();
    let members = match value {
        Value::Undefined => return Ok(claims),
        Value::Object(members) => members,
        _ => return Err(AttestationError::NotAnObject),
    };
    for (name, value) in members.iter() {
        let Value::String(name) = name else { return Err(AttestationError::NotAnObject) };
        let Some((name, claim)) = claims.member(name) else {
            return Err(AttestationError::UnknownClaim { name: name.chars().take(NAME_CHARS).collect() });
        };
        let number = match value {
            Value::Number(number) => number.as_i64(),
            _ => None,
        };
        let number = number.and_then(|number| i8::try_from(number).ok());
        *claim = number.ok_or(AttestationError::ClaimValue { name })?;
    }
    Ok(claims)
}

fn extensions_of(value: &Value) -> Result<Vec<Extension>, AttestationError> {
    if *value == Value::Undefined {
        return Ok(Vec::new());
    }
    let refused = |error: serde_json::Error| AttestationError::Extensions { reason: error.to_string() };
    serde_json::from_value(serde_json::to_value(value).map_err(refused)?).map_err(refused)
}

impl From<Stopped> for AttestationError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Time { limit_ms } => Self::TimedOut { limit_ms },
            Stopped::Memory { limit } => Self::Memory { limit },
            Stopped::InputTooLarge { limit } => Self::InputTooLarge { limit },
            Stopped::Engine { reason } => Self::Engine { reason },
        }
    }
}

const TRUST_CLAIMS: &str = "data.policy.trust_claims";
const EXTENSIONS: &str = "data.policy.extensions";
/// Characters of an unknown name in an error.
const NAME_CHARS: usize = 64;

#[cfg(test)]
mod tests;
