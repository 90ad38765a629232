//! A release, a denial or a token for a cloud, decided again: the attestation that it rests on, the claims, the policy.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use decision_log::{ATTESTATION, Body, Denial, Digest, Federation, Release};
use kbs_protocol::ResourcePath;
use policy::{Limits, Outcome, Request, ResourcePolicy};
use serde_json::Value;

use super::contents::{Contents, attestation, form};
use super::difference::Comparison;
use super::{POLICY_TIME, ReplayError, SOFTWARE};
use crate::release::detail;
use crate::token::with_decision;

/// What was asked of the policy.
struct Asked<'a> {
    attestation: Option<Digest>,
    foreign_issuer: Option<&'a str>,
    token: Digest,
    resource: &'a str,
    query: &'a BTreeMap<String, String>,
    policy: Digest,
}

pub(super) fn replay_release(
    at: i64,
    release: &Release,
    contents: &Contents,
    comparison: &mut Comparison,
) -> Result<(), ReplayError> {
    let asked = Asked {
        attestation: release.attestation,
        foreign_issuer: release.foreign_issuer.as_deref(),
        token: release.token,
        resource: &release.resource,
        query: &release.query,
        policy: release.resource_policy,
    };
    let claims = asked.claims(at, contents, comparison)?;
    if release.foreign_issuer.is_none() {
        let key = claims.pointer("/cnf/jwk").map(|jwk| Digest::of(jwk.to_string().as_bytes()).to_string());
        comparison.text("tee-key", &release.tee_key.to_string(), key.as_deref().unwrap_or("none"));
    }
    let (outcome, rule) = match asked.decide(at, &claims, contents)? {
        Outcome::Allow { rule } => ("allow", rule),
        Outcome::Deny { because } => ("deny", because.word().to_owned()),
    };
    comparison.text("outcome", "allow", outcome);
    comparison.text("rule", &release.rule, &rule);
    Ok(())
}

pub(super) fn replay_denial(
    at: i64,
    denial: &Denial,
    contents: &Contents,
    comparison: &mut Comparison,
) -> Result<(), ReplayError> {
    let asked = Asked {
        attestation: denial.attestation,
        foreign_issuer: denial.foreign_issuer.as_deref(),
        token: denial.token,
        resource: &denial.resource,
        query: &denial.query,
        policy: denial.resource_policy,
    };
    let claims = asked.claims(at, contents, comparison)?;
    if let Some((_, why)) = NOT_ASKED_AGAIN.iter().find(|(reason, _)| *reason == denial.reason) {
        comparison.warn(why);
        return Ok(());
    }
    let (outcome, reason, lines) = match asked.decide(at, &claims, contents)? {
        Outcome::Allow { rule } => ("allow", rule, Vec::new()),
        Outcome::Deny { because } => {
            let word = because.word().to_owned();
            ("deny", word, detail(&because.into()))
        }
    };
    comparison.text("outcome", "deny", outcome);
    comparison.text("reason", &denial.reason, &reason);
    comparison.text("detail", &denial.detail.join("; "), &lines.join("; "));
    Ok(())
}

/// A token for a cloud follows from an affirmed attestation and the name of its reference value.
pub(super) fn replay_federation(
    at: i64,
    federation: &Federation,
    contents: &Contents,
    comparison: &mut Comparison,
) -> Result<(), ReplayError> {
    let (claims, workload) = attested(at, federation.attestation, contents, comparison)?;
    let status = claims.pointer(STATUS).and_then(Value::as_str).unwrap_or("none");
    comparison.text("tier", "affirming", status);
    let named = workload.is_some_and(|name| federation.subject.ends_with(&format!(":workload:{name}")));
    comparison.text(
        "subject",
        &federation.subject,
        if named { &federation.subject } else { "another workload" },
    );
    comparison.warn("the token that was issued is named by its SHA-256 and not kept");
    Ok(())
}

/// The attestation judged again; the claims that it comes to, and the name of its reference value.
fn attested(
    at: i64,
    id: Digest,
    contents: &Contents,
    comparison: &mut Comparison,
) -> Result<(Value, Option<String>), ReplayError> {
    let record = attestation(id, contents.get(ATTESTATION, &id)?)?;
    let Body::Attestation(attested) = record.decision else {
        return Err(form(ATTESTATION, id, "not the record of an attestation"));
    };
    comparison.decided_by(&record.software, SOFTWARE);
    comparison.under("attestation.");
    super::attestation::replay(record.at, &attested, contents, comparison)?;
    comparison.under("");
    let Some(digest) = attested.claims else {
        return Err(form(ATTESTATION, id, "no token came of this attestation"));
    };
    // What the policy is asked about is the whole result with the id of its record.
    let claims = with_decision(contents.get("claims", &digest)?, &id.to_string());
    let claims = claims.map_err(|error| form("claims", digest, &error))?;
    let number = |name| claims.get(name).and_then(Value::as_i64);
    let in_time = number("iat").is_some_and(|iat| iat <= at) && number("exp").is_some_and(|exp| at < exp);
    comparison.text("token-time", "holds", if in_time { "holds" } else { "is over or still to come" });
    Ok((claims, attested.reference_value))
}

impl Asked<'_> {
    /// The claims that the policy was asked about.
    fn claims(
        &self,
        at: i64,
        contents: &Contents,
        comparison: &mut Comparison,
    ) -> Result<Value, ReplayError> {
        if let Some(id) = self.attestation {
            return attested(at, id, contents, comparison).map(|(claims, _)| claims);
        }
        let issuer = self.foreign_issuer.unwrap_or("nobody");
        comparison.warn(&format!(
            "the token is of the issuer {issuer:?}: what it says was believed, under a key that no record names"
        ));
        let refused = |reason: &dyn ToString| form("token", self.token, reason);
        let payload = contents.text("token", &self.token)?.split('.').nth(1).unwrap_or_default();
        let claims = URL_SAFE_NO_PAD.decode(payload).map_err(|error| refused(&error))?;
        serde_json::from_slice(&claims).map_err(|error| refused(&error))
    }

    fn decide(&self, at: i64, claims: &Value, contents: &Contents) -> Result<Outcome, ReplayError> {
        let what = "resource-policy";
        let text = contents.text(what, &self.policy)?;
        let limits = Limits { time: POLICY_TIME, ..Limits::default() };
        let policy =
            ResourcePolicy::compile(text, limits).map_err(|error| form(what, self.policy, &error))?;
        let path = self.resource.strip_prefix("kbs:///").unwrap_or_default();
        let path = ResourcePath::parse(path).map_err(|error| form("resource", self.policy, &error))?;
        Ok(policy.authorize(claims, &Request { path: &path, query: self.query }, at).outcome)
    }
}

/// Denials that do not follow from what a record names, and why.
const NOT_ASKED_AGAIN: [(&str, &str); 2] = [
    (
        "timed-out",
        "the broker stopped the policy at its time limit: how fast a machine was is no input, and the outcome was not \
         compared",
    ),
    (
        "issuer-resources",
        "the configuration did not let this issuer open the resource: the policy was not asked, and the outcome was \
         not compared",
    ),
];
/// The tier in the claims.
const STATUS: &str = "/submods/cpu0/ear.status";
