//! `cargo xtask vectors`: the minted cases of the tests as data files that other verifiers can run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

/// The tests whose cases are written: forms, signatures, chains, collateral, revocation, appraisal, every bit.
const TESTS: [&str; 4] = ["minted_", "appraisal", "revocation", "vectors::bits"];

/// Runs the tests of `root`, the root of the repository, and writes `vectors/cases.jsonl` and `vectors/blobs.jsonl` from what they
/// judged. A case that several tests judge is written once.
///
/// # Errors
/// A test fails, or a file cannot be read or written.
pub(crate) fn vectors(root: &Path) -> anyhow::Result<()> {
    let folder = root.join("target/vectors");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["test", "--locked", "-p", "system-tests", "--test", "it", "--"]).args(TESTS);
    let status = cargo.current_dir(root).env("VOUCHSAFE_VECTORS", &folder).status();
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
    let mut seen = BTreeSet::new();
    let mut used = BTreeSet::new();
    let mut lines = String::new();
    for case in cases.into_values() {
        let mut nameless = case.clone();
        for name in ["id", "title"] {
            nameless[name] = Value::Null;
        }
        if !seen.insert(nameless.to_string()) {
            continue;
        }
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
    println!("{} cases over {} blobs in vectors/", seen.len(), blobs.len());
    Ok(())
}
