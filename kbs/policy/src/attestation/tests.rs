use serde_json::json;

use super::*;

const NOW: i64 = 1_775_000_000;

fn compiled(body: &str) -> AttestationPolicy {
    let text = format!("package policy\nimport rego.v1\n{body}\n");
    AttestationPolicy::compile(&text, Limits::default()).unwrap()
}

fn appraised(body: &str, evidence: &serde_json::Value) -> Result<Appraised, AttestationError> {
    let references = [("digests".to_owned(), json!(["aa", "bb"])), ("svn".to_owned(), json!(3))];
    compiled(body).evaluate(evidence, &Arc::new(references.into()), NOW)
}

fn claims(body: &str) -> Result<TrustClaims, AttestationError> {
    appraised(body, &json!({})).map(|appraised| appraised.trust_claims)
}

/// The forms of Trustee's default policies: a default for each claim, one object of them, `else`, `in` over a reference
/// value that may be null, an extension made by comprehensions.
const TRUSTEE: &str = r#"
default executables := 33

default hardware := 97

default configuration := 36

default file_system := 0

trust_claims := {
	"executables": executables,
	"hardware": hardware,
	"configuration": configuration,
	"file-system": file_system,
}

executables := 3 if {
	input.snp

	input.snp.measurement in query_reference_value("digests")
}

hardware := 2 if {
	input["snp"]

	input.snp.svn >= query_reference_value("svn")
}

configuration := 2 if {
	input.snp.debug == false
	input.snp.smt == query_reference_value("nobody has this")
}

else := 3 if {
	input.snp.debug == false
}

extensions := [{"name": "ear.trustee.identifiers", "key": -18, "value": {"validated": identifiers}}]

identifiers := object.union_n([images_or_nothing])

images := [image |
    container := input["init_data_claims"]["containers"][_]
    image := container["image"]
]

images_or_nothing := {"images": images} if {
    count(images) > 0
} else := {}
"#;

#[test]
fn a_policy_in_the_form_of_trustees_runs_unchanged() {
    let evidence = json!({
        "snp": {"measurement": "bb", "svn": 3, "debug": false, "smt": true},
        "init_data_claims": {"containers": [{"image": "one"}, {"image": "two"}]},
    });
    let trust_claims =
        TrustClaims { executables: 3, hardware: 2, configuration: 3, ..TrustClaims::default() };
    let extension = Extension {
        name: "ear.trustee.identifiers".to_owned(),
        key: -18,
        value: json!({"validated": {"images": ["one", "two"]}}),
    };
    assert_eq!(appraised(TRUSTEE, &evidence), Ok(Appraised { trust_claims, extensions: vec![extension] }));
    let none = appraised(TRUSTEE, &json!({})).unwrap();
    let defaults = TrustClaims { executables: 33, hardware: 97, configuration: 36, ..TrustClaims::default() };
    assert_eq!(none.trust_claims, defaults);
}

#[test]
fn without_the_rule_nothing_is_claimed() {
    assert_eq!(appraised("hardware := 2", &json!({})), Ok(Appraised::default()));
    assert_eq!(
        appraised("trust_claims := {\"hardware\": 2} if input.x", &json!({})),
        Ok(Appraised::default())
    );
    assert_eq!(appraised("trust_claims := {}", &json!({})), Ok(Appraised::default()));
}

#[test]
fn every_claim_is_read_at_both_ends_of_its_range_and_refused_beyond() {
    for name in [
        "instance-identity",
        "configuration",
        "executables",
        "file-system",
        "hardware",
        "runtime-opaque",
        "storage-opaque",
        "sourced-data",
    ] {
        for value in [-128_i8, 127] {
            let found = claims(&format!("trust_claims := {{\"{name}\": {value}}}")).unwrap();
            let mut expected = TrustClaims::default();
            *expected.member(name).unwrap().1 = value;
            assert_eq!(found, expected, "{name}");
        }
        for value in ["-129", "128", "1.5", "\"2\"", "null", "true", "[2]", "1e300"] {
            let found = claims(&format!("trust_claims := {{\"{name}\": {value}}}"));
            let Err(AttestationError::ClaimValue { name: found }) = found else {
                panic!("{name} = {value}: {found:?}")
            };
            assert_eq!(found, name);
        }
    }
}

#[test]
fn rejects_a_claim_that_there_is_not_and_claims_that_are_no_object() {
    let unknown = AttestationError::UnknownClaim { name: "hardwear".to_owned() };
    assert_eq!(claims("trust_claims := {\"hardwear\": 2}"), Err(unknown));
    for value in ["2", "[2]", "\"hardware\"", "null", "{1: 2}", "{\"hardware\"}"] {
        let found = claims(&format!("trust_claims := {value}"));
        assert_eq!(found, Err(AttestationError::NotAnObject), "{value}");
    }
}

#[test]
fn rejects_extensions_of_another_form() {
    for value in ["{}", "[1]", "[{\"name\": \"a\"}]", "[{\"name\": \"a\", \"key\": \"b\", \"value\": 1}]"] {
        let found = appraised(&format!("extensions := {value}"), &json!({}));
        let Err(AttestationError::Extensions { .. }) = found else { panic!("{value}: {found:?}") };
    }
    let found =
        appraised("extensions := [{\"name\": \"a\", \"key\": 1, \"value\": null}]", &json!({})).unwrap();
    assert_eq!(found.extensions, [Extension { name: "a".to_owned(), key: 1, value: json!(null) }]);
}

#[test]
fn a_reference_value_that_is_not_there_is_null() {
    let body = "trust_claims := {\"hardware\": 2} if query_reference_value(\"no\") == null";
    assert_eq!(claims(body).unwrap().hardware, 2);
    let body = "trust_claims := {\"hardware\": 2} if \"cc\" in query_reference_value(\"digests\")";
    assert_eq!(claims(body).unwrap().hardware, 0);
}

#[test]
fn time_is_input_here_too() {
    let body = "trust_claims := {\"hardware\": 2} if data.now == \"2026-03-31T23:33:20Z\"";
    assert_eq!(claims(body).unwrap().hardware, 2);
}

#[test]
fn rejects_a_policy_of_another_package() {
    let text = "package other\ntrust_claims := {}";
    let expected = PolicyError::NoRule { wanted: TRUST_CLAIMS };
    assert_eq!(AttestationPolicy::compile(text, Limits::default()).err(), Some(expected));
}
