//! The published vectors: another verifier's tests can be made of `vectors/`, and ours are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reference_values::ReferenceValues;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use system_tests::summary::announce;
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::endorsements::Endorsements;
use verifier::evidence::Tee;
use verifier::expected::{Expect, Expected};
use verifier::policy::Policy;
use verifier::time::UnixTime;
use verifier::trust::Scope;
use verifier::verdict::{Context, Verdict, assess};

mod bits;
pub(crate) mod record;

/// One line of `cases.jsonl`; `vectors/README.md` says what each member means.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    id: String,
    /// The case among those of its test, in words; empty where the test has one.
    title: String,
    at: String,
    tee: Option<String>,
    evidence: String,
    endorsements: Vec<Endorsement>,
    roots: Vec<String>,
    report_data: Option<String>,
    host_data: Option<String>,
    appraise: String,
    /// What differs from the production profile.
    policy: Value,
    expect: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Endorsement {
    name: String,
    sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Outcome {
    verified: bool,
    exit_code: u8,
    tier: String,
    hardware: i8,
    configuration: i8,
    tcb_status: Option<String>,
    tcb_date: Option<String>,
    advisories: Vec<String>,
    /// The rule that ended the verification.
    error: Option<String>,
    /// Every failed check, in order.
    failed: Vec<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Blob {
    sha256: String,
    base64: String,
}

impl Outcome {
    fn of(verdict: &Verdict) -> Self {
        Self {
            verified: verdict.verified,
            exit_code: verdict.exit_code(),
            tier: verdict.tier.as_str().to_owned(),
            hardware: verdict.trust_vector.hardware,
            configuration: verdict.trust_vector.configuration,
            tcb_status: verdict.tcb.status.map(str::to_owned),
            tcb_date: verdict.tcb.date.map(|date| date.to_string()),
            advisories: verdict.tcb.advisories.clone(),
            error: verdict.error.as_ref().map(|error| error.kind.to_owned()),
            failed: verdict.failed().map(|check| check.id.to_owned()).collect(),
        }
    }
}

impl Vector {
    /// The verdict, from nothing but what the vector and its blobs say.
    fn judge(&self, blobs: &BTreeMap<String, Vec<u8>>) -> Verdict {
        let mut endorsements = Endorsements::new();
        for Endorsement { name, sha256 } in &self.endorsements {
            endorsements.add(name, &blobs[sha256]).unwrap();
        }
        let mut anchors = Anchors::vendor().unwrap();
        for (number, root) in self.roots.iter().enumerate() {
            anchors.danger_add(&format!("danger_vector_{number}"), &blobs[root]).unwrap();
        }
        let bytes = |text: &Option<String>| text.as_ref().map(|text| hex::decode(text).unwrap());
        let report_data = bytes(&self.report_data).map(|bytes| bytes.try_into().unwrap());
        let context = Context {
            endorsements: &endorsements,
            anchors: &anchors,
            expected: &Expected {
                report_data: report_data.map_or(Expect::NotChecked, Expect::Equals),
                host_data: bytes(&self.host_data).map_or(Expect::NotChecked, Expect::Equals),
            },
            wanted: Wanted { reference_values: &ReferenceValues::default(), expectations: &[] },
            policy: &serde_json::from_value(self.policy.clone()).unwrap(),
            scope: if self.appraise == "hardware" { Scope::Hardware } else { Scope::Full },
        };
        let tee = self.tee.as_ref().map(|tee| tee.parse::<Tee>().unwrap());
        assess(&blobs[&self.evidence], tee, &context, UnixTime::parse_rfc3339(&self.at).unwrap())
    }

    fn blobs(&self) -> impl Iterator<Item = &String> {
        let files = self.endorsements.iter().map(|given| &given.sha256);
        files.chain(&self.roots).chain([&self.evidence])
    }
}

#[test]
fn every_published_vector_comes_to_what_it_states() {
    let (vectors, blobs) = (published(), published_blobs());
    let mut wrong = Vec::new();
    for vector in &vectors {
        let found = Outcome::of(&vector.judge(&blobs));
        if found != vector.expect {
            wrong.push(format!("{}: {found:?}, stated is {:?}", vector.id, vector.expect));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
    let count = |what: &dyn Fn(&&Vector) -> bool| vectors.iter().filter(what).count();
    announce(&format!(
        "vectors: {} published cases, {} refused, {} of them at the form of the evidence, {} believed, {} affirming: all as stated",
        vectors.len(),
        count(&|vector| !vector.expect.verified),
        count(&|vector| vector.expect.error.is_some() && vector.expect.failed.is_empty()),
        count(&|vector| vector.expect.verified),
        count(&|vector| vector.expect.tier == "affirming"),
    ));
}

#[test]
fn published_vectors_are_whole_and_name_each_case_once() {
    let (vectors, blobs) = (published(), published_blobs());
    for (sha256, bytes) in &blobs {
        assert_eq!(hex::encode(Sha256::digest(bytes)), *sha256);
    }
    let used: BTreeSet<&String> = vectors.iter().flat_map(Vector::blobs).collect();
    assert_eq!(used, blobs.keys().collect(), "a blob without a case, or a case without its blob");
    let ids: BTreeSet<&String> = vectors.iter().map(|vector| &vector.id).collect();
    assert_eq!(ids.len(), vectors.len(), "an id stands twice");
    let schema: Value = serde_json::from_slice(&read("schema.json")).unwrap();
    for vector in &vectors {
        let value = serde_json::to_value(vector).unwrap();
        let members: BTreeSet<&String> = value.as_object().unwrap().keys().collect();
        assert_eq!(members, schema["properties"].as_object().unwrap().keys().collect(), "{}", vector.id);
        let expect: BTreeSet<&String> = value["expect"].as_object().unwrap().keys().collect();
        let described = schema["properties"]["expect"]["properties"].as_object().unwrap();
        assert_eq!(expect, described.keys().collect(), "{}", vector.id);
    }
}

#[test]
fn published_vectors_cover_every_status_product_form_and_rule() {
    let vectors = published();
    let statuses: BTreeSet<&str> =
        vectors.iter().filter_map(|one| one.expect.tcb_status.as_deref()).collect();
    for status in STATUSES {
        assert!(statuses.contains(status), "no vector comes to {status}");
    }
    let failed: BTreeSet<&String> = vectors.iter().flat_map(|one| &one.expect.failed).collect();
    let kinds: BTreeSet<&String> = vectors.iter().filter_map(|one| one.expect.error.as_ref()).collect();
    announce(&format!(
        "vectors: {} checks fail in one or more, {} kinds of refusal",
        failed.len(),
        kinds.len()
    ));
    assert!(
        vectors.len() > 400 && failed.len() > 40 && kinds.len() > 25,
        "{} {failed:?} {kinds:?}",
        vectors.len()
    );
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors")
}

fn read(name: &str) -> Vec<u8> {
    system_tests::fixtures::read(&folder().join(name))
}

fn lines<T: serde::de::DeserializeOwned>(name: &str) -> Vec<T> {
    let text = String::from_utf8(read(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn published() -> Vec<Vector> {
    lines("cases.jsonl")
}

fn published_blobs() -> BTreeMap<String, Vec<u8>> {
    let blobs: Vec<Blob> = lines("blobs.jsonl");
    blobs.into_iter().map(|blob| (blob.sha256, STANDARD.decode(blob.base64).unwrap())).collect()
}

/// What a policy changes of the production profile.
fn changed(policy: &Policy) -> Value {
    let (own, default) =
        (serde_json::to_value(policy).unwrap(), serde_json::to_value(Policy::default()).unwrap());
    difference(&own, &default).unwrap_or_else(|| Value::Object(Default::default()))
}

fn difference(own: &Value, default: &Value) -> Option<Value> {
    match (own, default) {
        (own, default) if own == default => None,
        (Value::Object(own), Value::Object(default)) => {
            let members = own.iter().filter_map(|(name, value)| {
                let known = default.get(name).unwrap_or(&Value::Null);
                Some((name.clone(), difference(value, known)?))
            });
            Some(Value::Object(members.collect()))
        }
        (own, _) => Some(own.clone()),
    }
}

/// Intel PCS API version 4, tcbStatus; what a TD's launch adds (Intel's QVL); and what matches no level.
const STATUSES: [&str; 10] = [
    "UpToDate",
    "SWHardeningNeeded",
    "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded",
    "OutOfDate",
    "OutOfDateConfigurationNeeded",
    "TDRelaunchAdvised",
    "TDRelaunchAdvisedConfigurationNeeded",
    "Revoked",
    "NoMatch",
];
