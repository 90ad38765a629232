//! The published vectors through the portable backend, which this package alone builds: every case comes to what it states.

use std::collections::BTreeMap;
use std::fs::read_to_string;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reference_values::{ReferenceValues, parse_expectation};
use serde_json::{Value, json};
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::endorsements::Endorsements;
use verifier::evidence::Tee;
use verifier::expected::{Expect, Expected};
use verifier::time::UnixTime;
use verifier::trust::Scope;
use verifier::verdict::{Context, Verdict, assess};

type Blobs = BTreeMap<String, Vec<u8>>;

#[test]
fn every_published_vector_comes_to_what_it_states() {
    let blobs: Blobs = lines("blobs.jsonl")
        .iter()
        .map(|blob| (text(&blob["sha256"]).to_owned(), STANDARD.decode(text(&blob["base64"])).unwrap()))
        .collect();
    let cases = lines("cases.jsonl");
    for case in &cases {
        let verdict = judge(case, &blobs);
        let found = json!({
            "verified": verdict.verified,
            "exit_code": verdict.exit_code(),
            "tier": verdict.tier,
            "hardware": verdict.trust_vector.hardware,
            "configuration": verdict.trust_vector.configuration,
            "executables": verdict.trust_vector.executables,
            "tcb_status": verdict.tcb.status,
            "tcb_date": verdict.tcb.date,
            "advisories": verdict.tcb.advisories,
            "error": verdict.error.as_ref().map(|error| error.kind),
            "failed": verdict.failed().map(|check| check.id).collect::<Vec<_>>(),
        });
        assert_eq!(found, case["expect"], "{} {}", case["id"], case["title"]);
    }
    assert!(cases.len() > 1500, "{}", cases.len());
    println!("summary: {} vectors with the portable backend, all as stated", cases.len());
}

fn judge(case: &Value, blobs: &Blobs) -> Verdict {
    let mut endorsements = Endorsements::new();
    for given in list(&case["endorsements"]) {
        endorsements.add(text(&given["name"]), &blobs[text(&given["sha256"])]).unwrap();
    }
    let mut anchors = Anchors::vendor().unwrap();
    for (number, root) in list(&case["roots"]).iter().enumerate() {
        anchors.danger_add(&format!("danger_vector_{number}"), &blobs[text(root)]).unwrap();
    }
    let bytes = |value: &Value| value.as_str().map(|text| hex::decode(text).unwrap());
    let report_data = bytes(&case["report_data"]).map(|bytes| bytes.try_into().unwrap());
    let reference_values = case["reference_values"].as_str();
    let reference_values = reference_values.map(|text| ReferenceValues::parse_toml(text).unwrap());
    let expectations = list(&case["expectations"]).iter().map(|one| parse_expectation(text(one)).unwrap());
    let context = Context {
        endorsements: &endorsements,
        anchors: &anchors,
        expected: &Expected {
            report_data: report_data.map_or(Expect::NotChecked, Expect::Equals),
            host_data: bytes(&case["host_data"]).map_or(Expect::NotChecked, Expect::Equals),
        },
        wanted: Wanted {
            reference_values: &reference_values.unwrap_or_default(),
            expectations: &expectations.collect::<Vec<_>>(),
        },
        policy: &serde_json::from_value(case["policy"].clone()).unwrap(),
        scope: if case["appraise"] == "hardware" { Scope::Hardware } else { Scope::Full },
    };
    let tee = text(&case["tee"]).parse::<Tee>().unwrap();
    let at = UnixTime::parse_rfc3339(text(&case["at"])).unwrap();
    assess(&blobs[text(&case["evidence"])], Some(tee), &context, at)
}

fn lines(name: &str) -> Vec<Value> {
    let file = format!("{}/../../vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    read_to_string(file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
