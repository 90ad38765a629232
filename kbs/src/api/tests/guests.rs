//! The way of a guest: challenge, evidence, token, secret; and whoever leaves it.

use super::*;

#[actix_web::test]
async fn an_attested_guest_gets_the_secret_with_its_cookie_or_its_token() {
    let bench = Bench::new("trip", ALLOW_ALL);
    bench.store_secret().await;
    let key = new_key();
    let (cookie, nonce) = bench.auth().await;
    let attested = bench.attest(&cookie, good(&nonce, &key)).await;
    let token = attested.token();
    assert_eq!(attested.cookie.as_deref(), Some(cookie.as_str()));
    for head in [cookie_header(&cookie), bearer(&token)] {
        let answer = bench.get(head).await;
        assert_eq!(answer.status, StatusCode::OK);
        let response = jwe::Response::parse(&answer.body).unwrap();
        assert_eq!(jwe::open(&response, &key).unwrap().as_slice(), SECRET);
    }
}

#[actix_web::test]
async fn the_default_policy_denies_sample_evidence_and_names_the_decision() {
    let bench = Bench::new("default", policy::ResourcePolicy::DEFAULT);
    let (cookie, nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    let answer = bench.get(cookie_header(&cookie)).await;
    let (status, kind, detail) = answer.error();
    assert_eq!((status, kind.as_str()), (403, "PolicyDeny"));
    let refusal = Refusal::parse(&detail);
    assert_eq!(refusal.summary, "Access denied by policy: the evidence is contraindicated");
    let id: Digest = refusal.decision.unwrap().parse().unwrap();
    let record = Record::decode(&bench.broker.store.record(&id).unwrap().unwrap()).unwrap();
    let Body::Attestation(attestation) = record.decision else { panic!("not an attestation") };
    assert_eq!((attestation.tee.as_str(), attestation.verified), ("sample", true));
    assert_eq!(attestation.tier, "contraindicated");
    for blob in [attestation.evidence, attestation.runtime_data, attestation.verdict, attestation.inputs] {
        assert!(bench.broker.store.blob(&blob).unwrap().is_some());
    }
}

#[actix_web::test]
async fn a_denial_does_not_show_whether_the_secret_exists_and_a_grant_does() {
    let bench = Bench::new("exists", policy::ResourcePolicy::DEFAULT);
    let (cookie, nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    let absent = bench.get(cookie_header(&cookie)).await.error();
    bench.store_secret().await;
    assert_eq!(bench.get(cookie_header(&cookie)).await.error(), absent);
    let bench = Bench::new("exists-granted", ALLOW_ALL);
    let (cookie, nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    let answer = bench.get(cookie_header(&cookie)).await;
    assert_eq!(answer.kind(), (404, "PluginInternalError".to_owned()));
}

#[actix_web::test]
async fn the_same_body_again_gets_the_same_token_and_another_body_nothing() {
    let bench = Bench::new("repeat", ALLOW_ALL);
    let (cookie, nonce) = bench.auth().await;
    let body = good(&nonce, &new_key());
    let token = bench.attest(&cookie, body.clone()).await.token();
    bench.pass(299);
    assert_eq!(bench.attest(&cookie, body).await.token(), token);
    let answer = bench.attest(&cookie, good(&nonce, &new_key())).await;
    assert_eq!(answer.kind(), (401, "AttestationError".to_owned()));
}

#[actix_web::test]
async fn a_session_ends_with_its_time() {
    let bench = Bench::new("expiry", ALLOW_ALL);
    bench.store_secret().await;
    let key = new_key();
    let (cookie, nonce) = bench.auth().await;
    let (late_cookie, late_nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &key)).await.token();
    bench.pass(300);
    let answer = bench.attest(&late_cookie, good(&late_nonce, &key)).await;
    assert_eq!(answer.kind(), (401, "AttestationError".to_owned()));
    assert_eq!(bench.get(cookie_header(&cookie)).await.kind(), (401, "TokenNotFound".to_owned()));
}

#[actix_web::test]
async fn refuses_another_sessions_nonce_and_a_nonce_of_nobodys() {
    let bench = Bench::new("nonce", ALLOW_ALL);
    let (cookie, _) = bench.auth().await;
    let (_, other) = bench.auth().await;
    for nonce in [other.as_str(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", ""] {
        let answer = bench.attest(&cookie, good(nonce, &new_key())).await;
        assert_eq!(answer.kind(), (401, "AttestationError".to_owned()), "{nonce}");
    }
}

#[actix_web::test]
async fn refuses_evidence_for_another_key_and_says_which_check_failed() {
    let bench = Bench::new("other-key", ALLOW_ALL);
    let (cookie, nonce) = bench.auth().await;
    let (mine, other) = (new_key().public().to_json().unwrap(), new_key().public().to_json().unwrap());
    let body = bytes(&message(&nonce, &mine, &other));
    let answer = bench.attest(&cookie, body.clone()).await;
    let (status, kind, detail) = answer.error();
    assert_eq!((status, kind.as_str()), (401, "AttestationError"));
    let refusal = Refusal::parse(&detail);
    // Nobody signed it: it is not recorded.
    assert_eq!((refusal.checks, refusal.decision), (vec!["sample.binding.report-data".to_owned()], None));
    assert_eq!(bench.broker.refusals.summary().refused, 1);
    assert!(!detail.contains(&hex::encode([0; 16])), "{detail}");
    assert_eq!(bench.attest(&cookie, body).await.error(), (status, kind, detail));
}

#[actix_web::test]
async fn refuses_device_evidence_by_name() {
    let bench = Bench::new("devices", ALLOW_ALL);
    let (cookie, nonce) = bench.auth().await;
    let key = new_key().public().to_json().unwrap();
    let mut message = message(&nonce, &key, &key);
    message.tee_evidence.additional_evidence = "{\"nvidia\":{}}".to_owned();
    let (status, _, detail) = bench.attest(&cookie, bytes(&message)).await.error();
    let expected = "device evidence of nvidia is not verified by this broker [checks: devices.supported]";
    assert_eq!((status, detail.as_str()), (401, expected));
    assert_eq!(bench.broker.refusals.summary().refused, 1);
}

#[actix_web::test]
async fn refuses_keys_that_it_cannot_seal_to() {
    let bench = Bench::new("rsa", ALLOW_ALL);
    let (cookie, nonce) = bench.auth().await;
    let key = RawJson::parse(r#"{"kty":"RSA","alg":"RSA-OAEP-256","n":"AQAB","e":"AQAB"}"#).unwrap();
    let answer = bench.attest(&cookie, bytes(&message(&nonce, &key, &key))).await;
    assert_eq!(answer.kind(), (400, "AttestationError".to_owned()));
}

/// A result must be able to carry the key as it came, also where a member that nobody reads nests deeply.
#[actix_web::test]
async fn a_key_nests_as_deep_as_a_result_can_carry_it_and_no_deeper() {
    let bench = Bench::new("deep-key", ALLOW_ALL);
    bench.store_secret().await;
    let nested = |levels: usize| {
        let key = new_key().public().to_json().unwrap();
        let deep = "[".repeat(levels - 1) + &"]".repeat(levels - 1);
        RawJson::parse(&key.get().replacen('{', &format!("{{\"deep\":{deep},"), 1)).unwrap()
    };
    let (cookie, nonce) = bench.auth().await;
    let key = nested(64);
    bench.attest(&cookie, bytes(&message(&nonce, &key, &key))).await.token();
    assert_eq!(bench.get(cookie_header(&cookie)).await.status, StatusCode::OK);
    let (cookie, nonce) = bench.auth().await;
    let key = nested(65);
    let (status, kind, detail) = bench.attest(&cookie, bytes(&message(&nonce, &key, &key))).await.error();
    assert_eq!((status, kind.as_str()), (400, "AttestationError"));
    assert!(detail.starts_with("tee-pubkey: nested 65 levels deep, at most 64 are taken"), "{detail}");
}

#[actix_web::test]
async fn refuses_other_versions_and_tees_that_it_does_not_take() {
    let bench = Bench::new("auth", ALLOW_ALL);
    let auth = async |body: &str| {
        let request = TestRequest::post().uri("/kbs/v0/auth").set_payload(body.to_owned());
        bench.send(request).await.error()
    };
    for version in ["0.4.1", "0.3.0", "0.4", "<script>"] {
        let (status, kind, detail) =
            auth(&format!(r#"{{"version":"{version}","tee":"snp","extra-params":""}}"#)).await;
        assert_eq!((status, kind.as_str()), (400, "AttestationError"));
        assert!(detail.starts_with("KBS Client Protocol Version Mismatch: expect =0.4.0"), "{detail}");
        assert!(!detail.contains('<'), "{detail}");
    }
    for tee in ["nvidia", "cca", "no such tee"] {
        let (status, _, detail) =
            auth(&format!(r#"{{"version":"0.4.0","tee":"{tee}","extra-params":""}}"#)).await;
        let expected = "this broker takes no evidence of that TEE; it takes snp, tdx, sgx, sample";
        assert_eq!((status, detail.as_str()), (400, expected));
    }
    assert_eq!(auth("{").await.0, 400);
}

#[actix_web::test]
async fn a_guest_without_session_or_token_is_told_to_begin() {
    let bench = Bench::new("begin", ALLOW_ALL);
    let (_, kind, detail) = bench.send(TestRequest::get().uri(RESOURCE)).await.error();
    assert_eq!((kind.as_str(), detail.as_str()), ("TokenNotFound", "Attestation Token not found"));
    let (cookie, _) = bench.auth().await;
    assert_eq!(bench.get(cookie_header(&cookie)).await.kind(), (401, "TokenNotFound".to_owned()));
    assert_eq!(bench.get(cookie_header("nonsense")).await.kind(), (401, "TokenNotFound".to_owned()));
    assert_eq!(bench.get(bearer("a.b.c")).await.kind(), (401, "TokenVerifierError".to_owned()));
    assert_eq!(bench.broker.refusals.summary().without_session, 1);
}

#[actix_web::test]
async fn refuses_a_changed_token_and_a_strangers() {
    let bench = Bench::new("stranger", ALLOW_ALL);
    bench.store_secret().await;
    let (cookie, nonce) = bench.auth().await;
    let token = bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    let (head, signature) = token.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let changed = format!("{head}.{flipped}{}", &signature[1..]);
    let claims: serde_json::Value = serde_json::from_slice(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap(),
    )
    .unwrap();
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"});
    let stranger = Signer::es256().sign(&json!({"alg": "ES256", "jwk": jwk}), &claims);
    for token in [changed, stranger] {
        assert_eq!(bench.get(bearer(&token)).await.kind(), (401, "TokenVerifierError".to_owned()));
    }
    bench.pass(300);
    assert_eq!(bench.get(bearer(&token)).await.kind(), (401, "TokenVerifierError".to_owned()));
}

#[actix_web::test]
async fn a_guest_names_the_decision_under_which_the_operator_finds_the_rest() {
    let bench = Bench::new("decision", policy::ResourcePolicy::DEFAULT);
    let (cookie, nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    let (.., detail) = bench.get(cookie_header(&cookie)).await.error();
    let id = Refusal::parse(&detail).decision.unwrap();
    let request = TestRequest::get().uri(&format!("/v1/decisions/{id}"));
    let record = bench.send(request.insert_header(bearer(&bench.admin_token()))).await;
    assert_eq!(Digest::of(&record.body).to_string(), id);
}

#[actix_web::test]
async fn a_session_and_a_token_survive_a_restart() {
    let folder = Scratch::new("api-restart-store");
    let store = || Store::open(&folder.path.join("store"), root_key(), 1 << 20, 0).unwrap();
    let bench = Bench::with_store("restart", ALLOW_ALL, store());
    bench.store_secret().await;
    let key = new_key();
    let (cookie, nonce) = bench.auth().await;
    let (later_cookie, later_nonce) = bench.auth().await;
    let body = good(&nonce, &key);
    let token = bench.attest(&cookie, body.clone()).await.token();
    let bench = bench.restart(store);
    for head in [cookie_header(&cookie), bearer(&token)] {
        assert_eq!(bench.get(head).await.status, StatusCode::OK);
    }
    assert_eq!(bench.attest(&cookie, body).await.token(), token);
    bench.attest(&later_cookie, good(&later_nonce, &key)).await.token();
}
