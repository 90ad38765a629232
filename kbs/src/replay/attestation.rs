//! Evidence judged again.

use decision_log::{Appraisal, Attestation, Digest, INPUTS, InputSet, Named};
use kbs_protocol::limits::ATTESTATION_BYTES;
use kbs_protocol::{HashAlgorithm, InitData, RawJson, RuntimeData, from_slice};
use policy::Limits;
use reference_values::ReferenceValues;
use serde::Deserialize;
use serde_json::Value;
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::endorsements::Endorsements;
use verifier::evidence::Tee;
use verifier::expected::{Expect, Expected};
use verifier::policy::Policy;
use verifier::result::{
    Device as DeviceResult, Parts as Results, Profile, ResultContext, Session, encode_parts,
};
use verifier::time::UnixTime;
use verifier::trust::Scope;
use verifier::verdict::{Context, Verdict, assess};

use super::contents::{Contents, form, inputs};
use super::difference::Comparison;
use super::{POLICY_TIME, ReplayError};
use crate::attest::appraisal::Judged;
use crate::attest::devices::{self, Device, DeviceError};
use crate::attest::{failed, gets_token};
use crate::init_data::ReadInitData;
use crate::uploaded::Uploaded;

/// Everything that was judged.
struct Parts {
    cpu: Judged,
    devices: Vec<(Device, Judged)>,
}

/// The operator's inputs, read.
struct Given {
    endorsements: Endorsements,
    anchors: Anchors,
    reference_values: ReferenceValues,
    policy: Policy,
    uploaded: Uploaded,
}

/// What the hardware must have signed, made of what the guest sent.
struct Binding {
    report_data: [u8; 64],
    host_data: Option<Vec<u8>>,
    runtime_data: RawJson,
    init_data: Option<Value>,
    hash: HashAlgorithm,
}

/// The runtime data in the form that is hashed.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Covered {
    additional_evidence: String,
    nonce: String,
    tee_pubkey: RawJson,
}

/// Judges the evidence again at the instant `at`, and compares all that the record says of it.
pub(super) fn replay(
    at: i64,
    record: &Attestation,
    contents: &Contents,
    comparison: &mut Comparison,
) -> Result<(), ReplayError> {
    let evidence = contents.get("evidence", &record.evidence)?;
    let tee: Tee = record.tee.parse().map_err(|error| form("tee", record.evidence, &error))?;
    let now = UnixTime::from_secs(at);
    // 1. What the evidence must be bound to is computed, and what the record says of it compared.
    let bound = bind(record, tee, contents)?;
    comparison.text("report-data", &record.report_data, &hex::encode(bound.report_data));
    let host_data = bound.host_data.as_ref().map(hex::encode);
    comparison.text("host-data", or_none(record.host_data.as_ref()), or_none(host_data.as_ref()));
    // 2. The operator's inputs.
    let set = inputs(record.inputs, contents.get(INPUTS, &record.inputs)?)?;
    let given = Given::read(&set, contents)?;
    // 3. The verdict.
    let expected = Expected {
        report_data: Expect::Equals(bound.report_data),
        host_data: bound.host_data.clone().map_or(Expect::NotChecked, Expect::Equals),
    };
    let verdict = given.judge(evidence, tee, &expected, now);
    comparison.text("verified", &record.verified.to_string(), &verdict.verified.to_string());
    comparison.text("tier", &record.tier, verdict.tier.as_str());
    comparison.text("failed", &record.failed.join(" "), &failed(&verdict).join(" "));
    compare_verdict("verdict", &record.verdict, &verdict, contents, comparison)?;
    // 4. What the operator's policy said of it, and the devices beside it.
    let believed = verdict.error.is_none();
    // For whom a token is made is nothing that a policy is told.
    let session = bound.session("", record.epoch);
    let cpu = given.ask(verdict, "cpu", &session, record.appraisal.as_ref(), now, comparison);
    let devices = if believed { bound.devices(record, &given)? } else { Vec::new() };
    let devices = given.judge_devices(record, devices, now, contents, comparison)?;
    // 5. The whole result, of which the token was made.
    let matched = cpu.verdict.matched_reference().map(str::to_owned);
    let (recorded, matched) = (record.reference_value.as_ref(), matched.as_ref());
    comparison.text("reference-value", or_none(recorded), or_none(matched));
    compare_claims(record, &Parts { cpu, devices }, &bound, &given, contents, comparison)
}

/// Who issued a token and until when is the broker's own; everything else in the claims follows from the verdicts.
fn compare_claims(
    record: &Attestation,
    parts: &Parts,
    bound: &Binding,
    given: &Given,
    contents: &Contents,
    comparison: &mut Comparison,
) -> Result<(), ReplayError> {
    let gets_token = parts.verdicts().all(gets_token);
    let Some(digest) = record.claims else {
        comparison.text("claims", "none", if gets_token { "a result" } else { "none" });
        return Ok(());
    };
    let refused = |error: &dyn ToString| form("claims", digest, error);
    let recorded = contents.get("claims", &digest)?;
    let claims: Value = serde_json::from_slice(recorded).map_err(|error| refused(&error))?;
    let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
    let context = ResultContext {
        issuer: Some(issuer),
        expires: claims.get("exp").and_then(Value::as_i64).map(UnixTime::from_secs),
        reference_values: *Digest::of(given.reference_values.canonical().as_bytes()).as_bytes(),
        expectations: &[],
        session: Some(bound.session(issuer, record.epoch)),
    };
    let devices = parts.devices.iter().map(|(device, part)| DeviceResult {
        name: device.name,
        verdict: &part.verdict,
        runtime_data: &device.runtime_data,
        policy: part.policy.as_ref(),
    });
    let devices: Vec<DeviceResult<'_>> = devices.collect();
    let results = Results { policy: parts.cpu.policy.as_ref(), devices: &devices };
    let again = encode_parts(&parts.cpu.verdict, Profile::Trustee, &context, &results);
    let again = again.map_err(|error| refused(&error))?;
    let again = if gets_token { again } else { b"none".to_vec() };
    comparison.json("claims", recorded, &again, VERSION_OF_CLAIMS);
    Ok(())
}

fn bind(record: &Attestation, tee: Tee, contents: &Contents) -> Result<Binding, ReplayError> {
    let text = contents.text("runtime-data", &record.runtime_data)?;
    let refused = |reason: &dyn ToString| form("runtime-data", record.runtime_data, reason);
    let runtime_data = RawJson::parse(text).map_err(|error| refused(&error))?;
    let hash = HashAlgorithm::parse(&record.hash).ok_or_else(|| refused(&"an unknown hash algorithm"))?;
    // The blob is the canonical text itself: what is hashed is what was hashed.
    let digest = hash.digest(text.as_bytes()).map_err(|error| refused(&error))?;
    let read = match &record.init_data {
        None => None,
        Some(digest) => {
            let body = contents.text("init-data", digest)?.to_owned();
            let init_data = InitData { format: "toml".to_owned(), body };
            let refused = |error| form("init-data", *digest, &error);
            let read = ReadInitData::read(&init_data).map_err(refused)?;
            let host_data = read.host_data(tee).map_err(refused)?;
            Some((host_data, read.claims().clone()))
        }
    };
    let (host_data, init_data) = read.unzip();
    Ok(Binding { report_data: digest.report_data(), host_data, runtime_data, init_data, hash })
}

impl Parts {
    fn verdicts(&self) -> impl Iterator<Item = &Verdict> {
        let devices = self.devices.iter().map(|(_, part)| &part.verdict);
        std::iter::once(&self.cpu.verdict).chain(devices)
    }
}

impl Binding {
    /// The session as a result tells of it.
    fn session<'a>(&'a self, audience: &'a str, epoch: u64) -> Session<'a> {
        Session {
            audience,
            runtime_data: self.runtime_data.get(),
            init_data_claims: self.init_data.as_ref(),
            decision: None,
            epoch: Some(epoch),
        }
    }

    /// The devices whose evidence the runtime data covers.
    fn devices(&self, record: &Attestation, given: &Given) -> Result<Vec<Device>, ReplayError> {
        let refused = |reason: &dyn ToString| form("runtime-data", record.runtime_data, reason);
        let text = self.runtime_data.get().as_bytes();
        let Covered { additional_evidence, nonce, tee_pubkey } =
            from_slice("runtime-data", text, ATTESTATION_BYTES).map_err(|error| refused(&error))?;
        let runtime = RuntimeData { nonce, tee_pubkey };
        let accept_sample = given.policy.danger_accept_sample;
        devices::read(&additional_evidence, &runtime, self.hash, accept_sample).map_err(|error| match error {
            DeviceError::Refused(refusal) => refused(&refusal),
            DeviceError::Binding(error) => refused(&error),
        })
    }
}

impl Given {
    fn read(set: &InputSet, contents: &Contents) -> Result<Self, ReplayError> {
        let policy = contents.get("policy", &set.policy)?;
        let policy = serde_json::from_slice(policy).map_err(|error| form("policy", set.policy, &error))?;
        let mut reference_values = ReferenceValues::default();
        for Named { content, .. } in &set.reference_values {
            let what = "reference-values";
            let text = contents.text(what, content)?;
            let merged = ReferenceValues::parse_toml(text).and_then(|read| reference_values.merge(read));
            reference_values = merged.map_err(|error| form(what, *content, &error))?;
        }
        let mut endorsements = Endorsements::new();
        for Named { name, content } in &set.endorsements {
            let what = "endorsement";
            let added = endorsements.add(name, contents.get(what, content)?);
            added.map_err(|error| form(what, *content, &error))?;
        }
        let pinned = Anchors::vendor();
        let mut anchors = pinned.map_err(|error| form("anchors", set.policy, &error))?;
        for Named { name, content } in &set.danger_roots {
            let what = "danger-root";
            let added = anchors.danger_add(name, contents.get(what, content)?);
            added.map_err(|error| form(what, *content, &error))?;
        }
        Ok(Self { endorsements, anchors, reference_values, policy, uploaded: uploaded(set, contents)? })
    }

    fn judge(&self, evidence: &[u8], tee: Tee, expected: &Expected, now: UnixTime) -> Verdict {
        let context = Context {
            endorsements: &self.endorsements,
            anchors: &self.anchors,
            expected,
            wanted: Wanted { reference_values: &self.reference_values, expectations: &[] },
            policy: &self.policy,
            scope: Scope::Full,
        };
        assess(evidence, Some(tee), &context, now)
    }

    /// Asks the attestation policy of a class again, and compares its answer.
    fn ask(
        &self,
        verdict: Verdict,
        class: &str,
        session: &Session<'_>,
        recorded: Option<&Appraisal>,
        now: UnixTime,
        comparison: &mut Comparison,
    ) -> Judged {
        let (judged, answer) = match Judged::new(verdict.clone(), class, session, &self.uploaded, now) {
            Ok(judged) => {
                let answer = judged.record().as_ref().map(said);
                (judged, answer)
            }
            Err(error) => (Judged::alone(verdict), Some(error.to_string())),
        };
        let recorded = recorded.map(said);
        if recorded.is_some() || answer.is_some() {
            let what = format!("attestation-policy.{class}");
            comparison.text(&what, or_none(recorded.as_ref()), or_none(answer.as_ref()));
        }
        judged
    }

    fn judge_devices(
        &self,
        attested: &Attestation,
        devices: Vec<Device>,
        now: UnixTime,
        contents: &Contents,
        comparison: &mut Comparison,
    ) -> Result<Vec<(Device, Judged)>, ReplayError> {
        let names = |names: Vec<&str>| names.join(" ");
        let recorded = names(attested.devices.iter().map(|device| device.name.as_str()).collect());
        let found = names(devices.iter().map(|device| device.name).collect());
        if !(recorded.is_empty() && found.is_empty()) {
            comparison.text("devices", &recorded, &found);
        }
        let mut judged = Vec::new();
        for (device, record) in devices.into_iter().zip(&attested.devices) {
            let expected =
                Expected { report_data: Expect::Equals(device.report_data), host_data: Expect::NotChecked };
            let evidence = device.evidence.get().as_bytes();
            let verdict = self.judge(evidence, device.tee, &expected, now);
            let name = device.name;
            for (what, recorded, replayed) in [
                ("evidence", record.evidence.to_string(), Digest::of(evidence).to_string()),
                ("report-data", record.report_data.clone(), hex::encode(device.report_data)),
                ("verified", record.verified.to_string(), verdict.verified.to_string()),
                ("tier", record.tier.clone(), verdict.tier.as_str().to_owned()),
                ("failed", record.failed.join(" "), failed(&verdict).join(" ")),
            ] {
                comparison.text(&format!("{name}.{what}"), &recorded, &replayed);
            }
            compare_verdict(&format!("{name}.verdict"), &record.verdict, &verdict, contents, comparison)?;
            let runtime_data = device.runtime_data.clone();
            let session = Session {
                audience: "",
                runtime_data: &runtime_data,
                init_data_claims: None,
                decision: None,
                epoch: Some(attested.epoch),
            };
            let appraisal = record.appraisal.as_ref();
            let answer = self.ask(verdict, device.class, &session, appraisal, now, comparison);
            judged.push((device, answer));
        }
        Ok(judged)
    }
}

/// The attestation policies of the inputs, with what they could ask for.
fn uploaded(set: &InputSet, contents: &Contents) -> Result<Uploaded, ReplayError> {
    let Some(values) = set.policy_reference_values.first() else { return Ok(Uploaded::default()) };
    let what = "attestation-policy";
    let mut policies = Vec::new();
    for Named { name, content } in &set.attestation_policies {
        policies.push((name.as_str(), contents.text(what, content)?));
    }
    let values = contents.get("policy-reference-values", &values.content)?;
    let limits = Limits { time: POLICY_TIME, ..Limits::default() };
    Uploaded::of_inputs(policies, values, limits).map_err(|error| form(what, set.policy, &error))
}

fn compare_verdict(
    what: &str,
    recorded: &Digest,
    verdict: &Verdict,
    contents: &Contents,
    comparison: &mut Comparison,
) -> Result<(), ReplayError> {
    let again = serde_json::to_vec(verdict).map_err(|error| form("verdict", *recorded, &error))?;
    comparison.json(what, contents.get("verdict", recorded)?, &again, VERSION_OF_VERDICT);
    Ok(())
}

fn said(appraisal: &Appraisal) -> String {
    let Appraisal { id, policy, said, tier } = appraisal;
    format!("{tier} by {id} {policy}: {said}")
}

fn or_none(text: Option<&String>) -> &str {
    text.map_or("none", String::as_str)
}

/// The one member of a verdict that names the version which judged.
const VERSION_OF_VERDICT: &str = "/verifier/version";
/// The one member of a result's claims that names the version which wrote them.
const VERSION_OF_CLAIMS: &str = "/ear.verifier-id/build";
