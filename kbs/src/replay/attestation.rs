//! Evidence judged again.

use decision_log::{Attestation, Digest, INPUTS, InputSet, Named};
use kbs_protocol::{HashAlgorithm, InitData, RawJson};
use reference_values::ReferenceValues;
use serde_json::Value;
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::endorsements::Endorsements;
use verifier::evidence::Tee;
use verifier::expected::{Expect, Expected};
use verifier::policy::Policy;
use verifier::time::UnixTime;
use verifier::trust::Scope;
use verifier::verdict::{Context, Verdict, assess};

use super::ReplayError;
use super::contents::{Contents, form, inputs};
use super::difference::Comparison;
use crate::attest::failed;
use crate::init_data::ReadInitData;

/// What a token says of an attestation, besides what the broker adds of its own.
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    pub(super) runtime_data: RawJson,
    pub(super) init_data: Option<Value>,
    pub(super) reference_values: Digest,
}

/// The operator's inputs, read.
struct Given {
    endorsements: Endorsements,
    anchors: Anchors,
    reference_values: ReferenceValues,
    policy: Policy,
}

/// What the hardware must have signed, made of what the guest sent.
struct Binding {
    report_data: [u8; 64],
    host_data: Option<Vec<u8>>,
    runtime_data: RawJson,
    init_data: Option<Value>,
}

/// Judges the evidence again at the instant `at`, and compares all that the record says of it.
pub(super) fn replay(
    at: i64,
    record: &Attestation,
    contents: &Contents,
    comparison: &mut Comparison,
) -> Result<Judged, ReplayError> {
    let evidence = contents.get("evidence", &record.evidence)?;
    let tee: Tee = record.tee.parse().map_err(|error| form("tee", record.evidence, &error))?;
    // 1. What the evidence must be bound to is computed, and what the record says of it compared.
    let bound = bind(record, tee, contents)?;
    comparison.text("report-data", &record.report_data, &hex::encode(bound.report_data));
    let host_data = bound.host_data.as_ref().map(hex::encode);
    comparison.text("host-data", or_none(&record.host_data), or_none(&host_data));
    // 2. The operator's inputs.
    let set = inputs(record.inputs, contents.get(INPUTS, &record.inputs)?)?;
    let given = Given::read(&set, contents)?;
    // 3. The verdict.
    let expected = Expected {
        report_data: Expect::Equals(bound.report_data),
        host_data: bound.host_data.map_or(Expect::NotChecked, Expect::Equals),
    };
    let context = Context {
        endorsements: &given.endorsements,
        anchors: &given.anchors,
        expected: &expected,
        wanted: Wanted { reference_values: &given.reference_values, expectations: &[] },
        policy: &given.policy,
        scope: Scope::Full,
    };
    let verdict = assess(evidence, Some(tee), &context, UnixTime::from_secs(at));
    // 4. The result.
    comparison.text("verified", &record.verified.to_string(), &verdict.verified.to_string());
    comparison.text("tier", &record.tier, verdict.tier.as_str());
    comparison.text("failed", &record.failed.join(" "), &failed(&verdict).join(" "));
    let recorded = contents.get("verdict", &record.verdict)?;
    let again = serde_json::to_vec(&verdict).map_err(|error| form("verdict", record.verdict, &error))?;
    comparison.json("verdict", recorded, &again, VERSION_OF_VERDICT);
    let reference_values = Digest::of(given.reference_values.canonical().as_bytes());
    let (runtime_data, init_data) = (bound.runtime_data, bound.init_data);
    Ok(Judged { verdict, runtime_data, init_data, reference_values })
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
    Ok(Binding { report_data: digest.report_data(), host_data, runtime_data, init_data })
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
        Ok(Self { endorsements, anchors, reference_values, policy })
    }
}

fn or_none(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or("none")
}

/// The one member of a verdict that names the version which judged.
const VERSION_OF_VERDICT: &str = "/verifier/version";
