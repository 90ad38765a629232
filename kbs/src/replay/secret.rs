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
use crate::federation::{is_affirming, subject};
use crate::release::detail;
use crate::token::with_decision;

/// What was asked of the policy.
struct Asked<'a> {
    attestation: Option<Digest>,
    foreign_issuer: Option<&'a str>,
    epoch: u64,
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
        epoch: release.epoch,
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
        epoch: denial.epoch,
        token: denial.token,
        resource: &denial.resource,
        query: &denial.query,
        policy: denial.resource_policy,
    };
    let claims = asked.claims(at, contents, comparison)?;
    // An issuer of one's own has no list of resources.
    let cannot_be = |reason: &str| reason == ISSUER_RESOURCES && denial.attestation.is_some();
    let skipped = NOT_ASKED_AGAIN.iter().find(|(reason, _)| *reason == denial.reason && !cannot_be(reason));
    if let Some((_, why)) = skipped {
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
    let Attested { claims, workload, epoch } = attested(at, federation.attestation, contents, comparison)?;
    comparison.text("epoch", &federation.epoch.to_string(), &epoch.to_string());
    comparison.text("tier", "affirming", if is_affirming(&claims) { "affirming" } else { "not affirming" });
    // The tenant is the configuration's, which no record names; it has no colon, so the rest is the workload.
    let tenant = federation.subject.strip_prefix("tenant:").and_then(|rest| rest.split(':').next());
    let subject = workload.and_then(|workload| subject(tenant.unwrap_or_default(), &workload).ok());
    comparison.text("subject", &federation.subject, subject.as_deref().unwrap_or("no workload"));
    let life = federation.expires.saturating_sub(at);
    let bounded = (1..=LONGEST_SECONDS).contains(&life);
    comparison.text("expires", "within an hour", if bounded { "within an hour" } else { "at another time" });
    comparison.warn("the token that was issued is named by its SHA-256 and not kept");
    Ok(())
}

/// What an attestation that was judged again comes to.
struct Attested {
    claims: Value,
    /// The name of its reference value.
    workload: Option<String>,
    /// Of the settings under which it was judged; a token of another epoch opens nothing.
    epoch: u64,
}

/// The attestation judged again.
fn attested(
    at: i64,
    id: Digest,
    contents: &Contents,
    comparison: &mut Comparison,
) -> Result<Attested, ReplayError> {
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
    Ok(Attested { claims, workload: attested.reference_value, epoch: attested.epoch })
}

impl Asked<'_> {
    /// The claims that the policy was asked about.
    fn claims(
        &self,
        at: i64,
        contents: &Contents,
        comparison: &mut Comparison,
    ) -> Result<Value, ReplayError> {
        let issuer = match (self.attestation, self.foreign_issuer) {
            (Some(id), None) => {
                let attested = attested(at, id, contents, comparison)?;
                comparison.text("epoch", &self.epoch.to_string(), &attested.epoch.to_string());
                return Ok(attested.claims);
            }
            (None, Some(issuer)) => issuer,
            (Some(_), Some(_)) | (None, None) => {
                let reason = "it is of one issuer, this broker or another: the record names both, or none";
                return Err(form("token", self.token, reason));
            }
        };
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
        ISSUER_RESOURCES,
        "the configuration did not let this issuer open the resource: the policy was not asked, and the outcome was \
         not compared",
    ),
];
const ISSUER_RESOURCES: &str = "issuer-resources";
/// The most that a token for a cloud may live.
const LONGEST_SECONDS: i64 = 3600;
