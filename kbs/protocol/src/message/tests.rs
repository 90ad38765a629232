use serde_json::json;

use super::*;
use crate::json::JsonFault;
use crate::testing::recorded;

#[test]
fn reads_and_writes_the_recorded_request() {
    let body = recorded()[4].body;
    let request = Request::parse(body).unwrap();
    assert_eq!(serde_json::to_vec(&request).unwrap(), body);
    assert_eq!((request.version.as_str(), request.tee()), (VERSION, Ok(Tee::Sample)));
    assert_eq!(
        request.offered_hashes(),
        [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512, HashAlgorithm::Sm3]
    );
}

#[test]
fn reads_and_writes_the_recorded_challenge() {
    let body = recorded()[5].body;
    let challenge = Challenge::parse(body).unwrap();
    assert_eq!(serde_json::to_vec(&challenge).unwrap(), body);
    assert_eq!((challenge.nonce.len(), challenge.hash()), (44, Ok(HashAlgorithm::Sha384)));
}

#[test]
fn reads_and_writes_the_recorded_attestation() {
    let body = recorded()[6].body;
    let attestation = Attestation::parse(body).unwrap();
    assert_eq!(serde_json::to_vec(&attestation).unwrap(), body);
    assert_eq!(attestation.init_data, None);
}

#[test]
fn reads_and_writes_the_recorded_token() {
    let body = recorded()[7].body;
    let token = TokenResponse::parse(body).unwrap();
    assert_eq!(serde_json::to_vec(&token).unwrap(), body);
}

#[test]
fn the_recorded_cookie_has_the_name_we_use() {
    let head = &recorded()[5].head;
    assert!(head.contains(&format!("set-cookie: {SESSION_COOKIE}=")), "{head}");
}

#[test]
fn every_recorded_path_begins_with_the_prefix() {
    let requests: Vec<_> =
        recorded().into_iter().map(|message| message.head).filter(|head| !head.starts_with("HTTP")).collect();
    let paths: Vec<_> = requests.iter().filter_map(|head| head.split(' ').nth(1)).collect();
    assert_eq!(paths.iter().filter(|path| path.starts_with(PREFIX)).count(), paths.len());
    assert_eq!(
        paths[..4],
        [
            "/kbs/v0/resource/default/key/k2",
            "/kbs/v0/resource/default/key/k2",
            "/kbs/v0/auth",
            "/kbs/v0/attest"
        ]
    );
}

#[test]
fn our_request_offers_what_we_compute() {
    let request = Request::new(Tee::Snp);
    assert_eq!(
        serde_json::to_string(&request).unwrap(),
        r#"{"version":"0.4.0","tee":"snp","extra-params":{"supported-hash-algorithms":["sha256","sha384","sha512"]}}"#
    );
}

#[test]
fn takes_extra_params_of_any_kind() {
    for (extra, hash) in [
        (json!(""), Ok(HashAlgorithm::Sha384)),
        (json!(null), Ok(HashAlgorithm::Sha384)),
        (json!({}), Ok(HashAlgorithm::Sha384)),
        (json!({"selected-hash-algorithm": "SHA512"}), Ok(HashAlgorithm::Sha512)),
        (json!({"selected-hash-algorithm": "sm3"}), Err(UnsupportedHash(HashAlgorithm::Sm3).into())),
        (json!({"selected-hash-algorithm": "md5"}), Err(SelectionError::Unknown)),
        (json!({"selected-hash-algorithm": 384}), Err(SelectionError::Unknown)),
    ] {
        let challenge =
            Challenge::parse(json!({"nonce": "n", "extra-params": extra}).to_string().as_bytes()).unwrap();
        assert_eq!(challenge.hash(), hash, "{extra}");
    }
}

#[test]
fn takes_init_data_null_absent_and_present() {
    let rest = r#""runtime-data":{"nonce":"n","tee-pubkey":{}},"tee-evidence":{"primary_evidence":1,"additional_evidence":""}"#;
    let read = |init: &str| Attestation::parse(format!("{{{init}{rest}}}").as_bytes()).map(|a| a.init_data);
    let given = InitData { format: "toml".to_owned(), body: "x".to_owned() };
    assert_eq!(read(""), Ok(None));
    assert_eq!(read(r#""init-data":null,"#), Ok(None));
    assert_eq!(read(r#""init-data":{"format":"toml","body":"x"},"#), Ok(Some(given)));
}

#[test]
fn passes_over_members_that_it_does_not_know() {
    let body = br#"{"version":"0.4.0","new":[1],"tee":"tdx","extra-params":""}"#;
    assert_eq!(Request::parse(body).map(|request| request.tee()), Ok(Ok(Tee::Tdx)));
}

#[test]
fn rejects_a_request_without_extra_params() {
    assert_eq!(
        Request::parse(br#"{"version":"0.4.0","tee":"tdx"}"#),
        Err(JsonError::Malformed { what: "auth request", reason: JsonFault::Form, line: 1, column: 31 })
    );
}

#[test]
fn rejects_two_nonces() {
    let body = br#"{"runtime-data":{"nonce":"a","nonce":"b","tee-pubkey":{}},"tee-evidence":{"primary_evidence":{},"additional_evidence":""}}"#;
    assert_eq!(
        Attestation::parse(body),
        Err(JsonError::DuplicateMember { what: "attestation", line: 1, column: 36 })
    );
}

#[test]
fn digests_init_data_over_its_raw_text() {
    let init = InitData { format: "toml".to_owned(), body: "x".to_owned() };
    let hex = |algorithm| init.digest(algorithm).map(|digest| hex::encode(digest.as_bytes()));
    assert_eq!(
        hex(HashAlgorithm::Sha256),
        Ok("2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881".to_owned())
    );
    assert_eq!(hex(HashAlgorithm::Sm3), Err(InitDataError::Hash(UnsupportedHash(HashAlgorithm::Sm3))));
    let other = InitData { format: "json".to_owned(), ..init };
    assert_eq!(other.digest(HashAlgorithm::Sha256), Err(InitDataError::Format));
}

#[test]
fn extends_a_zero_pcr_8_with_init_data_as_worked() {
    let init = InitData { format: "toml".to_owned(), body: "x".to_owned() };
    let digest = init.digest(HashAlgorithm::Sha256).unwrap();
    let pcr = HashAlgorithm::Sha256.digest(&[&[0; 32], digest.as_bytes()].concat()).unwrap();
    assert_eq!(
        hex::encode(pcr.as_bytes()),
        "7f85193790de75e46b70bfec3614098f47332a6993dabac6e38ad35f47df5da4"
    );
}

#[test]
fn our_messages_survive_the_peers_types() {
    let request = Request::new(Tee::NvidiaDpu);
    let theirs: kbs_types::Request = serde_json::from_slice(&serde_json::to_vec(&request).unwrap()).unwrap();
    assert_eq!(Request::parse(&serde_json::to_vec(&theirs).unwrap()), Ok(request));

    let challenge = Challenge::new("n".to_owned());
    let theirs: kbs_types::Challenge =
        serde_json::from_slice(&serde_json::to_vec(&challenge).unwrap()).unwrap();
    assert_eq!(Challenge::parse(&serde_json::to_vec(&theirs).unwrap()), Ok(challenge));

    let attestation = Attestation {
        init_data: Some(InitData { format: "toml".to_owned(), body: "version = \"0.1.0\"".to_owned() }),
        runtime_data: RuntimeData {
            nonce: "n".to_owned(),
            tee_pubkey: crate::TeePublicKey::parse(&crate::testing::key()).unwrap().to_json().unwrap(),
        },
        tee_evidence: TeeEvidence {
            primary_evidence: RawJson::parse(r#"{"quote":"AA=="}"#).unwrap(),
            additional_evidence: "{}".to_owned(),
        },
    };
    let theirs: kbs_types::Attestation =
        serde_json::from_slice(&serde_json::to_vec(&attestation).unwrap()).unwrap();
    assert_eq!(Attestation::parse(&serde_json::to_vec(&theirs).unwrap()), Ok(attestation));
}

#[test]
fn every_tee_has_the_peers_name() {
    let theirs = Tee::ALL
        .map(|tee| serde_json::from_value::<kbs_types::Tee>(json!(tee.as_str())).map(|t| t.to_string()).ok());
    assert_eq!(theirs, Tee::ALL.map(|tee| Some(tee.to_string())));
}
