use std::time::Duration;

use super::*;

const NOW: i64 = 1_775_000_000;

fn compiled(text: &str) -> ResourcePolicy {
    ResourcePolicy::compile(text, Limits::default()).unwrap()
}

fn refused(text: &str) -> Option<PolicyError> {
    ResourcePolicy::compile(text, Limits::default()).err()
}

fn ask_for(policy: &ResourcePolicy, claims: &serde_json::Value, path: &str) -> Outcome {
    let path = ResourcePath::parse(path).unwrap();
    policy.authorize(claims, &Request { path: &path, query: &BTreeMap::new() }, NOW).outcome
}

fn outcome(text: &str, claims: &serde_json::Value) -> Outcome {
    ask_for(&compiled(text), claims, "models/key/llama")
}

fn allowed() -> Outcome {
    Outcome::Allow { rule: ALLOW.to_owned() }
}

fn denied(because: Denied) -> Outcome {
    Outcome::Deny { because }
}

/// A token in Trustee's form: each submodule with its status and its evidence.
fn token(submods: &[(&str, &str, serde_json::Value)]) -> serde_json::Value {
    let submods = submods.iter().map(|(name, status, evidence)| {
        let submod = json!({"ear.status": status, "ear.veraison.annotated-evidence": evidence});
        ((*name).to_owned(), submod)
    });
    json!({"submods": submods.collect::<serde_json::Map<_, _>>()})
}

fn cpu(status: &str) -> serde_json::Value {
    token(&[("cpu0", status, json!({"snp": {}}))])
}

#[test]
fn the_default_policy_allows_affirming_evidence_alone() {
    assert_eq!(outcome(ResourcePolicy::DEFAULT, &cpu("affirming")), allowed());
    for status in ["warning", "contraindicated", "none", ""] {
        let found = outcome(ResourcePolicy::DEFAULT, &cpu(status));
        assert_eq!(found, denied(Denied::NotAllowed), "{status}");
    }
}

#[test]
fn the_default_policy_denies_what_has_no_submodules() {
    for claims in
        [json!({}), json!({"submods": {}}), json!({"submods": {"cpu0": {}}}), json!(null), json!([])]
    {
        assert_eq!(outcome(ResourcePolicy::DEFAULT, &claims), denied(Denied::NotAllowed), "{claims}");
    }
}

#[test]
fn one_device_that_is_not_affirming_denies_the_whole() {
    let claims = token(&[("cpu0", "affirming", json!({})), ("gpu0", "warning", json!({}))]);
    assert_eq!(outcome(ResourcePolicy::DEFAULT, &claims), denied(Denied::NotAllowed));
}

/// The rules and forms of the four policies that Trustee ships: `=` in defaults, a name for a part of `data`, negation.
#[test]
fn policies_in_the_forms_of_trustees_run_unchanged() {
    let default = "package policy\n\ndefault allow = false\n\nplugin = data.plugin\n\nallow if {\n\
                   \tplugin == \"resource\"\n\
                   \tnot input[\"submods\"][\"cpu0\"][\"ear.veraison.annotated-evidence\"][\"sample\"]\n}\n";
    let affirming = "package policy\nimport rego.v1\n\ndefault allow = false\n\nallow if {\n    not one_is_not\n\
                     \x20   count(input.submods) > 0\n}\n\none_is_not if {\n    some _, submod in input.submods\n\
                     \x20   submod[\"ear.status\"] != \"affirming\"\n}\n";
    let allow_all = "package policy\n\ndefault allow = true\n";
    let deny_all = "# nobody\n\npackage policy\n\ndefault allow = false\n";
    let sample = token(&[("cpu0", "contraindicated", json!({"sample": {}}))]);
    let no = || denied(Denied::NotAllowed);
    for (name, policy, expected) in [
        ("default", default, [allowed(), allowed(), no()]),
        ("affirming", affirming, [allowed(), no(), no()]),
        ("allow all", allow_all, [allowed(), allowed(), allowed()]),
        ("deny all", deny_all, [no(), no(), no()]),
    ] {
        let found = [cpu("affirming"), cpu("warning"), sample.clone()].map(|claims| outcome(policy, &claims));
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_policy_sees_the_resource_and_the_query_as_trustees_do() {
    let text = "package policy\nimport rego.v1\ndefault allow := false\nallow if {\n data.plugin == \"resource\"\n\
                data[\"resource-path\"] == [\"models\", \"key\", \"llama\"]\n data.query == {\"a\": \"b\"}\n}";
    let policy = compiled(text);
    let ask = |path: &str, query: &[(&str, &str)]| {
        let path = ResourcePath::parse(path).unwrap();
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        policy.authorize(&json!({}), &Request { path: &path, query: &query }, NOW).outcome
    };
    assert_eq!(ask("models/key/llama", &[("a", "b")]), allowed());
    assert_eq!(ask("models/key/other", &[("a", "b")]), denied(Denied::NotAllowed));
    assert_eq!(ask("models/key/llama", &[]), denied(Denied::NotAllowed));
}

#[test]
fn only_the_boolean_true_allows() {
    for (value, found) in [
        ("1", "a number"),
        ("\"true\"", "a string"),
        ("[true]", "an array"),
        ("{true}", "a set"),
        ("{\"a\": true}", "an object"),
        ("null", "null"),
    ] {
        let policy = format!("package policy\nallow := {value}");
        assert_eq!(outcome(&policy, &cpu("affirming")), denied(Denied::NotBoolean { found }), "{value}");
    }
    assert_eq!(outcome("package policy\nallow := false", &json!({})), denied(Denied::NotAllowed));
    assert_eq!(outcome("package policy\nallow := true", &json!({})), allowed());
}

#[test]
fn an_undefined_rule_denies() {
    let policy = "package policy\nimport rego.v1\nallow if { input.nothing == 1 }";
    assert_eq!(outcome(policy, &cpu("affirming")), denied(Denied::Undefined));
}

#[test]
fn time_is_input() {
    let text = "package policy\nimport rego.v1\ndefault allow := false\nallow if {\n\
                data.now == \"2026-03-31T23:33:20Z\"\n\
                data.now_ns == time.parse_rfc3339_ns(data.now)\n\
                data.now_ns < time.parse_rfc3339_ns(\"2026-04-01T00:00:00Z\")\n}";
    let policy = compiled(text);
    let path = ResourcePath::parse("a/b/c").unwrap();
    let at =
        |now| policy.authorize(&json!({}), &Request { path: &path, query: &BTreeMap::new() }, now).outcome;
    assert_eq!(at(NOW), allowed());
    assert_eq!(at(NOW + 1), denied(Denied::NotAllowed));
    let reason = "the clock is out of range".to_owned();
    assert_eq!(at(i64::MAX), denied(Denied::Engine { reason }));
}

#[test]
fn the_same_text_claims_and_time_give_the_same_decision() {
    let text =
        "package policy\nimport rego.v1\nallow := [x | some x in {\"c\", \"a\", \"b\", input.submods}]";
    let claims = cpu("affirming");
    let path = ResourcePath::parse("a/b/c").unwrap();
    let request = Request { path: &path, query: &BTreeMap::new() };
    let expected = compiled(text).authorize(&claims, &request, NOW);
    let policy = compiled(text);
    for _ in 0..20 {
        assert_eq!(policy.authorize(&claims, &request, NOW), expected);
    }
    assert_eq!(expected.policy, Digest::of(text.as_bytes()));
}

#[test]
fn one_evaluation_leaves_nothing_for_the_next() {
    let policy = compiled("package policy\nimport rego.v1\ndefault allow := false\nallow if input.x == 1");
    let found = [json!({"x": 1}), json!({}), json!({"x": 1}), json!({"x": 2})];
    let found = found.map(|claims| ask_for(&policy, &claims, "a/b/c") == allowed());
    assert_eq!(found, [true, false, true, false]);
}

#[test]
fn a_policy_that_fails_denies_and_says_where() {
    let conflict =
        "package policy\nimport rego.v1\nallow := x if { x := input.a }\nallow := y if { y := input.b }";
    let found = outcome(conflict, &json!({"a": true, "b": false}));
    let reason = "line 4, column 1: rule conflicts with rule at policy.rego:3:1".to_owned();
    assert_eq!(found, denied(Denied::Engine { reason }));
    let text = "package policy\nimport rego.v1\nallow if to_number(input.a) == 1";
    let Outcome::Deny { because: Denied::Engine { reason } } = outcome(text, &json!({"a": "x"})) else {
        panic!("a built-in function that failed did not deny");
    };
    assert!(reason.starts_with("line 3, column "), "{reason}");
}

#[test]
fn a_policy_that_does_not_end_is_stopped_in_time() {
    let endless = "package policy\nimport rego.v1\nallow if { n := numbers.range(1, 3000); some a in n; some b in n; \
                   some c in n; a + b + c == -1 }";
    let limits = Limits { time: Duration::from_millis(50), ..Limits::default() };
    let policy = ResourcePolicy::compile(endless, limits).unwrap();
    let found = ask_for(&policy, &cpu("affirming"), "a/b/c");
    assert_eq!(found, denied(Denied::TimedOut { limit_ms: 50 }));
}

#[test]
fn claims_that_are_larger_than_any_token_deny() {
    let policy = compiled("package policy\nallow := true");
    let text = "x".repeat(crate::limits::INPUT_BYTES);
    let found = ask_for(&policy, &json!({"a": text}), "a/b/c");
    assert_eq!(found, denied(Denied::InputTooLarge { limit: crate::limits::INPUT_BYTES }));
}

#[test]
fn rejects_a_policy_that_could_never_allow() {
    let wanted = ALLOW;
    for text in ["package other\nallow := true", "package policy", "package policy\nalow := true"] {
        assert_eq!(refused(text), Some(PolicyError::NoRule { wanted }), "{text}");
    }
    for text in ["", "\n\n", "# nothing\n"] {
        assert_eq!(refused(text), Some(PolicyError::NoRule { wanted: "[[allow]]" }), "{text:?}");
    }
}

#[test]
fn rejects_a_text_that_is_larger_than_any_policy() {
    let fits = format!("package policy\nallow := true\n{}", "\n".repeat(1000));
    assert_eq!(refused(&fits), None);
    let large = " ".repeat(POLICY_BYTES + 1);
    let expected = PolicyError::TooLarge { limit: POLICY_BYTES, actual: POLICY_BYTES + 1 };
    assert_eq!(refused(&large), Some(expected));
}

#[test]
fn the_content_tells_the_language() {
    for text in ["package policy", "# a comment\n\n  package policy\nallow := true", "package\tpolicy"] {
        assert_eq!(Language::of(text), Language::Rego, "{text:?}");
    }
    for text in ["[[allow]]", "# package policy\n[[allow]]", "packages = 1", ""] {
        assert_eq!(Language::of(text), Language::Toml, "{text:?}");
    }
}
