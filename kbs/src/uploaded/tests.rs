use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use policy::{Limits, POLICY_BYTES};
use serde_json::{Value, json};

use super::*;

const ALLOW: &str = "package policy\nallow := true\n";
const TRUST: &str = "package policy\ntrust_claims := {\"executables\": 3}\n";

fn resource(policy: &str) -> Result<String, UploadError> {
    let body = json!({"policy": URL_SAFE_NO_PAD.encode(policy)}).to_string();
    resource_policy(body.as_bytes(), Limits::default()).map(|policy| policy.text().to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "tests say it in place")]
fn attestation(id: &str, kind: Value, policy: &str) -> Result<&'static str, UploadError> {
    let body = json!({"type": kind, "policy_id": id, "policy": URL_SAFE_NO_PAD.encode(policy)}).to_string();
    attestation_policy(body.as_bytes(), Limits::default()).map(|(id, _)| id)
}

fn message(kind: &str, payload: &Value) -> Result<BTreeMap<String, Value>, UploadError> {
    let payload = STANDARD.encode(payload.to_string());
    reference_message(json!({"version": "0.1.0", "type": kind, "payload": payload}).to_string().as_bytes())
}

#[test]
fn takes_a_policy_that_compiles_and_says_where_another_is_broken() {
    assert_eq!(resource(ALLOW), Ok(ALLOW.to_owned()));
    let rules = "[[allow]]\nname = \"all\"\nresource = \"*/*/*\"\n";
    assert_eq!(resource(rules), Ok(rules.to_owned()));
    let Err(UploadError::Policy(error)) = resource("package policy\nallow if {\n") else { panic!("taken") };
    assert!(error.to_string().starts_with("line 3, column 1: "), "{error}");
}

#[test]
fn takes_base64url_without_padding_and_nothing_else() {
    let body = |policy: &str| json!({"policy": policy}).to_string().into_bytes();
    let plain = URL_SAFE_NO_PAD.encode(ALLOW);
    assert_ne!(plain.len() % 4, 0, "padding would show");
    for refused in [STANDARD.encode(ALLOW), format!("{plain}\n"), "+/+/".to_owned()] {
        let error = resource_policy(&body(&refused), Limits::default()).err();
        assert_eq!(error, Some(UploadError::Base64), "{refused}");
    }
    let error = resource_policy(&body(&URL_SAFE_NO_PAD.encode([0xff, 0xfe])), Limits::default()).err();
    assert_eq!(error, Some(UploadError::NotText));
}

#[test]
fn the_largest_policy_fits_its_body() {
    let largest = format!("{ALLOW}#{}", "x".repeat(POLICY_BYTES - ALLOW.len() - 1));
    assert_eq!(resource(&largest), Ok(largest.clone()));
    let refused = policy::PolicyError::TooLarge { limit: POLICY_BYTES, actual: POLICY_BYTES + 1 };
    assert_eq!(resource(&format!("{largest}x")), Err(refused.into()));
}

#[test]
fn an_attestation_policy_has_an_id_that_is_asked() {
    assert_eq!(attestation("default_cpu", json!("rego"), TRUST), Ok("default_cpu"));
    assert_eq!(attestation("default_gpu", Value::Null, TRUST), Ok("default_gpu"));
    assert_eq!(attestation("default", json!("rego"), TRUST), Ok("default_cpu"));
    for id in ["default_switch", "cpu", "", "default_cpu2"] {
        assert_eq!(attestation(id, json!("rego"), TRUST), Err(UploadError::PolicyId), "{id}");
    }
    assert_eq!(attestation("default_cpu", json!("cedar"), TRUST), Err(UploadError::Language));
}

#[test]
fn an_attestation_policy_must_claim_something() {
    let wanted = "data.policy.trust_claims";
    let refused = Err(policy::PolicyError::NoRule { wanted }.into());
    assert_eq!(attestation("default_cpu", json!("rego"), "package policy\nother := 1\n"), refused);
}

#[test]
fn takes_reference_values_of_the_one_kind_and_names_it_to_the_others() {
    let values = json!({"snp_launch_measurement": ["ab"], "svn": 3, "a/b": {"c": null}});
    let expected = serde_json::from_value(values.clone()).unwrap();
    assert_eq!(message("sample", &values), Ok(expected));
    for (kind, given) in [
        ("swid", "swid manifests are not read"),
        ("corim", "corim manifests are not read"),
        ("other", "this one is not known"),
    ] {
        let error = message(kind, &values).unwrap_err();
        assert_eq!(error, UploadError::Kind { given });
        assert!(error.to_string().contains("taken as sample"), "{error}");
    }
}

#[test]
fn rejects_payloads_names_and_amounts_that_are_not_kept() {
    for payload in [json!([1]), json!("x")] {
        assert_eq!(message("sample", &payload), Err(UploadError::Payload));
    }
    let twice = STANDARD.encode(r#"{"a": 1, "a": 2}"#);
    let body = json!({"version": "0.1.0", "type": "sample", "payload": twice}).to_string();
    assert_eq!(reference_message(body.as_bytes()), Err(UploadError::Payload));
    let body = body.replace("0.1.0", "0.2.0");
    assert_eq!(reference_message(body.as_bytes()), Err(UploadError::Version));
    let named = |name: &str| message("sample", &json!({name: 1})).map(|values| values.len());
    assert_eq!(named(&"n".repeat(256)), Ok(1));
    for name in [String::new(), "n".repeat(257), "a\0b".to_owned(), "a\nb".to_owned()] {
        assert_eq!(named(&name), Err(UploadError::Name { limit: 256 }), "{name:?}");
    }
    let too_much = UploadError::TooMuch { count: 1024, bytes: 65536 };
    let sized =
        |bytes: usize| message("sample", &json!({"a": "x".repeat(bytes - 2)})).map(|values| values.len());
    assert_eq!((sized(65536), sized(65537)), (Ok(1), Err(too_much.clone())));
    let many = |count: usize| -> BTreeMap<String, Value> {
        (0..count).map(|number| (number.to_string(), json!(1))).collect()
    };
    assert_eq!(check_room(&many(24), &many(1000)), Ok(()));
    let new = BTreeMap::from([("new".to_owned(), json!(1))]);
    assert_eq!(check_room(&new, &many(1023)), Ok(()));
    assert_eq!(check_room(&new, &many(1024)), Err(too_much));
    // What is there already, and what goes, takes no room.
    let swapped = BTreeMap::from([("new".to_owned(), json!(1)), ("0".to_owned(), Value::Null)]);
    assert_eq!(check_room(&swapped, &many(1024)), Ok(()));
}
