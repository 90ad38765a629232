//! Writes down the minted cases of this run's tests, for `cargo xtask vectors`: what a test states of a case is then in its
//! vector, since a run in which one fails makes none. Where nothing is to be written, each case must be as it is published.
#![expect(clippy::disallowed_methods, reason = "writes into the folder that the caller names")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reference_values::{ReferenceValues, Value as Wanted};
use serde_json::Value;
use sha2::{Digest, Sha256};
use verifier::evidence::{EvidenceInput, Tee};
use verifier::expected::Expect;
use verifier::policy::Policy;
use verifier::time::UnixTime;
use verifier::trust::Scope;

use super::contract::{Blob, Endorsement, Outcome, Vector};
use super::refusal;
use crate::refused::{Asked, Case};

/// The tests whose cases are vectors, as `xtask/src/vectors.rs` asks for them.
const TESTS: [&str; 6] = [
    "minted_dcap::",
    "minted_snp::",
    "appraisal::",
    "revocation::",
    "event_log::replay::",
    "vectors::bits::",
];

thread_local! {
    static TITLE: RefCell<String> = const { RefCell::new(String::new()) };
    /// How many cases of this test have the same title.
    static NAMED: RefCell<BTreeMap<String, u32>> = const { RefCell::new(BTreeMap::new()) };
    /// The vectors of this test, by all that is not a name.
    static SEEN: RefCell<BTreeMap<String, Vector>> = const { RefCell::new(BTreeMap::new()) };
}

/// Names the cases that follow in this test.
pub(crate) fn title(name: &str) {
    TITLE.replace(name.to_owned());
}

/// Writes down a case that a test judges, if the run is asked to, with the members of the verdict that the test states.
pub(crate) fn record(case: &Case, asked: &Asked<'_>, stated: &[&str]) {
    let thread = std::thread::current();
    let test = thread.name().filter(|name| TESTS.iter().any(|tests| name.starts_with(tests)));
    // The sample proves nothing and is nobody else's.
    let (Some(test), false) = (test, case.tee == Some(Tee::Sample)) else { return };
    let (mut vector, blobs) = written(case, asked);
    let content = serde_json::to_string(&vector).expect("JSON");
    if let Some(seen) = SEEN.with_borrow(|seen| seen.get(&content).cloned()) {
        vector = seen;
    } else {
        name(&mut vector, test);
    }
    for member in stated {
        if !vector.stated.iter().any(|known| known == member) {
            vector.stated.push((*member).to_owned());
        }
    }
    SEEN.with_borrow_mut(|seen| seen.insert(content, vector.clone()));
    match std::env::var_os("VOUCHSAFE_VECTORS") {
        Some(folder) => {
            let file = hex::encode(Sha256::digest(&vector.id));
            let line = serde_json::to_vec(&(vector, blobs)).expect("JSON");
            std::fs::write(Path::new(&folder).join(file), line).expect("the folder takes a file");
        }
        None => as_published(vector),
    }
}

/// Signatures and keys differ from run to run, and nothing else does.
fn as_published(fresh: Vector) {
    static PUBLISHED: LazyLock<BTreeMap<String, Vector>> = LazyLock::new(|| {
        let names = |vector: &Vector| [&vector.also[..], std::slice::from_ref(&vector.id)].concat();
        let all = super::published().into_iter().map(unsigned);
        all.flat_map(|vector| names(&vector).into_iter().map(move |id| (id, vector.clone()))).collect()
    });
    let known = PUBLISHED.get(&fresh.id);
    let advice = "if the test is right, `cargo xtask vectors` writes vectors/ anew";
    let known = known.unwrap_or_else(|| panic!("{} is not among the published vectors: {advice}", fresh.id));
    let fresh = unsigned(Vector {
        id: known.id.clone(),
        also: known.also.clone(),
        title: known.title.clone(),
        stated: known.stated.clone(),
        ..fresh
    });
    assert_eq!(&fresh, known, "not as published: {advice}");
}

fn unsigned(mut vector: Vector) -> Vector {
    vector.evidence.clear();
    vector.endorsements.iter_mut().for_each(|given| given.sha256.clear());
    vector.roots.iter_mut().for_each(String::clear);
    vector
}

/// The vector without its names, and the files that it needs.
fn written(case: &Case, asked: &Asked<'_>) -> (Vector, Vec<Blob>) {
    let mut blobs = Vec::new();
    let mut blob = |bytes: &[u8]| {
        let sha256 = hex::encode(Sha256::digest(bytes));
        blobs.push(Blob { sha256: sha256.clone(), base64: STANDARD.encode(bytes) });
        sha256
    };
    let found = EvidenceInput::decode(&case.evidence, None).map(|input| input.tee);
    let found = found.ok().or(case.tee).unwrap_or_else(|| by_header(&case.evidence));
    let tee = case.tee.unwrap_or(found);
    let told = Case { tee: Some(tee), ..case.clone() }.judged(asked);
    let expect = Outcome::of(&told);
    assert_eq!(expect, Outcome::of(&case.judged(asked)), "{tee} by its name, and by the form of the bytes");
    let report_data = match &case.expected.report_data {
        Expect::Equals(bytes) => Some(hex::encode(bytes)),
        Expect::NotChecked => None,
    };
    let host_data = match &case.expected.host_data {
        Expect::Equals(bytes) => Some(hex::encode(bytes)),
        Expect::NotChecked => None,
    };
    let expectations = asked.wanted.expectations.iter().map(|(key, value)| format!("{key}={value}"));
    let vector = Vector {
        id: String::new(),
        also: Vec::new(),
        title: String::new(),
        at: UnixTime::from_secs(case.now).to_string(),
        vendor: if found == Tee::Snp { "amd" } else { "intel" }.to_owned(),
        tee: tee.as_str().to_owned(),
        form: form(&case.evidence, found).to_owned(),
        evidence: blob(&case.evidence),
        endorsements: case
            .endorsements
            .iter()
            .map(|(name, content)| Endorsement {
                role: role(name).to_owned(),
                name: (*name).to_owned(),
                sha256: blob(content),
            })
            .collect(),
        roots: case.roots.iter().map(|root| blob(root)).collect(),
        report_data,
        host_data,
        reference_values: toml(asked.wanted.reference_values),
        expectations: expectations.collect(),
        appraise: if asked.scope == Scope::Hardware { "hardware" } else { "full" }.to_owned(),
        policy: changed(asked.policy),
        scope: (!expect.verified).then(|| {
            let refused = case.verify().0.expect_err("what is not verified is refused");
            let roles: Vec<&str> = case.endorsements.iter().map(|(name, _)| role(name)).collect();
            refusal::scope(&refused, &roles).to_owned()
        }),
        expect,
        stated: Vec::new(),
    };
    (vector, blobs)
}

/// Id and title: of the test, and of the case in it. A case that is inserted elsewhere changes neither.
fn name(vector: &mut Vector, test: &str) {
    let title = TITLE.with_borrow(Clone::clone);
    let place = slug(&title);
    let number = NAMED.with_borrow_mut(|named| {
        let number = named.entry(place.clone()).or_default();
        *number += 1;
        *number
    });
    vector.id = match (place.as_str(), number) {
        ("", number) => format!("{test}/{number}"),
        (place, 1) => format!("{test}/{place}"),
        (place, number) => format!("{test}/{place}-{number}"),
    };
    let words = test.rsplit("::").next().unwrap_or(test).replace('_', " ");
    vector.title = if title.is_empty() { words } else { title };
    if number > 1 {
        vector.title += &format!(" ({number})");
    }
    let mut rules = vector.policy.clone();
    let rules = rules.as_object_mut().expect("a policy is an object");
    if rules.remove("danger_accept_simulated").is_none() {
        vector.title += ", simulated roots not accepted";
    }
    if !rules.is_empty() {
        let rules = serde_json::to_string(rules).expect("JSON").replace('"', "");
        vector.title += &format!(", under {}", rules.chars().take(MAX_RULES).collect::<String>());
    }
}

/// Words of letters and digits in lower case, with hyphens between them. `AtItsEnd` is three.
fn slug(title: &str) -> String {
    let mut words = String::new();
    let mut before = ' ';
    for letter in title.chars() {
        if before.is_ascii_lowercase() && letter.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { ' ' });
        before = letter;
    }
    words.split_whitespace().collect::<Vec<_>>().join("-")
}

/// Of what TEE evidence is that cannot be read: the first two bytes of either form are the version, a quote has its key's type in
/// the next two and its TEE's type in the four after them.
fn by_header(evidence: &[u8]) -> Tee {
    match evidence.first_chunk::<8>() {
        Some([_, _, 0, 0, ..]) => Tee::Snp,
        Some([.., 0, 0, 0, 0]) => Tee::Sgx,
        _ => Tee::Tdx,
    }
}

fn form(evidence: &[u8], tee: Tee) -> &'static str {
    match (evidence.trim_ascii_start().first(), tee) {
        (Some(b'{'), _) if evidence.windows(8).any(|member| member == b"__cmwc_t") => "cmw",
        (Some(b'{'), _) => "coco-json",
        (Some(b'['), _) => "cmw",
        (_, Tee::Snp) if evidence.len() > REPORT => "snp-report-with-certificates",
        (_, Tee::Snp) => "snp-report",
        _ => "quote",
    }
}

/// What an endorsement is given as, by the names of the tests; whether it is that is for a verifier to find out.
fn role(name: &str) -> &'static str {
    match name {
        "vek" | "vcek" | "vlek" | "renewed" => "vek",
        "intermediate" | "ask" | "asvk" => "ask",
        "crl" | "ark-crl" | "older-crl" => "ark-crl",
        "tcb-info" => "tcb-info",
        "qe-identity" => "qe-identity",
        "tcb-signer" => "tcb-signing-chain",
        "root-crl" => "root-ca-crl",
        "pck-crl" => "pck-crl",
        "id-block" | "another image" | "another version" | "broken" => "id-block",
        _ => "other",
    }
}

/// Reference values as a file of them.
fn toml(values: &ReferenceValues) -> Option<String> {
    let text = |value: &Wanted| match value {
        Wanted::Bytes(_) => format!("\"{value}\""),
        Wanted::Number(number) => number.to_string(),
    };
    let entries = values.entries().iter().map(|entry| {
        let keys = entry.wanted().iter().map(|(key, values)| {
            format!("{key} = [{}]\n", values.iter().map(text).collect::<Vec<_>>().join(", "))
        });
        let keys: String = keys.collect();
        format!("[[reference]]\ntee = \"{}\"\nname = \"{}\"\n{keys}", entry.tee(), entry.name())
    });
    (!values.is_empty()).then(|| entries.collect())
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

/// Size of a report.
const REPORT: usize = 0x4a0;
/// Letters of a policy that a title shows.
const MAX_RULES: usize = 100;
