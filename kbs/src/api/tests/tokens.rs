//! What a token opens beside its own words: the settings in force, the record behind it, the keys that are published.

use kbs_protocol::InitData;
use serde_json::Value;

use super::*;
use crate::store::SettingKind;

const EVIDENCE: &str = "ear.veraison.annotated-evidence";

fn claims_of(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

/// A guest's cookie and token.
async fn attested(bench: &Bench) -> (String, String) {
    let (cookie, nonce) = bench.auth().await;
    let token = bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    (cookie, token)
}

async fn published(bench: &Bench) -> Vec<String> {
    let answer = bench.send(TestRequest::get().uri("/.well-known/jwks.json")).await;
    let set: Value = serde_json::from_slice(&answer.body).unwrap();
    set["keys"].as_array().unwrap().iter().map(|jwk| jwk["kid"].as_str().unwrap().to_owned()).collect()
}

#[actix_web::test]
async fn a_changed_setting_ends_the_session_and_the_token() {
    let bench = Bench::new("epoch", ALLOW_ALL);
    bench.store_secret().await;
    let (cookie, token) = attested(&bench).await;
    let heads = || [cookie_header(&cookie), bearer(&token)];
    for head in heads() {
        assert_eq!(bench.get(head).await.status, StatusCode::OK);
    }
    let store = &bench.broker.store;
    let before = store.settings().unwrap().epoch();
    let now = UnixTime::from_secs(START);
    let epoch = store.change(&[(SettingKind::Inputs, "a", Some(b"b"))], "test", now).unwrap();
    for head in heads() {
        let (status, kind, detail) = bench.get(head).await.error();
        assert_eq!((status, kind.as_str()), (401, "TokenVerifierError"));
        let epochs = format!("(epoch {before}, now {epoch}): attest again");
        assert!(detail.contains("has changed") && detail.ends_with(&epochs), "{detail}");
    }
    let (cookie, token) = attested(&bench).await;
    assert_eq!(claims_of(&token)["submods"]["cpu0"]["ear.vouchsafe"]["epoch"], json!(epoch));
    assert_eq!(bench.get(cookie_header(&cookie)).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_broker_whose_files_are_not_those_in_force_decides_nothing() {
    let bench = Bench::new("in-force", ALLOW_ALL);
    bench.store_secret().await;
    let (cookie, _) = attested(&bench).await;
    let (later, nonce) = bench.auth().await;
    // Another broker over this store read another list of revocations.
    let now = UnixTime::from_secs(START);
    let other = [(SettingKind::Inputs, "revocation", Some(b"another".as_slice()))];
    bench.broker.store.change(&other, "another broker", now).unwrap();
    assert_eq!(bench.get(cookie_header(&cookie)).await.kind(), (503, "PluginInternalError".to_owned()));
    let answer = bench.attest(&later, good(&nonce, &new_key())).await;
    assert_eq!(answer.kind(), (503, "PluginInternalError".to_owned()));
}

#[actix_web::test]
async fn a_token_without_a_record_opens_nothing_even_under_the_right_key() {
    let bench = Bench::new("no-record", ALLOW_ALL);
    bench.store_secret().await;
    let (_, token) = attested(&bench).await;
    let key = bench.broker.token_keys.signer(UnixTime::from_secs(START)).unwrap();
    let sign = |claims: &Value| key.issue(claims.to_string().as_bytes()).unwrap();
    let good = claims_of(&token);
    assert_eq!(bench.get(bearer(&sign(&good))).await.status, StatusCode::OK);
    let mut unrecorded = good.clone();
    unrecorded["submods"]["cpu0"]["ear.vouchsafe"]["decision"] = json!(Digest::of(b"no such record"));
    let mut promoted = good.clone();
    promoted["submods"]["cpu0"]["ear.status"] = json!("affirming");
    let mut longer = good;
    longer["exp"] = json!(START + 3600);
    for claims in [unrecorded, promoted, longer] {
        let (status, kind, detail) = bench.get(bearer(&sign(&claims))).await.error();
        assert_eq!((status, kind.as_str()), (401, "TokenVerifierError"));
        assert_eq!(detail, "the decision behind the token is not on record: attest again");
    }
}

#[actix_web::test]
async fn a_record_or_a_result_that_somebody_put_in_its_place_opens_nothing() {
    let policy = format!(
        "package policy\nimport rego.v1\n\
         allow if {{ input.submods.cpu0[\"{EVIDENCE}\"].init_data_claims.of == \"a friend\" }}"
    );
    let bench = Bench::new("forged-record", &policy);
    bench.store_secret().await;
    let (_, token) = attested(&bench).await;
    let store = &bench.broker.store;
    assert_eq!(bench.get(bearer(&token)).await.kind(), (403, "PolicyDeny".to_owned()));
    let said = claims_of(&token)["submods"]["cpu0"]["ear.vouchsafe"]["decision"].clone();
    let decision: Digest = said.as_str().unwrap().parse().unwrap();
    let mut record = Record::decode(&store.record(&decision).unwrap().unwrap()).unwrap();
    let Body::Attestation(attestation) = &mut record.decision else { panic!("not an attestation") };
    // Another result under the digest of the recorded one.
    let digest = attestation.claims.unwrap();
    let result = store.blob(&digest).unwrap().unwrap();
    let mut better: Value = serde_json::from_slice(&result).unwrap();
    better["submods"]["cpu0"][EVIDENCE]["init_data_claims"] = json!({"of": "a friend"});
    let better = better.to_string();
    store.forge_blob(&digest, better.as_bytes());
    let gone = (401, "TokenVerifierError".to_owned());
    assert_eq!(bench.get(bearer(&token)).await.kind(), gone);
    // Another record, which names that result, under the id of the recorded one.
    store.forge_blob(&digest, &result);
    store.forge_blob(&Digest::of(better.as_bytes()), better.as_bytes());
    attestation.claims = Some(Digest::of(better.as_bytes()));
    store.forge_record(&decision, &record.encode());
    assert_eq!(bench.get(bearer(&token)).await.kind(), gone);
}

#[actix_web::test]
async fn the_policy_is_asked_about_the_whole_result_where_the_token_has_no_room_for_it() {
    let policy = format!(
        "package policy\nimport rego.v1\n\
         said := input.submods.cpu0[\"{EVIDENCE}\"].init_data_claims\nallow if {{ count(said.big) == 30000 }}"
    );
    let bench = Bench::new("whole", &policy);
    bench.store_secret().await;
    let (cookie, nonce) = bench.auth().await;
    let key = new_key();
    let public = key.public().to_json().unwrap();
    let mut message = message(&nonce, &public, &public);
    let body =
        format!("version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\nbig = \"{}\"\n", "x".repeat(30_000));
    message.init_data = Some(InitData { format: "toml".to_owned(), body });
    let token = bench.attest(&cookie, bytes(&message)).await.token();
    assert!(token.len() < 16 << 10, "{}", token.len());
    let cpu = claims_of(&token)["submods"]["cpu0"].clone();
    assert_eq!(cpu[EVIDENCE].get("init_data_claims"), None);
    let path = format!("/{EVIDENCE}/init_data_claims");
    assert_eq!(cpu["ear.vouchsafe"]["by_hash"][&path]["bytes"], json!(30_000 + "{\"big\":\"\"}".len()));
    assert_eq!(bench.get(bearer(&token)).await.status, StatusCode::OK);
    // A guest that said less is denied.
    let (_, other) = attested(&bench).await;
    assert_eq!(bench.get(bearer(&other)).await.kind(), (403, "PolicyDeny".to_owned()));
}

#[actix_web::test]
async fn refuses_a_key_that_fills_the_token() {
    let bench = Bench::new("fat-key", ALLOW_ALL);
    let (cookie, nonce) = bench.auth().await;
    let public = new_key().public().to_json().unwrap();
    let filled = |size: usize| {
        let rest = size - public.get().len() - ",\"fill\":\"\"".len();
        let text = public.get().strip_suffix('}').unwrap();
        RawJson::parse(&format!("{text},\"fill\":\"{}\"}}", "x".repeat(rest))).unwrap()
    };
    let key = filled(2049);
    assert_eq!(key.get().len(), 2049);
    let answer = bench.attest(&cookie, bytes(&message(&nonce, &key, &key))).await;
    assert_eq!(answer.kind(), (413, "SerdeError".to_owned()));
    let key = filled(2048);
    bench.attest(&cookie, bytes(&message(&nonce, &key, &key))).await.token();
}

#[actix_web::test]
async fn tokens_are_signed_by_a_published_key_through_a_rotation() {
    let bench = Bench::new("rotation", ALLOW_ALL);
    bench.store_secret().await;
    let kid = |token: &str| crate::jwt::key_id(token).unwrap().unwrap();
    let (cookie, old) = attested(&bench).await;
    assert_eq!(published(&bench).await, [kid(&old)]);
    let rotate = || TestRequest::post().uri("/v1/keys/token/rotate");
    assert_eq!(bench.send(rotate()).await.status, StatusCode::UNAUTHORIZED);
    let answer = bench.send(rotate().insert_header(bearer(&bench.admin_token()))).await;
    let rotated: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(rotated["signs_from"], json!("2026-03-31T23:43:20Z"));
    let new = rotated["kid"].as_str().unwrap().to_owned();
    assert_eq!(published(&bench).await, [kid(&old), new.clone()]);
    bench.pass(299);
    assert_eq!(bench.get(cookie_header(&cookie)).await.status, StatusCode::OK);
    assert_eq!(bench.get(bearer(&old)).await.status, StatusCode::OK);
    bench.pass(300);
    let (_, last) = attested(&bench).await;
    assert_eq!(kid(&last), kid(&old));
    bench.pass(1);
    let (_, first) = attested(&bench).await;
    assert_eq!(kid(&first), new);
    for token in [&last, &first] {
        assert_eq!(bench.get(bearer(token)).await.status, StatusCode::OK);
    }
    bench.pass(600);
    crate::housekeeping::once(&bench.broker.clone().into_inner()).unwrap();
    assert_eq!(published(&bench).await, [new]);
}
