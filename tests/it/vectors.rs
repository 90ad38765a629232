//! The published vectors: another verifier's tests can be made of `vectors/`, and ours are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use system_tests::summary::announce;

use contract::{Blob, Outcome, Vector};

mod bits;
mod contract;
mod coverage;
pub(crate) mod record;
mod refusal;

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
