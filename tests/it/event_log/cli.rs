//! `vouchsafe verify --event-log` as scripts see it.
#![expect(clippy::disallowed_methods, reason = "a test that writes files for a command")]

use std::process::{Command, Output};

use serde_json::{Value, json};
use system_tests::{binaries, fixtures};

use super::case::evidence_json;

const QUOTE: &str = "tdx/quote-5225f6d79f-v4-body2-90c06f000000";
const LOG: &str = "tdx-eventlog/near-model/event_log.json";
const OTHER: &str = "tdx-eventlog/near-gateway/event_log.json";
const MILAN: &str = "snp/snp-120d77b213-milan-v2-vcek";

fn verify(evidence: &str, log: &str) -> Output {
    let (quote, collateral) = (format!("{QUOTE}/{evidence}"), format!("{QUOTE}/collateral-0"));
    let evidence = if evidence.contains('/') { evidence } else { &quote };
    let arguments = ["verify", "--evidence", evidence, "--event-log", log, "--endorsements", &collateral];
    let mut command = Command::new(binaries::path("vouchsafe"));
    command.args(arguments).args(["--at", "2026-03-15T14:23:53Z", "--appraise", "hardware", "--json"]);
    command.current_dir(fixtures::registry_root()).output().expect("vouchsafe starts")
}

fn told(output: &Output) -> (Option<i32>, Value) {
    let verdict: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    (output.status.code(), verdict["error"]["kind"].clone())
}

#[test]
fn exits_0_and_claims_what_the_log_says() {
    let output = verify("quote.bin", LOG);
    assert_eq!(told(&output), (Some(0), Value::Null));
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict["claims"]["tdx"]["event_log"]["events"], json!(30));
}

#[test]
fn exits_3_for_the_log_of_another_guest_for_none_and_for_other_hardware() {
    assert_eq!(told(&verify("quote.bin", OTHER)), (Some(3), json!("event-log-replay")));
    assert_eq!(told(&verify("quote.bin", "README.md")), (Some(3), json!("event-log-malformed")));
    let report = format!("{MILAN}/report.bin");
    assert_eq!(told(&verify(&report, LOG)), (Some(3), json!("event-log-unsupported")));
}

#[test]
fn exits_2_where_the_evidence_brought_its_own_log_and_where_the_file_is_not_there() {
    let root = fixtures::registry_root();
    let (quote, log) = (fixtures::read(&root.join(QUOTE).join("quote.bin")), fixtures::read(&root.join(LOG)));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("evidence.json");
    std::fs::write(&path, evidence_json(&quote, &log)).expect("a file");
    let output = verify(&path.display().to_string(), LOG);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected = "vouchsafe: --event-log: an event log was given, and the evidence brought its own\n";
    assert_eq!((output.status.code(), words.as_str()), (Some(2), expected));
    assert_eq!(verify("quote.bin", "nowhere").status.code(), Some(2));
}
