use serde_json::json;

use super::*;

fn init_data(body: &str) -> InitData {
    InitData { format: "toml".to_owned(), body: body.to_owned() }
}

const BODY: &str = "version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\n\"aa.toml\" = \"[token_configs.kbs]\\nurl = \
                    'https://kbs'\"\n\"policy.rego\" = \"package agent_policy\\npolicy_data := {\\\"a\\\": 1}\"\n";

#[test]
fn fills_or_cuts_the_digest_to_the_field_of_the_tee() {
    let read = ReadInitData::read(&init_data(BODY)).unwrap();
    let digest = decision_log::Digest::of(BODY.as_bytes()).as_bytes().to_vec();
    assert_eq!(read.host_data(Tee::Snp), Ok(digest.clone()));
    let filled = [digest, vec![0; 16]].concat();
    assert_eq!(read.host_data(Tee::Tdx), Ok(filled));
    let long = ReadInitData::read(&init_data(&BODY.replace("sha256", "sha512"))).unwrap();
    assert_eq!(long.host_data(Tee::Snp).unwrap().len(), 32);
    assert_eq!(long.host_data(Tee::Nitro), Err(InitDataRefusal::NoField(Tee::Nitro)));
}

#[test]
fn claims_what_the_document_says() {
    let read = ReadInitData::read(&init_data(BODY)).unwrap();
    let expected = json!({
        "aa.toml": {"token_configs": {"kbs": {"url": "https://kbs"}}},
        "agent_policy_claims": {"a": 1},
    });
    assert_eq!(read.claims(), &expected);
}

/// Policy data that a result could not carry is not among the claims; the digest covers it either way.
#[test]
fn claims_policy_data_as_deep_as_a_result_can_carry_it() {
    let claims = |levels: usize| {
        let deep = "[".repeat(levels - 1) + &"]".repeat(levels - 1);
        let body = BODY.replace("\\\"a\\\": 1", &format!("\\\"a\\\": {deep}"));
        assert_ne!(body, BODY);
        ReadInitData::read(&init_data(&body)).unwrap().claims().clone()
    };
    assert!(claims(64)["agent_policy_claims"]["a"].is_array());
    assert_eq!(claims(65)["agent_policy_claims"], json!(null));
}

#[test]
fn rejects_another_format_another_form_and_unknown_algorithms() {
    let json = InitData { format: "json".to_owned(), body: "{}".to_owned() };
    assert_eq!(ReadInitData::read(&json), Err(InitDataError::Format.into()));
    assert_eq!(ReadInitData::read(&init_data("version = 1")), Err(InitDataRefusal::Form));
    let unknown = init_data(&BODY.replace("sha256", "md5"));
    assert_eq!(ReadInitData::read(&unknown), Err(InitDataRefusal::Algorithm));
    let sm3 = init_data(&BODY.replace("sha256", "sm3"));
    let unsupported = kbs_protocol::UnsupportedHash(HashAlgorithm::Sm3);
    assert_eq!(ReadInitData::read(&sm3), Err(InitDataError::Hash(unsupported).into()));
}
