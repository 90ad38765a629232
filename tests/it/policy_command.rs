//! `vouchsafe policy` as an operator uses it, and what policies can make its process take.
#![expect(clippy::disallowed_methods, reason = "a test that writes policies")]

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};
use system_tests::binaries;
use tempfile::TempDir;

const AT: &str = "2026-03-01T00:00:00Z";

struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().expect("a folder"));
        let evidence = json!({"snp": {"launch_digest": "ab"}});
        let cpu = json!({"ear.status": "affirming", "ear.veraison.annotated-evidence": evidence});
        desk.write("claims.json", &json!({"submods": {"cpu0": cpu}}).to_string());
        desk
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(binaries::path("vouchsafe"));
        command.arg("policy").args(arguments).current_dir(self.0.path()).output().expect("vouchsafe starts")
    }

    fn check(&self, text: &str) -> (Option<i32>, Value) {
        self.write("policy", text);
        let output = self.run(&["check", "policy", "--json"]);
        (output.status.code(), serde_json::from_slice(&output.stdout).expect("one JSON object"))
    }

    fn try_out(&self, text: &str, extra: &[&str]) -> (Option<i32>, Value) {
        self.write("policy", text);
        let mut arguments = vec!["try", "policy", "--claims", "claims.json", "--at", AT, "--json"];
        arguments.extend(extra);
        let output = self.run(&arguments);
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default())
    }
}

#[test]
fn check_tells_the_kind_of_a_policy_and_its_digest() {
    let desk = Desk::new();
    for (text, kind, language) in [
        ("package policy\nallow := true\n", "resource", "rego"),
        ("[[allow]]\nname = \"a\"\nresource = \"*/*/*\"\n", "resource", "toml"),
        (
            "package policy\ntrust_claims := {\"hardware\": query_reference_value(\"a\")}\n",
            "attestation",
            "rego",
        ),
        ("[tcb]\nmin_evaluation_number = 17\n", "appraisal", "toml"),
    ] {
        let (code, found) = desk.check(text);
        let digest = if kind == "appraisal" {
            found["sha256"].as_str().unwrap().to_owned()
        } else {
            decision_log::Digest::of(text.as_bytes()).to_string()
        };
        let expected = json!({
            "schema": "vouchsafe.policy-check/1", "kind": kind, "language": language, "sha256": digest,
            "dangers": [], "error": null,
        });
        assert_eq!((code, found), (Some(0), expected), "{text}");
    }
    let dangerous = "[[allow]]\nname = \"a\"\nresource = \"*/*/*\"\ndanger_allow_simulated = true\n";
    assert_eq!(desk.check(dangerous).1["dangers"], json!(["a"]));
    let laxer = "revocation = \"if-available\"\n[tdx]\ndanger_allow_debug = true\n";
    let dangers = json!([
        "tdx.danger_allow_debug",
        "revocation = \"if-available\": hardware is affirmed without a CRL",
    ]);
    assert_eq!(desk.check(laxer).1["dangers"], dangers);
}

#[test]
fn check_names_line_and_column_of_what_is_wrong_in_every_kind() {
    let desk = Desk::new();
    for (text, line, column, words) in [
        ("package policy\nimport rego.v1\nallow if time.now_ns() > 1\n", 3, 10, "time.now_ns is refused"),
        ("package policy\nallow if {\n", 3, 1, "line 3, column 1"),
        (
            "package policy\ntrust_claims := {\"hardware\": opa.runtime().x}\n",
            2,
            30,
            "opa.runtime is refused",
        ),
        ("[[allow]]\nname = \"a\"\nresource = 1\n", 3, 12, "line 3, column 12"),
        ("[tcb]\nacept = []\n", 2, 1, "unknown field `acept`"),
        ("revocation = \n", 1, 14, "line 1, column 14"),
    ] {
        let (code, found) = desk.check(text);
        let error = &found["error"];
        assert_eq!(
            (code, &error["line"], &error["column"]),
            (Some(2), &json!(line), &json!(column)),
            "{text}: {error}"
        );
        assert!(error["message"].as_str().unwrap().contains(words), "{text}: {error}");
    }
    let (code, found) = desk.check("package policy\nalow := true\n");
    assert_eq!((code, &found["error"]["line"]), (Some(2), &Value::Null));
    let plain = desk.run(&["check", "policy"]);
    let errors = String::from_utf8_lossy(&plain.stderr).into_owned();
    assert!(errors.contains("neither data.policy.allow"), "{errors}");
}

#[test]
fn try_prints_the_typed_decision_of_either_language() {
    let desk = Desk::new();
    let toml = "[[allow]]\nname = \"models\"\nresource = \"models/*/*\"\nclaims = { \"snp.launch_digest\" = \"ab\" }\n";
    let rego = "package policy\nimport rego.v1\ndefault allow := false\nallow if {\n  data.query.v == \"1\"\n\
                \x20 data.now == \"2026-03-01T00:00:00Z\"\n}\n";
    let decided = |text: &str, resource: &str, members: Value| {
        let mut expected = json!({
            "schema": "vouchsafe.policy-decision/1", "at": AT, "resource": resource,
            "policy": decision_log::Digest::of(text.as_bytes()).to_string(),
        });
        expected.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        expected
    };
    let unmet = json!([{"rule": "models", "condition": {"key": "resource"}}]);
    for (text, extra, resource, code, members) in [
        (toml, &[][..], "models/key/a", 0, json!({"decision": "allow", "rule": "models"})),
        (
            toml,
            &[],
            "other/key/a",
            1,
            json!({"decision": "deny", "because": {"reason": "no-rule", "unmet": unmet}}),
        ),
        (rego, &["--query", "v=1"], "a/b/c", 0, json!({"decision": "allow", "rule": "data.policy.allow"})),
        (
            rego,
            &["--query", "v=2"],
            "a/b/c",
            1,
            json!({"decision": "deny", "because": {"reason": "not-allowed"}}),
        ),
    ] {
        let mut arguments = vec!["--resource", resource];
        arguments.extend(extra);
        let found = desk.try_out(text, &arguments);
        assert_eq!(found, (Some(code), decided(text, resource, members)), "{resource}");
    }
}

#[test]
fn try_takes_no_policy_that_is_not_for_resources() {
    let desk = Desk::new();
    for text in
        ["package policy\ntrust_claims := {}\n", "revocation = \"required\"\n", "package policy\nallow if\n"]
    {
        let found = desk.try_out(text, &["--resource", "a/b/c"]);
        assert_eq!(found, (Some(2), Value::Null), "{text}");
    }
}

/// Policies that make as much as they can, in a process that may have a gigabyte of addresses: each ends with a
/// decision. The library's own tests say which limit stops which.
#[test]
fn policies_that_grow_without_end_are_stopped_within_a_gigabyte() {
    let desk = Desk::new();
    let all = "some a in n; some b in n; some c in n; some d in n; some e in n; some f in n; some g in n; some h in n";
    let ten = "n := [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]";
    let doubling = |step: &str| -> String {
        let steps = (0..60).map(|at| format!("x{} := {}\n", at + 1, step.replace('X', &format!("x{at}"))));
        format!("x0 := [\"a\"]\n{}allow if x60 == 1", steps.collect::<String>())
    };
    let sets = "allow if {\n s := {i | some i in numbers.range(1, 200000)}\n t := {i | some i in numbers.range(200000, \
                400000)}\n x := [(s | t) | some i in numbers.range(1, 10000)]\n count(x) == 1\n}";
    for (body, reason) in [
        (
            format!("allow if {{ {ten}; x := [[a, b, c, d, e, f, g, h] | {all}]; count(x) == 1 }}"),
            "timed-out",
        ),
        (
            format!("allow if {{ {ten}; x := {{[a, b, c, d, e, f, g, h] | {all}}}; count(x) == 1 }}"),
            "timed-out",
        ),
        (sets.to_owned(), "timed-out"),
        (doubling("array.concat(X, X)"), "memory"),
        (doubling("[concat(\"\", [X[0], X[0]])]"), "memory"),
        ("allow if count(numbers.range(1, 1000000000000)) == 1".to_owned(), "memory"),
        ("allow if sprintf(\"%1000000000d\", [1]) == \"\"".to_owned(), "memory"),
    ] {
        desk.write("policy", &format!("package policy\nimport rego.v1\n{body}\n"));
        let script =
            "ulimit -v 1048576; exec \"$0\" policy try policy --claims claims.json --resource a/b/c --json";
        let mut command = Command::new("bash");
        command.args(["-c", script]).arg(binaries::path("vouchsafe")).current_dir(desk.0.path());
        let output = command.output().expect("bash starts");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{body}: {errors}");
        let decision: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        assert_eq!(decision["because"]["reason"], reason, "{body}");
    }
}
