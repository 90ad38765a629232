use super::*;
use crate::signing::SigningAlgorithm;

#[test]
fn a_subject_is_the_tenant_and_the_workload() {
    assert_eq!(
        subject("default", "model-server 1.0").ok().unwrap(),
        "tenant:default:workload:model-server 1.0"
    );
    let longest = "w".repeat(SUBJECT_LIMIT - "tenant:t:workload:".len());
    assert_eq!(subject("t", &longest).ok().unwrap().len(), SUBJECT_LIMIT);
    for workload in [format!("{longest}w"), "modèle".to_owned(), "a\tb".to_owned()] {
        let error = subject("t", &workload).err().unwrap();
        assert!(matches!(error, FederationError::Subject { limit: SUBJECT_LIMIT }), "{error}");
    }
}

#[test]
fn every_part_of_the_evidence_must_be_affirmed() {
    let claims = |statuses: &[&str]| {
        let submods: serde_json::Map<String, Value> = statuses
            .iter()
            .enumerate()
            .map(|(number, status)| (format!("s{number}"), json!({"ear.status": status})))
            .collect();
        json!({"submods": submods})
    };
    assert!(is_affirming(&claims(&["affirming", "affirming"])));
    for statuses in [&["affirming", "warning"][..], &["none"], &["contraindicated", "affirming"], &[]] {
        assert!(!is_affirming(&claims(statuses)), "{statuses:?}");
    }
    assert!(!is_affirming(&json!({"submods": {"cpu0": {}}})));
    assert!(!is_affirming(&json!({})));
}

#[test]
fn an_identity_service_finds_the_keys_and_the_algorithm() {
    let settings = FederationSettings {
        issuer: "https://kbs.example".to_owned(),
        algorithm: SigningAlgorithm::Es256,
        audiences: vec!["a".to_owned()],
        life: std::time::Duration::from_secs(300),
        key_life: std::time::Duration::from_secs(86_400),
        tenant: "default".to_owned(),
        danger_allow_simulated: false,
    };
    let expected = json!({
        "issuer": "https://kbs.example",
        "jwks_uri": "https://kbs.example/.well-known/federation-jwks.json",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "claims_supported": ["iss", "sub", "aud", "iat", "nbf", "exp", "jti"],
    });
    assert_eq!(discovery(&settings), expected);
}
