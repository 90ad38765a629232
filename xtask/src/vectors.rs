//! `cargo xtask vectors`: the minted cases of the tests as data files that other verifiers can run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::cargo::cargo;

/// The tests whose cases are written: forms, signatures, chains, collateral, revocation, appraisal, every bit. Which of them are
/// vectors is for `tests/it/vectors/record.rs` to say.
const TESTS: [&str; 5] = ["minted_", "appraisal::", "revocation::", "event_log::replay::", "vectors::bits::"];

/// Runs the tests of `root`, the root of the repository, and writes `vectors/cases.jsonl` and `vectors/blobs.jsonl` from what they
/// judged. A case that several tests judge is written once, under its first name, with the others beside it.
///
/// # Errors
/// A test fails, or a file cannot be read or written.
pub(crate) fn vectors(root: &Path) -> anyhow::Result<()> {
    let folder = root.join("target/vectors");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let mut cargo = cargo(root);
    cargo.args(["test", "--locked", "-p", "system-tests", "--test", "it", "--"]).args(TESTS);
    // The thread of each test has its name, which a test that runs on the first thread has not.
    cargo.args(["--test-threads", "2"]);
    let status = cargo.env("VOUCHSAFE_VECTORS", &folder).status();
    let status = status.context("starting cargo")?;
    ensure!(status.success(), "the tests whose cases are the vectors: {status}");

    let (mut cases, mut blobs) = (BTreeMap::new(), BTreeMap::new());
    for entry in fs::read_dir(&folder)? {
        let (case, given): (Value, Vec<Value>) = serde_json::from_slice(&fs::read(entry?.path())?)?;
        let id = case["id"].as_str().context("a case without an id")?.to_owned();
        cases.insert(id, case);
        for blob in given {
            blobs.insert(blob["sha256"].to_string(), blob);
        }
    }
    let mut used = BTreeSet::new();
    let mut lines = String::new();
    let cases = merged(cases);
    for case in &cases {
        let files = case["endorsements"].as_array().into_iter().flatten().map(|given| &given["sha256"]);
        let roots = case["roots"].as_array().into_iter().flatten();
        used.extend(files.chain(roots).chain([&case["evidence"]]).map(Value::to_string));
        lines.push_str(&case.to_string());
        lines.push('\n');
    }
    blobs.retain(|sha256, _| used.contains(sha256));
    fs::write(root.join("vectors/cases.jsonl"), &lines)?;
    let content: String = blobs.values().map(|blob| format!("{blob}\n")).collect();
    fs::write(root.join("vectors/blobs.jsonl"), content)?;
    println!("{} cases over {} blobs in vectors/", cases.len(), blobs.len());
    Ok(())
}

/// Each case once, in the order of the ids; what several tests state of it is put together.
fn merged(cases: BTreeMap<String, Value>) -> Vec<Value> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut merged: Vec<Value> = Vec::new();
    for (id, case) in cases {
        let mut nameless = case.clone();
        for name in ["id", "also", "title", "stated"] {
            nameless[name] = Value::Null;
        }
        let place = *places.entry(nameless.to_string()).or_insert(merged.len());
        let Some(first) = merged.get_mut(place) else {
            merged.push(case);
            continue;
        };
        push(&mut first["also"], &id.into());
        for member in case["stated"].as_array().into_iter().flatten() {
            push(&mut first["stated"], member);
        }
    }
    merged
}

/// Adds what the list has not.
fn push(list: &mut Value, item: &Value) {
    if let Value::Array(list) = list
        && !list.contains(item)
    {
        list.push(item.clone());
    }
}
