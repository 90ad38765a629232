use super::*;
use crate::token::tests::a_token;

/// A grant of one resource, for tests of the store.
pub(crate) fn a_grant(path: &str) -> Grant {
    authorize("package policy\nallow := true", "none", path).unwrap()
}

fn authorize(policy: &str, status: &str, path: &str) -> Result<Grant, Denied> {
    let path = ResourcePath::parse(path).unwrap();
    ResourcePolicy::compile(policy).unwrap().authorize(&a_token(status), &path, &BTreeMap::new())
}

fn outcome(policy: &str, status: &str) -> Result<String, Denied> {
    authorize(policy, status, "models/key/llama").map(|grant| grant.path().to_string())
}

fn granted() -> Result<String, Denied> {
    Ok("models/key/llama".to_owned())
}

#[test]
fn the_default_policy_grants_to_affirming_evidence_alone() {
    assert_eq!(outcome(ResourcePolicy::DEFAULT, "affirming"), granted());
    for status in ["warning", "contraindicated", "none", ""] {
        assert_eq!(outcome(ResourcePolicy::DEFAULT, status), Err(Denied::NotAllowed), "{status}");
    }
}

#[test]
fn the_default_policy_denies_what_has_no_submodules() {
    let policy = ResourcePolicy::compile(ResourcePolicy::DEFAULT).unwrap();
    for input in [json!({}), json!({"submods": {}}), json!({"submods": {"cpu0": {}}})] {
        assert_eq!(policy.evaluate(input.clone(), json!({})), Ok(Value::Bool(false)), "{input}");
    }
}

#[test]
fn one_device_that_is_not_affirming_denies_the_whole() {
    let policy = ResourcePolicy::compile(ResourcePolicy::DEFAULT).unwrap();
    let input = json!({"submods": {"cpu0": {"ear.status": "affirming"}, "gpu0": {"ear.status": "warning"}}});
    assert_eq!(policy.evaluate(input, json!({})), Ok(Value::Bool(false)));
}

#[test]
fn a_policy_sees_the_resource_as_trustees_do() {
    let policy = "package policy\nimport rego.v1\ndefault allow := false\n\
                  allow if { data.plugin == \"resource\"; data[\"resource-path\"] == [\"models\", \"key\", \"llama\"] }";
    assert_eq!(outcome(policy, "none"), granted());
    let other = authorize(policy, "none", "models/key/other").map(|grant| grant.path().to_string());
    assert_eq!(other, Err(Denied::NotAllowed));
}

#[test]
fn only_the_boolean_true_allows() {
    for value in ["1", "\"true\"", "[true]", "{\"a\": true}", "null", "false"] {
        let policy = format!("package policy\nallow := {value}");
        assert_eq!(outcome(&policy, "affirming"), Err(Denied::NotAllowed), "{value}");
    }
}

#[test]
fn an_undefined_rule_denies() {
    let policy = "package policy\nimport rego.v1\nallow if { input.nothing == 1 }";
    assert_eq!(outcome(policy, "affirming"), Err(Denied::NotAllowed));
}

#[test]
fn a_policy_that_fails_or_does_not_end_denies() {
    let conflict =
        "package policy\nimport rego.v1\nallow := x if { x := input.iat }\nallow := y if { y := input.exp }";
    let Err(Denied::Engine { .. }) = outcome(conflict, "affirming") else {
        panic!("a policy with conflicting values did not deny");
    };
    let endless = "package policy\nimport rego.v1\nallow if { input.exp; n := numbers.range(1, 3000); some a in n; \
                   some b in n; some c in n; a + b + c == -1 }";
    let Err(Denied::Engine { reason }) = outcome(endless, "affirming") else {
        panic!("a policy that does not end did not deny");
    };
    assert!(reason.contains("time limit"), "{reason}");
}

#[test]
fn rejects_a_policy_that_does_not_compile_or_cannot_allow() {
    assert!(matches!(
        ResourcePolicy::compile("package policy\nallow if {"),
        Err(PolicyError::Compile { .. })
    ));
    assert_eq!(ResourcePolicy::compile("package other\nallow := true").err(), Some(PolicyError::NoAllow));
    let large = " ".repeat(POLICY_LIMIT + 1);
    let refused = PolicyError::TooLarge { limit: POLICY_LIMIT, actual: POLICY_LIMIT + 1 };
    assert_eq!(ResourcePolicy::compile(&large).err(), Some(refused));
}
