//! The resource policy: which attested guest may have which secret.

use std::collections::BTreeMap;

use decision_log::Digest;
use kbs_protocol::ResourcePath;
use regorus::Value;
use serde_json::json;

use crate::decision::{Decision, Denied, Outcome};
use crate::declarative::Rules;
use crate::error::PolicyError;
use crate::limits::{Limits, POLICY_BYTES};
use crate::rego::{Compiled, Host, Stopped};

/// A resource policy, compiled once.
#[derive(Debug)]
pub struct ResourcePolicy {
    form: Form,
    digest: Digest,
    text: String,
}

/// The language of a policy. Its text tells: Rego begins with `package`, after comments and blank lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rego, as Trustee's policies are written.
    Rego,
    /// Declarative rules in TOML.
    Toml,
}

/// What a guest asks for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The resource.
    pub path: &'a ResourcePath,
    /// The query of the request.
    pub query: &'a BTreeMap<String, String>,
}

#[derive(Debug)]
enum Form {
    Rego(Box<Compiled>),
    Toml(Rules),
}

impl Language {
    /// The language of a text.
    pub fn of(text: &str) -> Self {
        let mut lines = text.lines().map(str::trim_start);
        let first = lines.find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
        let rest = first.strip_prefix("package");
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace)) {
            Self::Rego
        } else {
            Self::Toml
        }
    }
}

impl ResourcePolicy {
    /// The policy that holds where none is configured: every submodule of the token is affirming.
    pub const DEFAULT: &'static str = include_str!("default.rego");

    /// Compiles a policy, Rego or TOML.
    pub fn compile(text: &str, limits: Limits) -> Result<Self, PolicyError> {
        if text.len() > POLICY_BYTES {
            return Err(PolicyError::TooLarge { limit: POLICY_BYTES, actual: text.len() });
        }
        let form = match Language::of(text) {
            Language::Rego => {
                let compiled = Compiled::new(text, limits, Host::Nothing)?;
                if !compiled.has_rule("allow") {
                    return Err(PolicyError::NoRule { wanted: ALLOW });
                }
                Form::Rego(Box::new(compiled))
            }
            Language::Toml => Form::Toml(Rules::parse(text)?),
        };
        Ok(Self { form, digest: Digest::of(text.as_bytes()), text: text.to_owned() })
    }

    /// The SHA-256 of the policy's text.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The policy's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The policy's language.
    pub fn language(&self) -> Language {
        match self.form {
            Form::Rego(_) => Language::Rego,
            Form::Toml(_) => Language::Toml,
        }
    }

    /// Names of rules that allow simulated hardware, for whoever announces dangers. Rego does not tell.
    pub fn dangers(&self) -> Vec<String> {
        match &self.form {
            Form::Rego(_) => Vec::new(),
            Form::Toml(rules) => rules.dangers(),
        }
    }

    /// Asks the policy about a request of whoever has these claims, at `now` in seconds since 1970. Rego gets the
    /// claims as `input`, and as `data` what Trustee gives (`plugin`, `resource-path`, `query`), `now` and `now_ns`.
    pub fn authorize(&self, claims: &serde_json::Value, request: &Request<'_>, now: i64) -> Decision {
        let outcome = match &self.form {
            Form::Rego(compiled) => ask(compiled, claims, request, now),
            Form::Toml(rules) => rules.authorize(claims, request),
        };
        Decision { policy: self.digest, outcome }
    }
}

fn ask(compiled: &Compiled, claims: &serde_json::Value, request: &Request<'_>, now: i64) -> Outcome {
    let path = request.path;
    let data = json!({
        "plugin": "resource",
        "resource-path": [path.repo(), path.kind(), path.tag()],
        "query": request.query,
    });
    let because = match compiled.evaluate([Some(ALLOW)], claims, data, now, None).map(|[allow]| allow) {
        Ok(Value::Bool(true)) => return Outcome::Allow { rule: ALLOW.to_owned() },
        Ok(Value::Bool(false)) => Denied::NotAllowed,
        Ok(Value::Undefined) => Denied::Undefined,
        Ok(Value::Null) => Denied::NotBoolean { found: "null" },
        Ok(Value::Number(_)) => Denied::NotBoolean { found: "a number" },
        Ok(Value::String(_)) => Denied::NotBoolean { found: "a string" },
        Ok(Value::Array(_)) => Denied::NotBoolean { found: "an array" },
        Ok(Value::Set(_)) => Denied::NotBoolean { found: "a set" },
        Ok(Value::Object(_)) => Denied::NotBoolean { found: "an object" },
        Err(Stopped::Time { limit_ms }) => Denied::TimedOut { limit_ms },
        Err(Stopped::Memory { limit }) => Denied::Memory { limit },
        Err(Stopped::InputTooLarge { limit }) => Denied::InputTooLarge { limit },
        Err(Stopped::Engine { reason }) => Denied::Engine { reason },
    };
    Outcome::Deny { because }
}

const ALLOW: &str = "data.policy.allow";

#[cfg(test)]
mod tests;
