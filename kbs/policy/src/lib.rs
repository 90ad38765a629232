//! The policy engine: which attested guest may have which secret, and what evidence is worth, in the operator's words.
//!
//! ```text
//! text ─ Rego or TOML, by its content ─▶ ResourcePolicy::compile ─ once ─▶ authorize(claims, request, now) ─▶ Decision
//! text ─ Rego ─▶ AttestationPolicy::compile ─ once ─▶ evaluate(evidence, reference values, now) ─▶ Appraised
//! ```
//!
//! ```
//! use std::collections::BTreeMap;
//! use kbs_protocol::ResourcePath;
//! use policy::{Limits, Outcome, Request, ResourcePolicy};
//!
//! let policy = ResourcePolicy::compile(ResourcePolicy::DEFAULT, Limits::default()).unwrap();
//! let path = ResourcePath::parse("models/key/llama").unwrap();
//! let request = Request { path: &path, query: &BTreeMap::new() };
//! let claims = serde_json::json!({"submods": {"cpu0": {"ear.status": "affirming"}}});
//! let decision = policy.authorize(&claims, &request, 1_775_000_000);
//! assert_eq!(decision.outcome, Outcome::Allow { rule: "data.policy.allow".to_owned() });
//! ```
//!
//! # Invariants
//!
//! * Policies are positive: whatever is missing, undefined, of another type, late, too large or broken denies.
//! * A decision is a function of the policy's text, the claims, the request and `now`: what reads a clock, randomness,
//!   the environment or the network is refused when the policy is compiled, by name, line and column.
//! * An evaluation ends in time for whoever asked. A stop is a denial with its own name.
//! * Nothing panics on a policy's text or on claims.
//!
//! # What is bounded, and what is not
//!
//! The text, the depth of its rules, the claims and what built-ins produce in one evaluation have fixed limits. What
//! the language itself makes (comprehensions, literals, arithmetic) ends with the time limit: regorus counts no
//! bytes unless it replaces the allocator of the whole program. One single step that never ends (the comparison of two
//! values that share their parts exponentially often) cannot be interrupted: the caller has its denial in time, the
//! thread goes on, and after a few of those the policy denies without being asked.
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::as_conversions
    )
)]

mod attestation;
mod decision;
mod declarative;
mod error;
mod limits;
mod rego;
mod resource;

pub use attestation::{Appraised, AttestationError, AttestationPolicy, Extension, TrustClaims};
pub use decision::{Condition, Decision, Denied, Outcome, Unmet};
pub use declarative::may_be_simulated;
pub use error::{Ambient, PolicyError, Position};
pub use limits::{Limits, POLICY_BYTES};
pub use resource::{Language, Request, ResourcePolicy};
