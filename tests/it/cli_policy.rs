//! `vouchsafe policy`: what would be enforced, said before anything is.
#![expect(clippy::disallowed_methods, reason = "a test that writes a policy file and runs a program")]

use std::process::{Command, Output};

use serde_json::Value;
use system_tests::binaries;
use verifier::policy::Policy;

fn policy(arguments: &[&str]) -> Output {
    let mut command = Command::new(binaries::path("vouchsafe"));
    command.arg("policy").args(arguments).output().expect("vouchsafe starts")
}

fn shown(arguments: &[&str]) -> Policy {
    let output = policy(arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    toml::from_str(std::str::from_utf8(&output.stdout).unwrap()).unwrap()
}

#[test]
fn shows_the_production_profile_and_what_a_file_changes() {
    assert_eq!(shown(&["show"]), Policy::default());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    std::fs::write(&file, "[snp]\nrequire_id_block = true\nenforce_advisories = [\"AMD-SB-3020\"]\n")
        .unwrap();
    let mut expected = Policy::default();
    expected.snp.require_id_block = true;
    expected.snp.enforce_advisories = vec!["AMD-SB-3020".parse().unwrap()];
    assert_eq!(shown(&["show", "--policy", &file.display().to_string()]), expected);
}

#[test]
fn refuses_an_advisory_that_the_catalogue_does_not_have() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    std::fs::write(&file, "[snp]\nenforce_advisories = [\"AMD-SB-302\"]\n").unwrap();
    let path = file.display().to_string();
    let verify = ["verify", "--evidence", "/dev/null", "--policy", &path];
    for arguments in [&["policy", "show", "--policy", &path][..], &verify] {
        let output = Command::new(binaries::path("vouchsafe")).args(arguments).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains("no advisory \"AMD-SB-302\" in the catalogue"), "{message}");
    }
}

#[test]
fn lists_every_advisory_of_the_catalogue() {
    let list: Vec<Value> = serde_json::from_slice(&policy(&["advisories", "--json"]).stdout).unwrap();
    let ids: Vec<&str> = list.iter().filter_map(|entry| entry["id"].as_str()).collect();
    let expected: Vec<&str> = reference_values::advisories().iter().map(|entry| entry.id).collect();
    assert_eq!(ids, expected);
    let table = policy(&["advisories"]);
    let table = std::str::from_utf8(&table.stdout).unwrap();
    for id in expected {
        assert!(table.contains(id), "{id} is not in the table:\n{table}");
    }
    let entrysign = list.iter().find(|entry| entry["id"] == "AMD-SB-3019").unwrap();
    let asks = [&entrysign["remedies"][0]["asks"][0], &entrysign["enforced_by_default"]];
    assert_eq!(asks, [&Value::from("snp at least 0x18"), &Value::from(true)]);
}
