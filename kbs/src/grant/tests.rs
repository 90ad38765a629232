use policy::Limits;

use super::*;
use crate::foreign::tests::{foreign_token, foreign_token_about};
use crate::token::tests::a_token;

const NOW: UnixTime = UnixTime::from_secs(1_775_000_000);

/// A grant of one resource, for tests of the store.
pub(crate) fn a_grant(path: &str) -> Grant {
    ask("package policy\nallow := true", "none", path).unwrap()
}

fn ask(policy: &str, status: &str, path: &str) -> Result<Grant, NotGranted> {
    let policy = ResourcePolicy::compile(policy, Limits::default()).unwrap();
    let path = ResourcePath::parse(path).unwrap();
    authorize(&policy, &a_token(status), &path, &BTreeMap::new(), NOW)
}

#[test]
fn a_yes_is_a_grant_of_that_resource_under_that_policy() {
    let grant = ask(ResourcePolicy::DEFAULT, "affirming", "models/key/llama").unwrap();
    let policy = Digest::of(ResourcePolicy::DEFAULT.as_bytes());
    let found = (grant.path().to_string(), grant.policy(), grant.rule());
    assert_eq!(found, ("models/key/llama".to_owned(), policy, "data.policy.allow"));
}

#[test]
fn whatever_is_no_yes_is_no_grant() {
    let refused = |policy: &str, status: &str| ask(policy, status, "models/key/llama").err();
    for status in ["warning", "contraindicated", "none", ""] {
        assert_eq!(refused(ResourcePolicy::DEFAULT, status), Some(Denied::NotAllowed.into()), "{status}");
    }
    let undefined = "package policy\nimport rego.v1\nallow if { input.nothing == 1 }";
    assert_eq!(refused(undefined, "affirming"), Some(Denied::Undefined.into()));
    let number = "package policy\nallow := 1";
    assert_eq!(refused(number, "affirming"), Some(Denied::NotBoolean { found: "a number" }.into()));
}

#[test]
fn a_foreign_issuers_token_opens_what_the_issuer_may_and_nothing_else() {
    let policy = ResourcePolicy::compile("package policy\nallow := true", Limits::default()).unwrap();
    // The issuer may open `models/*/*`.
    let token = foreign_token(NOW);
    for (path, wanted) in [
        ("models/key/llama", None),
        ("data/key/llama", Some(NotGranted::Outside)),
        ("models2/key/llama", Some(NotGranted::Outside)),
    ] {
        let asked = ResourcePath::parse(path).unwrap();
        assert_eq!(authorize(&policy, &token, &asked, &BTreeMap::new(), NOW).err(), wanted, "{path}");
    }
}

#[test]
fn sample_evidence_opens_nothing_under_the_default_policy_whoever_calls_it_affirming() {
    let policy = ResourcePolicy::compile(ResourcePolicy::DEFAULT, Limits::default()).unwrap();
    let path = ResourcePath::parse("models/key/llama").unwrap();
    let asked = |evidence: serde_json::Value| {
        let token = foreign_token_about(&evidence, NOW);
        authorize(&policy, &token, &path, &BTreeMap::new(), NOW).err()
    };
    assert_eq!(asked(serde_json::json!({"snp": {"measurement": "4d"}})), None);
    for sample in ["sample", "sampledevice"] {
        let denied = Some(Denied::NotAllowed.into());
        assert_eq!(asked(serde_json::json!({ sample: {"svn": "1"} })), denied, "{sample}");
    }
}
