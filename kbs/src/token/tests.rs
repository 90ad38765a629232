use std::sync::Arc;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kbs_protocol::TeeKeyPair;
use serde_json::json;

use super::*;
use crate::jwt::tests::Signer;
use crate::signing_keys::tests::{keys_at, token_keys};
use crate::system::rng;

const NOW: UnixTime = UnixTime::from_secs(1_775_000_000);
const ISSUER: &str = "vouchsafe-kbs";
const EPOCH: u64 = 7;
const EVIDENCE: &str = "ear.veraison.annotated-evidence";

/// A token of this tier, verified.
pub(crate) fn a_token(status: &str) -> VerifiedToken {
    let keys = keys_at(NOW);
    let kept = kept(status);
    let token = issue(&keys.signer(NOW).unwrap(), &kept, &decision()).unwrap();
    verify(&keys, &token, NOW).unwrap().with_result(&kept).unwrap()
}

fn decision() -> String {
    Digest::of(b"d").to_string()
}

/// A result as a record keeps it: without the record's id.
fn kept(status: &str) -> Vec<u8> {
    let mut claims = claims(status);
    claims["submods"]["cpu0"]["ear.vouchsafe"].as_object_mut().unwrap().remove("decision");
    claims.to_string().into_bytes()
}

fn claims(status: &str) -> Value {
    let tee_key = TeeKeyPair::generate(&mut rng()).public().to_json().unwrap();
    let tee_key: Value = serde_json::from_str(tee_key.get()).unwrap();
    json!({
        "iss": ISSUER, "aud": ISSUER, "iat": NOW.secs(), "exp": NOW.secs() + 300, "eat_profile": "p",
        "eat_nonce": "n", "cnf": {"jwk": tee_key},
        "submods": {"cpu0": {
            "ear.status": status,
            "ear.trustworthiness-vector": {"hardware": 2},
            "ear.veraison.annotated-evidence": {"runtime_data_claims": {"nonce": "n", "tee-pubkey": tee_key}},
            "ear.vouchsafe": {"decision": decision(), "epoch": EPOCH, "failed": ["snp.policy.debug"]},
        }},
    })
}

fn signed(keys: &SigningKeys, claims: &Value) -> String {
    keys.signer(NOW).unwrap().issue(claims.to_string().as_bytes()).unwrap()
}

fn verify(keys: &SigningKeys, token: &str, now: UnixTime) -> Result<OwnToken, TokenError> {
    OwnToken::verify(keys, token, ISSUER, EPOCH, now)
}

fn refusal(keys: &SigningKeys, claims: &Value, now: UnixTime) -> Option<TokenError> {
    verify(keys, &signed(keys, claims), now).err()
}

#[test]
fn takes_back_what_it_issued_until_its_end() {
    let keys = keys_at(NOW);
    let kept = kept("affirming");
    let token = issue(&keys.signer(NOW).unwrap(), &kept, &decision()).unwrap();
    let verified = verify(&keys, &token, NOW.plus_secs(299)).unwrap().with_result(&kept).unwrap();
    let mut whole: Value = serde_json::from_slice(&kept).unwrap();
    whole["submods"]["cpu0"]["ear.vouchsafe"]["decision"] = json!(decision());
    assert_eq!(verified.claims(), &whole);
    assert_eq!(verified.decision(), Some(Digest::of(b"d")));
    assert_eq!((verified.status(), verified.foreign_issuer()), ("affirming", None));
    assert_eq!(verified.failed(), ["snp.policy.debug"]);
    let exp = NOW.plus_secs(300);
    assert_eq!(verify(&keys, &token, exp).err(), Some(JwtError::Expired { exp }.into()));
    assert_eq!(token.split('.').count(), 3);
}

#[test]
fn a_policy_is_asked_about_what_the_token_has_no_room_for() {
    let keys = keys_at(NOW);
    let mut claims: Value = serde_json::from_slice(&kept("affirming")).unwrap();
    let said = json!({"aa.toml": "x".repeat(100_000)});
    claims["submods"]["cpu0"][EVIDENCE]["init_data_claims"] = said.clone();
    let kept = claims.to_string().into_bytes();
    let token = issue(&keys.signer(NOW).unwrap(), &kept, &decision()).unwrap();
    assert!(token.len() < 0x4000, "{}", token.len());
    let verified = verify(&keys, &token, NOW).unwrap().with_result(&kept).unwrap();
    assert_eq!(verified.claims()["submods"]["cpu0"][EVIDENCE]["init_data_claims"], said);
}

#[test]
fn rejects_a_record_about_something_else_than_the_token() {
    let keys = keys_at(NOW);
    let kept = kept("affirming");
    let token = issue(&keys.signer(NOW).unwrap(), &kept, &decision()).unwrap();
    let against = |kept: &[u8]| verify(&keys, &token, NOW).unwrap().with_result(kept).err();
    assert_eq!(against(&kept), None);
    // The record's id is not inside it: what it says there is written over.
    for pointer in SAME.into_iter().filter(|pointer| !pointer.ends_with("/decision")) {
        let mut other: Value = serde_json::from_slice(&kept).unwrap();
        *other.pointer_mut(pointer).unwrap() = json!("another");
        assert_eq!(against(other.to_string().as_bytes()), Some(TokenError::NoRecord), "{pointer}");
    }
    assert_eq!(against(b"{}"), Some(TokenError::NoRecord));
    assert_eq!(against(b""), Some(TokenError::NoRecord));
}

#[test]
fn rejects_a_token_of_an_older_epoch_and_says_that_something_changed() {
    let keys = keys_at(NOW);
    let token = signed(&keys, &claims("affirming"));
    assert!(OwnToken::verify(&keys, &token, ISSUER, EPOCH, NOW).is_ok());
    for current in [EPOCH + 1, EPOCH - 1] {
        let error = OwnToken::verify(&keys, &token, ISSUER, current, NOW).unwrap_err();
        assert_eq!(error, TokenError::Epoch { issued: EPOCH, current });
        assert!(error.to_string().starts_with("the policy, a reference value or a revocation has changed"));
    }
    let mut without = claims("affirming");
    without["submods"]["cpu0"]["ear.vouchsafe"].as_object_mut().unwrap().remove("epoch");
    assert_eq!(refusal(&keys, &without, NOW), Some(JwtError::Claims.into()));
}

#[test]
fn rejects_a_token_of_another_broker() {
    let (one, two) = (keys_at(NOW), keys_at(NOW));
    let token = signed(&one, &claims("affirming"));
    assert_eq!(verify(&two, &token, NOW).err(), Some(TokenError::UnknownKey));
}

#[test]
fn rejects_a_stranger_that_names_our_key_or_brings_its_own() {
    let keys = keys_at(NOW);
    let kid = keys.signer(NOW).unwrap().kid().to_owned();
    let stranger = Signer::es256();
    let named = stranger.sign(&json!({"alg": "ES256", "kid": kid}), &claims("affirming"));
    assert_eq!(verify(&keys, &named, NOW).err(), Some(JwtError::Signature.into()));
    let unnamed = stranger.sign(&json!({"alg": "ES256"}), &claims("affirming"));
    assert_eq!(verify(&keys, &unnamed, NOW).err(), Some(TokenError::UnknownKey));
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"});
    let own = stranger.sign(&json!({"alg": "ES256", "kid": kid, "jwk": jwk}), &claims("affirming"));
    assert_eq!(verify(&keys, &own, NOW).err(), Some(JwtError::HeaderKey { member: "jwk" }.into()));
    // Keys without certificates never wrote a chain.
    let chained = stranger.sign(&json!({"alg": "ES256", "kid": kid, "x5c": ["AA"]}), &claims("affirming"));
    assert_eq!(verify(&keys, &chained, NOW).err(), Some(JwtError::HeaderKey { member: "x5c" }.into()));
}

/// The other signature that holds wherever the first does: (r, n - s).
fn with_the_other_signature(token: &str) -> String {
    let order = hex::decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut signature = base64::Engine::decode(&URL_SAFE_NO_PAD, signature).unwrap();
    let mut borrow = 0;
    for (digit, of) in signature[32..].iter_mut().zip(order).rev() {
        let left = i16::from(of) - i16::from(*digit) - borrow;
        borrow = i16::from(left < 0);
        *digit = u8::try_from(left + 256 * borrow).unwrap();
    }
    format!("{signed}.{}", base64::Engine::encode(&URL_SAFE_NO_PAD, signature))
}

#[test]
fn a_token_has_one_name_whichever_of_its_two_signatures_it_carries() {
    let keys = keys_at(NOW);
    let token = signed(&keys, &claims("affirming"));
    let other = with_the_other_signature(&token);
    assert_ne!(token, other);
    let name = |token: &str| verify(&keys, token, NOW).unwrap().digest;
    assert_eq!(name(&token), name(&other));
    let more = signed(&keys, &{
        let mut claims = claims("affirming");
        claims["jti"] = json!("another");
        claims
    });
    assert_ne!(name(&token), name(&more));
}

#[test]
fn a_chain_in_the_header_is_passed_over_and_never_trusted() {
    let key = SigningKey::from_der(&SigningKey::generate(crate::signing::SigningAlgorithm::Es256).unwrap());
    let key = Arc::new(key.unwrap().with_chain(&[vec![1, 2, 3], vec![4]]));
    let keys = SigningKeys::provided(token_keys::store(), token_keys::RULES, Arc::clone(&key), NOW);
    let token = signed(&keys, &claims("affirming"));
    let header = base64::Engine::decode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        token.split('.').next().unwrap(),
    );
    let header: Value = serde_json::from_slice(&header.unwrap()).unwrap();
    assert_eq!(header, json!({"alg": "ES256", "kid": key.kid(), "typ": "JWT", "x5c": ["AQID", "BA=="]}));
    assert!(verify(&keys, &token, NOW).is_ok());
    // A stranger with that very chain, or with one for its own key, is a stranger still.
    let stranger = Signer::es256();
    for chain in [json!(["AQID", "BA=="]), json!(["MIIB"])] {
        let header = json!({"alg": "ES256", "kid": key.kid(), "x5c": chain});
        let token = stranger.sign(&header, &claims("affirming"));
        assert_eq!(verify(&keys, &token, NOW).err(), Some(JwtError::Signature.into()));
    }
    let jwk = json!({"alg": "ES256", "kid": key.kid(), "x5c": ["AQID"], "jwk": {"kty": "EC"}});
    let token = stranger.sign(&jwk, &claims("affirming"));
    assert_eq!(verify(&keys, &token, NOW).err(), Some(JwtError::HeaderKey { member: "jwk" }.into()));
}

#[test]
fn rejects_another_issuer_and_a_token_from_the_future() {
    let keys = keys_at(NOW);
    let mut other = claims("affirming");
    other["iss"] = json!("somebody");
    assert_eq!(refusal(&keys, &other, NOW), Some(TokenError::Issuer));
    let early = NOW.plus_secs(-1);
    assert_eq!(refusal(&keys, &claims("affirming"), early), Some(TokenError::IssuedLater { iat: NOW }));
}

#[test]
fn rejects_a_token_without_a_key_to_seal_to() {
    let keys = keys_at(NOW);
    let mut without = claims("affirming");
    without["submods"]["cpu0"][EVIDENCE]["runtime_data_claims"] = json!({});
    assert_eq!(refusal(&keys, &without, NOW), Some(JwtError::Claims.into()));
    let mut rsa = claims("affirming");
    let rsa_key = json!({"kty": "RSA", "alg": "RSA-OAEP-256", "n": "AQAB", "e": "AQAB"});
    rsa["submods"]["cpu0"][EVIDENCE]["runtime_data_claims"]["tee-pubkey"] = rsa_key.clone();
    rsa["cnf"]["jwk"] = rsa_key;
    assert_eq!(
        refusal(&keys, &rsa, NOW),
        Some(KeyError::Modulus { least: 2048, most: 8192, actual: 17 }.into())
    );
}

#[test]
fn rejects_a_token_for_another_audience_key_or_nonce() {
    let keys = keys_at(NOW);
    let changed = |change: fn(&mut Value)| {
        let mut claims = claims("affirming");
        change(&mut claims);
        refusal(&keys, &claims, NOW)
    };
    assert_eq!(changed(|claims| claims["aud"] = json!("somebody")), Some(TokenError::Audience));
    let other = claims("affirming")["cnf"].clone();
    let mut confirms_another = claims("affirming");
    confirms_another["cnf"] = other;
    assert_eq!(refusal(&keys, &confirms_another, NOW), Some(TokenError::Confirmation));
    assert_eq!(changed(|claims| claims["eat_nonce"] = json!("m")), Some(TokenError::Confirmation));
    for member in ["aud", "cnf", "eat_nonce"] {
        let mut without = claims("affirming");
        without.as_object_mut().unwrap().remove(member);
        assert_eq!(refusal(&keys, &without, NOW), Some(JwtError::Claims.into()), "{member}");
    }
}
