//! The one key to the store: a grant, which nothing but the resource policy's yes makes.

use std::collections::BTreeMap;

use decision_log::Digest;
use kbs_protocol::ResourcePath;
use policy::{Denied, Outcome, Request, ResourcePolicy};
use verifier::time::UnixTime;

use crate::token::{Judged, VerifiedToken};

/// Proof that the policy allowed one guest one resource; the store gives a secret for nothing else. Made by
/// [`authorize`] alone.
#[derive(Debug)]
pub struct Grant {
    path: ResourcePath,
    policy: Digest,
    rule: String,
}

/// Why there is no grant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGranted {
    /// The token's issuer may not open this resource, whatever the policy says.
    #[error("the token's issuer may not open this resource")]
    Outside,
    /// The policy does not allow it.
    #[error(transparent)]
    Policy(#[from] Denied),
}

/// Asks the policy about a request of whoever has this token, if its issuer may open the resource at all.
pub fn authorize(
    policy: &ResourcePolicy,
    token: &VerifiedToken,
    path: &ResourcePath,
    query: &BTreeMap<String, String>,
    now: UnixTime,
) -> Result<Grant, NotGranted> {
    match token.judged() {
        Judged::Elsewhere(scope) if !scope.covers(path) => return Err(NotGranted::Outside),
        Judged::Elsewhere(_) | Judged::Here { .. } => {}
    }
    let decision = policy.authorize(token.claims(), &Request { path, query }, now.secs());
    match decision.outcome {
        Outcome::Allow { rule } => Ok(Grant { path: path.clone(), policy: decision.policy, rule }),
        Outcome::Deny { because } => Err(because.into()),
    }
}

impl NotGranted {
    /// The reason in one word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Outside => "issuer-resources",
            Self::Policy(because) => because.word(),
        }
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

    /// The rule that allowed it.
    pub fn rule(&self) -> &str {
        &self.rule
    }
}

#[cfg(test)]
pub(crate) mod tests;
