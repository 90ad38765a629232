//! One decision for both languages.

use std::fmt;

use decision_log::Digest;
use serde::Serialize;

/// What a resource policy decided on one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The SHA-256 of the policy's text.
    pub policy: Digest,
    /// Yes, or why not.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Yes, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "decision", rename_all = "lowercase")]
pub enum Outcome {
    /// The policy allows it.
    Allow {
        /// The rule that does: `data.policy.allow` in Rego, the name of a rule in TOML.
        rule: String,
    },
    /// It does not.
    Deny {
        /// Why.
        because: Denied,
    },
}

/// Why a policy does not allow it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Denied {
    /// `data.policy.allow` is false.
    #[error("the resource policy does not allow it")]
    NotAllowed,
    /// `data.policy.allow` has no value.
    #[error("data.policy.allow is undefined")]
    Undefined,
    /// `data.policy.allow` is neither true nor false.
    #[error("data.policy.allow is {found} and not a boolean")]
    NotBoolean {
        /// What it is.
        found: &'static str,
    },
    /// No rule of a declarative policy holds.
    #[error("no rule of the resource policy holds")]
    NoRule {
        /// Every condition that does not hold, rule by rule.
        unmet: Vec<Unmet>,
    },
    /// The evaluation was stopped at its time limit.
    #[error("the policy was stopped after {limit_ms} ms")]
    TimedOut {
        /// The limit in milliseconds.
        limit_ms: u64,
    },
    /// The evaluation was stopped at its memory limit.
    #[error("the policy was stopped: its built-in functions made more than {limit} bytes")]
    Memory {
        /// The limit in bytes.
        limit: usize,
    },
    /// The claims are larger than any token's.
    #[error("the claims are larger than {limit} bytes")]
    InputTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The engine failed: a conflict of rules, a built-in function given something else.
    #[error("the policy could not be evaluated: {reason}")]
    Engine {
        /// What the engine says; for the operator.
        #[serde(rename = "message")]
        reason: String,
    },
}

/// A condition of a declarative rule that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unmet {
    /// The rule's name.
    pub rule: String,
    /// The condition.
    pub condition: Condition,
}

/// A condition of a declarative rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "key", rename_all = "kebab-case")]
pub enum Condition {
    /// `resource`: another resource was asked for.
    Resource,
    /// `query`: the request's query is another.
    Query,
    /// `tier`: there is no submodule `cpu0`, or a submodule is worse.
    Tier {
        /// The submodule.
        submodule: String,
    },
    /// `tee`: the evidence is of another TEE.
    Tee,
    /// `danger_allow_simulated`: simulated or sample hardware.
    DangerAllowSimulated,
    /// `init-data`: none was sent and bound.
    InitData,
    /// `claims`: the claim is absent or another.
    Claims {
        /// Its path.
        path: String,
    },
    /// `init-data-claims`: the claim is absent or another.
    InitDataClaims {
        /// Its path.
        path: String,
    },
}

impl Denied {
    /// A short, stable word for records and logs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NotAllowed => "not-allowed",
            Self::Undefined => "undefined",
            Self::NotBoolean { .. } => "not-boolean",
            Self::NoRule { .. } => "no-rule",
            Self::TimedOut { .. } => "timed-out",
            Self::Memory { .. } => "memory",
            Self::InputTooLarge { .. } => "input-too-large",
            Self::Engine { .. } => "engine",
        }
    }
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.condition)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resource => f.write_str("resource: another was asked for"),
            Self::Query => f.write_str("query: the request's is another"),
            Self::Tier { submodule } => write!(f, "tier: {submodule} is absent or worse"),
            Self::Tee => f.write_str("tee: another, or none"),
            Self::DangerAllowSimulated => {
                f.write_str("simulated hardware, without danger_allow_simulated = true")
            }
            Self::InitData => f.write_str("init-data: none was sent and bound"),
            Self::Claims { path } => write!(f, "claims: {path:?} is absent or another"),
            Self::InitDataClaims { path } => write!(f, "init-data-claims: {path:?} is absent or another"),
        }
    }
}
