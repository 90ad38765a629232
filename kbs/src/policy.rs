//! The resource policy: which attested guest may have which secret. Rego, as Trustee's policies are written.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use decision_log::Digest;
use kbs_protocol::ResourcePath;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use serde_json::json;

use crate::token::VerifiedToken;

/// A resource policy, compiled once.
pub struct ResourcePolicy {
    engine: Engine,
    digest: Digest,
    text: String,
}

/// Proof that the policy allowed one guest one resource; the store gives a secret for nothing else. Made by
/// [`ResourcePolicy::authorize`] alone.
#[derive(Debug)]
pub struct Grant {
    path: ResourcePath,
    policy: Digest,
}

/// The policy did not allow it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// `data.policy.allow` is not true.
    #[error("the resource policy does not allow it")]
    NotAllowed,
    /// The policy failed or took too long; that allows nothing.
    #[error("the resource policy could not be evaluated")]
    Engine {
        /// What the engine says; for the operator.
        reason: String,
    },
}

/// The policy cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Larger than any policy.
    #[error("a resource policy of {actual} bytes, at most {limit} are read")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
        /// The size in bytes.
        actual: usize,
    },
    /// It does not compile.
    #[error("the resource policy does not compile: {reason}")]
    Compile {
        /// What the engine says.
        reason: String,
    },
    /// It is of another package, so that nothing in it could ever allow anything.
    #[error("the resource policy has no rule data.policy.allow")]
    NoAllow,
}

impl ResourcePolicy {
    /// The policy that holds where none is configured: every submodule of the token is affirming.
    pub const DEFAULT: &'static str = include_str!("policy/default.rego");

    /// Compiles a policy.
    pub fn compile(text: &str) -> Result<Self, PolicyError> {
        if text.len() > POLICY_LIMIT {
            return Err(PolicyError::TooLarge { limit: POLICY_LIMIT, actual: text.len() });
        }
        let mut engine = Engine::new();
        engine.set_execution_timer_config(ExecutionTimerConfig { limit: TIME, check_interval: STEP });
        let added = engine.add_policy("resource-policy.rego".to_owned(), text.to_owned());
        added.map_err(|error| PolicyError::Compile { reason: error.to_string() })?;
        let policy = Self { engine, digest: Digest::of(text.as_bytes()), text: text.to_owned() };
        // A first evaluation compiles everything and finds a policy that has no such rule.
        match policy.evaluate(json!({}), json!({"plugin": "resource", "resource-path": [], "query": {}})) {
            Ok(_) => Ok(policy),
            Err(reason) if reason.contains("not a valid rule path") => Err(PolicyError::NoAllow),
            Err(reason) => Err(PolicyError::Compile { reason }),
        }
    }

    /// The SHA-256 of the policy's text.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The policy's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Asks the policy, with the token's claims as input and the resource as data, as Trustee does.
    pub fn authorize(
        &self,
        token: &VerifiedToken,
        path: &ResourcePath,
        query: &BTreeMap<String, String>,
    ) -> Result<Grant, Denied> {
        let data = json!({
            "plugin": "resource",
            "resource-path": [path.repo(), path.kind(), path.tag()],
            "query": query,
        });
        match self.evaluate(token.claims().clone(), data) {
            Ok(Value::Bool(true)) => Ok(Grant { path: path.clone(), policy: self.digest }),
            Ok(_) => Err(Denied::NotAllowed),
            Err(reason) => Err(Denied::Engine { reason }),
        }
    }

    fn evaluate(&self, input: serde_json::Value, data: serde_json::Value) -> Result<Value, String> {
        let mut engine = self.engine.clone();
        engine.set_input(Value::from(input));
        engine.add_data(Value::from(data)).map_err(|error| error.to_string())?;
        engine.eval_rule(ALLOW.to_owned()).map_err(|error| error.to_string())
    }
}

impl Grant {
    /// The resource that was granted.
    pub fn path(&self) -> &ResourcePath {
        &self.path
    }

    /// The policy that granted it.
    pub fn policy(&self) -> Digest {
        self.policy
    }
}

const ALLOW: &str = "data.policy.allow";
/// A policy is a page or two.
const POLICY_LIMIT: usize = 0x4_0000;
/// What one evaluation may take; a page of rules takes less than a millisecond.
const TIME: Duration = Duration::from_millis(500);
/// Steps between two looks at the time.
const STEP: NonZeroU32 = NonZeroU32::new(256).unwrap();

#[cfg(test)]
pub(crate) mod tests;
