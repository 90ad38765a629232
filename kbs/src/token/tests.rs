use kbs_protocol::TeeKeyPair;
use serde_json::json;

use super::*;
use crate::jwt::tests::Signer;
use crate::system::rng;

const NOW: UnixTime = UnixTime::from_secs(1_775_000_000);
const ISSUER: &str = "vouchsafe-kbs";

/// A token of this tier, verified.
pub(crate) fn a_token(status: &str) -> VerifiedToken {
    let key = new_key();
    key.verify(&key.issue(claims(status).to_string().as_bytes()).unwrap(), ISSUER, NOW).unwrap()
}

fn new_key() -> TokenKey {
    TokenKey::from_pkcs8(&TokenKey::generate().unwrap()).unwrap()
}

fn claims(status: &str) -> Value {
    let tee_key = TeeKeyPair::generate(&mut rng()).public().to_json().unwrap();
    let tee_key: Value = serde_json::from_str(tee_key.get()).unwrap();
    json!({
        "iss": ISSUER, "aud": ISSUER, "iat": NOW.secs(), "exp": NOW.secs() + 300,
        "eat_nonce": "n", "cnf": {"jwk": tee_key},
        "submods": {"cpu0": {
            "ear.status": status,
            "ear.veraison.annotated-evidence": {"runtime_data_claims": {"nonce": "n", "tee-pubkey": tee_key}},
            "ear.vouchsafe": {"decision": Digest::of(b"d").to_string(), "failed": ["snp.policy.debug"]},
        }},
    })
}

fn refusal(key: &TokenKey, claims: &Value, now: UnixTime) -> Option<TokenError> {
    key.verify(&key.issue(claims.to_string().as_bytes()).unwrap(), ISSUER, now).err()
}

#[test]
fn takes_back_what_it_issued_until_its_end() {
    let key = new_key();
    let claims = claims("affirming");
    let token = key.issue(claims.to_string().as_bytes()).unwrap();
    let verified = key.verify(&token, ISSUER, NOW.plus_secs(299)).ok().unwrap();
    assert_eq!(verified.claims(), &claims);
    assert_eq!(verified.decision(), Digest::of(b"d"));
    assert_eq!(verified.failed(), ["snp.policy.debug"]);
    let exp = NOW.plus_secs(300);
    assert_eq!(key.verify(&token, ISSUER, exp).err(), Some(JwtError::Expired { exp }.into()));
    assert_eq!(token.split('.').count(), 3);
}

#[test]
fn a_key_survives_its_kept_form() {
    let kept = TokenKey::generate().unwrap();
    let (one, two) = (TokenKey::from_pkcs8(&kept).unwrap(), TokenKey::from_pkcs8(&kept).unwrap());
    let token = one.issue(claims("affirming").to_string().as_bytes()).unwrap();
    assert!(two.verify(&token, ISSUER, NOW).is_ok());
    assert_eq!(TokenKey::from_pkcs8(b"").err(), Some(UnusableKey));
}

#[test]
fn rejects_a_token_of_another_broker() {
    let (one, two) = (new_key(), new_key());
    let token = one.issue(claims("affirming").to_string().as_bytes()).unwrap();
    assert_eq!(two.verify(&token, ISSUER, NOW).err(), Some(TokenError::UnknownKey));
}

#[test]
fn rejects_a_stranger_that_names_our_key_or_brings_its_own() {
    let key = new_key();
    let stranger = Signer::es256();
    let named = stranger.sign(&json!({"alg": "ES256", "kid": key.kid}), &claims("affirming"));
    assert_eq!(key.verify(&named, ISSUER, NOW).err(), Some(JwtError::Signature.into()));
    let unnamed = stranger.sign(&json!({"alg": "ES256"}), &claims("affirming"));
    assert_eq!(key.verify(&unnamed, ISSUER, NOW).err(), Some(TokenError::UnknownKey));
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"});
    let own = stranger.sign(&json!({"alg": "ES256", "kid": key.kid, "jwk": jwk}), &claims("affirming"));
    assert_eq!(key.verify(&own, ISSUER, NOW).err(), Some(JwtError::HeaderKey { member: "jwk" }.into()));
}

#[test]
fn rejects_another_issuer_and_a_token_from_the_future() {
    let key = new_key();
    let mut other = claims("affirming");
    other["iss"] = json!("somebody");
    assert_eq!(refusal(&key, &other, NOW), Some(TokenError::Issuer));
    let early = NOW.plus_secs(-1);
    assert_eq!(refusal(&key, &claims("affirming"), early), Some(TokenError::IssuedLater { iat: NOW }));
}

#[test]
fn rejects_a_token_without_a_key_to_seal_to() {
    let key = new_key();
    let mut without = claims("affirming");
    without["submods"]["cpu0"]["ear.veraison.annotated-evidence"]["runtime_data_claims"] = json!({});
    assert_eq!(refusal(&key, &without, NOW), Some(JwtError::Claims.into()));
    let mut rsa = claims("affirming");
    let rsa_key = json!({"kty": "RSA", "alg": "RSA-OAEP-256", "n": "AQAB", "e": "AQAB"});
    rsa["submods"]["cpu0"]["ear.veraison.annotated-evidence"]["runtime_data_claims"]["tee-pubkey"] =
        rsa_key.clone();
    rsa["cnf"]["jwk"] = rsa_key;
    assert_eq!(
        refusal(&key, &rsa, NOW),
        Some(KeyError::Modulus { least: 2048, most: 8192, actual: 17 }.into())
    );
}

#[test]
fn rejects_a_token_for_another_audience_key_or_nonce() {
    let key = new_key();
    let changed = |change: fn(&mut Value)| {
        let mut claims = claims("affirming");
        change(&mut claims);
        refusal(&key, &claims, NOW)
    };
    assert_eq!(changed(|claims| claims["aud"] = json!("somebody")), Some(TokenError::Audience));
    let other = claims("affirming")["cnf"].clone();
    let mut confirms_another = claims("affirming");
    confirms_another["cnf"] = other;
    assert_eq!(refusal(&key, &confirms_another, NOW), Some(TokenError::Confirmation));
    assert_eq!(changed(|claims| claims["eat_nonce"] = json!("m")), Some(TokenError::Confirmation));
    for member in ["aud", "cnf", "eat_nonce"] {
        let mut without = claims("affirming");
        without.as_object_mut().unwrap().remove(member);
        assert_eq!(refusal(&key, &without, NOW), Some(JwtError::Claims.into()), "{member}");
    }
}
