//! A release or a denial decided again: the attestation that it rests on, the claims, the resource policy.

use std::collections::BTreeMap;

use decision_log::{ATTESTATION, Body, Denial, Digest, Release};
use kbs_protocol::ResourcePath;
use policy::{Limits, Outcome, Request, ResourcePolicy};
use serde_json::Value;
use verifier::result::{Device as DeviceResult, Parts, Profile, ResultContext, Session, encode_parts};
use verifier::time::UnixTime;

use super::contents::{Contents, attestation, form};
use super::difference::Comparison;
use super::{POLICY_TIME, ReplayError, SOFTWARE};
use crate::release::detail;

/// What was asked of the policy.
struct Asked<'a> {
    attestation: Digest,
    input: Digest,
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
        input: release.input,
        resource: &release.resource,
        query: &release.query,
        policy: release.resource_policy,
    };
    let claims = asked.claims(at, contents, comparison)?;
    let key = claims.pointer("/cnf/jwk").map(|jwk| Digest::of(jwk.to_string().as_bytes()).to_string());
    comparison.text("tee-key", &release.tee_key.to_string(), key.as_deref().unwrap_or("none"));
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
        input: denial.input,
        resource: &denial.resource,
        query: &denial.query,
        policy: denial.resource_policy,
    };
    let claims = asked.claims(at, contents, comparison)?;
    if denial.reason == TIMED_OUT {
        comparison.warn(
            "the broker stopped the policy at its time limit: how fast a machine was is no input, and the outcome was not compared",
        );
        return Ok(());
    }
    let (outcome, reason, lines) = match asked.decide(at, &claims, contents)? {
        Outcome::Allow { rule } => ("allow", rule, Vec::new()),
        Outcome::Deny { because } => ("deny", because.word().to_owned(), detail(&because)),
    };
    comparison.text("outcome", "deny", outcome);
    comparison.text("reason", &denial.reason, &reason);
    comparison.text("detail", &denial.detail.join("; "), &lines.join("; "));
    Ok(())
}

impl Asked<'_> {
    /// The claims that the policy was asked about, held against the attestation that they are about, judged again.
    fn claims(
        &self,
        at: i64,
        contents: &Contents,
        comparison: &mut Comparison,
    ) -> Result<Value, ReplayError> {
        let recorded = contents.get("input", &self.input)?;
        let refused = |error: &dyn ToString| form("input", self.input, error);
        let claims: Value = serde_json::from_slice(recorded).map_err(|error| refused(&error))?;
        let record = attestation(self.attestation, contents.get(ATTESTATION, &self.attestation)?)?;
        let Body::Attestation(attested) = &record.decision else {
            return Err(form(ATTESTATION, self.attestation, "not the record of an attestation"));
        };
        comparison.decided_by(&record.software, SOFTWARE);
        comparison.under("attestation.");
        let judged = super::attestation::replay(record.at, attested, contents, comparison)?;
        comparison.under("");
        // Who issued the token and until when is the broker's own; everything else follows from the verdict.
        let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
        let number = |name| claims.get(name).and_then(Value::as_i64);
        let context = ResultContext {
            issuer: Some(issuer),
            expires: number("exp").map(UnixTime::from_secs),
            reference_values: *judged.reference_values.as_bytes(),
            expectations: &[],
            session: Some(Session {
                audience: issuer,
                runtime_data: judged.runtime_data.get(),
                init_data_claims: judged.init_data.as_ref(),
                decision: &self.attestation.to_string(),
            }),
        };
        let parts = judged.devices.iter().map(|(device, part)| DeviceResult {
            name: device.name,
            verdict: &part.verdict,
            runtime_data: &device.runtime_data,
            policy: part.policy.as_ref(),
        });
        let devices: Vec<DeviceResult<'_>> = parts.collect();
        let parts = Parts { policy: judged.cpu.policy.as_ref(), devices: &devices };
        let again = encode_parts(&judged.cpu.verdict, Profile::Trustee, &context, &parts);
        let again = again.map_err(|error| refused(&error))?;
        let again: Value = serde_json::from_slice(&again).map_err(|error| refused(&error))?;
        comparison.json("input", recorded, again.to_string().as_bytes(), VERSION_OF_CLAIMS);
        let in_time = number("iat").is_some_and(|iat| iat <= at) && number("exp").is_some_and(|exp| at < exp);
        comparison.text("token-time", "holds", if in_time { "holds" } else { "is over or still to come" });
        Ok(claims)
    }

    fn decide(&self, at: i64, claims: &Value, contents: &Contents) -> Result<Outcome, ReplayError> {
        let what = "resource-policy";
        let text = contents.text(what, &self.policy)?;
        // More time than any broker gives: a slow machine must not change what a decision was.
        let limits = Limits { time: POLICY_TIME, ..Limits::default() };
        let policy =
            ResourcePolicy::compile(text, limits).map_err(|error| form(what, self.policy, &error))?;
        let path = self.resource.strip_prefix("kbs:///").unwrap_or_default();
        let path = ResourcePath::parse(path).map_err(|error| form("resource", self.input, &error))?;
        Ok(policy.authorize(claims, &Request { path: &path, query: self.query }, at).outcome)
    }
}

/// The reason of a denial by the clock.
const TIMED_OUT: &str = "timed-out";
/// The one member of a token's claims that names the version which wrote them.
const VERSION_OF_CLAIMS: &str = "/ear.verifier-id/build";
