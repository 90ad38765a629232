//! `vouchsafe verify` as scripts see it: exit codes and one JSON object.
#![expect(clippy::disallowed_methods, reason = "a test that writes a broken file")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use system_tests::{binaries, fixtures};

const TDX: &str = "tdx/quote-3a3a729320-v4-body2-b0c06f000000";
const MILAN: &str = "snp/snp-120d77b213-milan-v2-vcek";

fn verify(arguments: &[&str]) -> Output {
    let root = fixtures::registry_root();
    let mut command = Command::new(binaries::path("vouchsafe"));
    command.arg("verify").args(arguments).current_dir(&root);
    command.output().expect("vouchsafe starts")
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("stdout is one JSON object and nothing else")
}

fn tdx(extra: &[&str]) -> Output {
    let quote = format!("{TDX}/quote.bin");
    let collateral = format!("{TDX}/collateral-0");
    let mut arguments =
        vec!["--evidence", &quote, "--endorsements", &collateral, "--at", "2025-07-04T10:16:31Z"];
    arguments.extend(extra);
    verify(&arguments)
}

#[test]
fn exits_0_for_affirming_hardware_and_prints_the_contract() {
    let output = tdx(&["--appraise", "hardware", "--json"]);
    let verdict = json_of(&output);
    assert_eq!(output.status.code(), Some(0), "{verdict:#}");
    let stable = json!({
        "schema": verdict["schema"], "at": verdict["at"], "tee": verdict["tee"], "verified": verdict["verified"],
        "tier": verdict["tier"], "tcb": verdict["tcb"], "error": verdict["error"],
        "hardware": verdict["trust_vector"]["hardware"],
    });
    let expected = json!({
        "schema": "vouchsafe.verify/1", "at": "2025-07-04T10:16:31Z", "tee": "tdx", "verified": true,
        "tier": "affirming",
        "tcb": {"status": "UpToDate", "date": verdict["tcb"]["date"], "advisories": [], "evaluation_number": 17},
        "error": null, "hardware": 2,
    });
    assert_eq!(stable, expected);
    let outcomes = ["pass", "fail", "not-applicable", "not-checked"];
    for check in verdict["checks"].as_array().expect("checks") {
        assert!(outcomes.contains(&check["outcome"].as_str().unwrap_or_default()), "{check}");
        assert!(check["id"].is_string() && check["source"].is_string(), "{check}");
    }
    let anchor = "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3";
    assert_eq!(verdict["verifier"]["anchors"]["intel-sgx-root"], anchor);
}

#[test]
fn exits_1_when_executables_are_asked_and_nothing_is_known_of_them() {
    let output = tdx(&["--json"]);
    assert_eq!((output.status.code(), json_of(&output)["tier"].clone()), (Some(1), json!("none")));
}

#[test]
fn exits_0_when_the_expected_measurement_is_there_and_1_when_another_is() {
    let mr_td =
        "91eb2b44d141d4ece09f0c75c2c53d247a3c68edd7fafe8a3520c942a604a407de03ae6dc5f87f27428b2538873118b7";
    assert_eq!(tdx(&["--expect", &format!("mr-td={mr_td}")]).status.code(), Some(0));
    assert_eq!(tdx(&["--expect", &format!("mr-td={}", "00".repeat(48))]).status.code(), Some(1));
}

#[test]
fn exits_3_for_another_report_data() {
    let output = tdx(&["--json", "--expect", &format!("report-data={}", "00".repeat(64))]);
    let error = json_of(&output)["error"].clone();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!((&error["stage"], &error["kind"]), (&json!("verify"), &json!("binding-report-data")));
}

#[test]
fn exits_4_without_collateral_and_without_a_vcek() {
    let quote = format!("{TDX}/quote.bin");
    let output = verify(&["--evidence", &quote, "--at", "2025-07-04T10:16:31Z", "--json"]);
    let verdict = json_of(&output);
    assert_eq!(output.status.code(), Some(4));
    let stable = (&verdict["verified"], &verdict["tcb"]["status"], &verdict["tier"]);
    assert_eq!(stable, (&json!(true), &Value::Null, &json!("none")));

    let report = format!("{MILAN}/report.bin");
    let output = verify(&["--evidence", &report, "--at", "2023-05-03T19:23:43Z", "--json"]);
    assert_eq!((output.status.code(), json_of(&output)["verified"].clone()), (Some(4), json!(false)));
}

#[test]
fn exits_3_for_collateral_of_another_fmspc() {
    let quote = "tdx/quote-5225f6d79f-v4-body2-90c06f000000/quote.bin";
    let collateral = "tdx/quote-bc7cabb6b3-v4-body2-b0c06f000000/collateral-0";
    let arguments =
        ["--evidence", quote, "--endorsements", collateral, "--at", "2026-03-15T14:23:53Z", "--json"];
    let output = verify(&arguments);
    let error = json_of(&output)["error"].clone();
    assert_eq!(output.status.code(), Some(3), "{error}");
    assert_eq!((&error["stage"], &error["kind"]), (&json!("endorsements"), &json!("unfitting-tcb-info")));
}

#[test]
fn exits_1_for_a_stale_or_absent_crl_and_0_if_it_is_not_required() {
    let root = fixtures::registry_root();
    let collateral = root.join(TDX).join("collateral-0");
    let files = ["tcb_info.json", "qe_identity.json", "tcb_signing_chain.pem"];
    let paths: Vec<String> = files.iter().map(|file| collateral.join(file).display().to_string()).collect();
    let quote = format!("{TDX}/quote.bin");
    let mut arguments = vec!["--evidence", &quote, "--at", "2025-07-04T10:16:31Z", "--appraise", "hardware"];
    for path in &paths {
        arguments.extend(["--endorsements", path]);
    }
    assert_eq!(verify(&arguments).status.code(), Some(1));
    arguments.extend(["--revocation", "if-available"]);
    assert_eq!(verify(&arguments).status.code(), Some(0));
}

#[test]
fn the_launch_digest_has_one_name_on_every_tee() {
    let mr_td =
        "91eb2b44d141d4ece09f0c75c2c53d247a3c68edd7fafe8a3520c942a604a407de03ae6dc5f87f27428b2538873118b7";
    assert_eq!(tdx(&["--expect", &format!("launch-digest={mr_td}")]).status.code(), Some(0));
    assert_eq!(tdx(&["--expect", &format!("launch-digest={}", "00".repeat(48))]).status.code(), Some(1));
}

#[test]
fn exits_2_when_a_binding_is_given_twice() {
    let (one, other) =
        (format!("report-data={}", "00".repeat(64)), format!("report-data={}", "01".repeat(64)));
    let output = tdx(&["--expect", &one, "--expect", &other]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(message.contains("--expect report-data: given more than once"), "{message}");
}

#[test]
fn a_file_without_an_end_is_not_read_to_its_end() {
    let output = verify(&["--evidence", "/dev/zero"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn says_which_tee_it_found_instead_of_the_one_that_was_named() {
    let output = tdx(&["--tee", "snp", "--json"]);
    assert_eq!(
        (output.status.code(), json_of(&output)["error"]["kind"].clone()),
        (Some(3), json!("evidence-other-tee"))
    );
}

#[test]
fn says_why_a_broken_endorsement_was_not_used() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let broken = folder.path().join("broken.json");
    std::fs::write(&broken, "{\"tcbInfo\": broken").expect("a file");
    let output = tdx(&["--endorsements", &broken.display().to_string(), "--appraise", "hardware", "--json"]);
    let unused = json_of(&output)["unused_endorsements"].to_string();
    assert_eq!(output.status.code(), Some(0));
    assert!(unused.contains("broken.json (cannot be read: "), "{unused}");
}

#[test]
fn exits_2_for_wrong_usage() {
    for arguments in [
        &["--evidence", "absent.bin"][..],
        &["--evidence", "manifest.json", "--tee", "toaster"],
        &["--evidence", "manifest.json", "--online"],
        &["--evidence", "manifest.json", "--at", "yesterday"],
        &["--evidence", "manifest.json", "--expect", "launch-digest"],
        &[],
    ] {
        let output = verify(arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn takes_a_whole_folder_and_lists_what_did_not_belong() {
    let evidence = Path::new(TDX).join("quote.bin").display().to_string();
    let arguments = [
        "--evidence",
        &evidence,
        "--endorsements",
        &format!("{TDX}/collateral-0"),
        "--endorsements",
        &format!("{MILAN}/vek.der"),
        "--at",
        "2025-07-04T10:16:31Z",
        "--appraise",
        "hardware",
        "--json",
    ];
    let output = verify(&arguments);
    let verdict = json_of(&output);
    assert_eq!(output.status.code(), Some(0));
    let unused = verdict["unused_endorsements"].as_array().expect("a list");
    assert!(
        unused.iter().any(|name| name.as_str().is_some_and(|name| name.ends_with("vek.der"))),
        "{unused:?}"
    );
}

#[test]
fn prints_a_table_without_colour_into_a_pipe() {
    let output = tdx(&["--appraise", "hardware"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.starts_with("AFFIRMING  tdx evidence at 2025-07-04T10:16:31Z\n"), "{text}");
    assert!(text.contains("tdx.qe.identity") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn bench_prints_the_contract_and_counts_the_signatures_that_are_needed() {
    let root = fixtures::registry_root();
    let bench = |folder: &str, evidence: &str, endorsements: &[&str], at: &str| {
        let mut command = Command::new(binaries::path("vouchsafe"));
        command.args(["bench", "verify", "--json", "--seconds", "1", "--threads", "2", "--at", at]);
        command.arg("--evidence").arg(format!("{folder}/{evidence}")).current_dir(&root);
        for endorsement in endorsements {
            command.arg("--endorsements").arg(format!("{folder}/{endorsement}"));
        }
        let output = command.output().expect("vouchsafe starts");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        json_of(&output)
    };
    let tdx = bench(TDX, "quote.bin", &["collateral-0"], "2025-07-04T10:16:31Z");
    let snp = bench(MILAN, "report.bin", &["vek.der", "ask.der"], "2023-05-03T19:23:43Z");
    for (figures, cold, warm, known) in [(tdx, 9, 3, 2), (snp, 3, 1, 1)] {
        let counted = ["signatures_cold", "signatures_warm", "signatures_known", "threads"];
        assert_eq!(counted.map(|name| figures[name].as_u64()), [cold, warm, known, 2].map(Some), "{figures}");
        for name in ["cold_ns", "warm_ns", "known_ns", "parse_ns"] {
            assert!(figures[name].as_u64() > Some(0), "{figures}");
        }
        assert_eq!(figures.as_object().map(serde_json::Map::len), Some(8), "{figures}");
    }
}
