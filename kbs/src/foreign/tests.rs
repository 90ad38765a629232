use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA384, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kbs_protocol::TeeKeyPair;
use serde_json::json;

use super::*;
use crate::jwt::KeyFault;
use crate::jwt::tests::Signer;
use crate::system::{rng, signing_rng};

const NOW: UnixTime = UnixTime::from_secs(1_775_000_000);
const ISSUER: &str = "CoCo-Attestation-Service";

/// An issuer with these keys.
pub(crate) fn issuer(keys: Vec<(Option<String>, PinnedKey)>) -> ForeignIssuer {
    ForeignIssuer {
        name: "trustee".to_owned(),
        issuer: ISSUER.to_owned(),
        keys,
        resources: vec![Pattern::parse("models/*/*").unwrap()],
        tee_key: None,
        audience: None,
        max_seconds: 300,
    }
}

fn of_one(key: &Signer) -> ForeignIssuer {
    issuer(vec![(None, key.public())])
}

/// A token of [`issuer`], verified.
pub(crate) fn foreign_token(now: UnixTime) -> VerifiedToken {
    foreign_token_about(&json!({}), now)
}

/// The same, about evidence that says this.
pub(crate) fn foreign_token_about(evidence: &Value, now: UnixTime) -> VerifiedToken {
    let (signer, mut claims) = (Signer::es256(), claims());
    let place = claims.pointer_mut("/submods/cpu0/ear.veraison.annotated-evidence").unwrap();
    place.as_object_mut().unwrap().extend(evidence.as_object().unwrap().clone());
    of_one(&signer).verify(&es256(&signer, &claims), now).unwrap()
}

pub(crate) fn tee_jwk() -> Value {
    let key = TeeKeyPair::generate(&mut rng()).public().to_json().unwrap();
    serde_json::from_str(key.get()).unwrap()
}

/// Claims as Trustee's attestation service writes them.
fn claims() -> Value {
    json!({
        "iss": ISSUER, "iat": NOW.secs(), "exp": NOW.secs() + 300,
        "submods": {"cpu0": {
            "ear.status": "affirming",
            "ear.veraison.annotated-evidence": {"runtime_data_claims": {"nonce": "n", "tee-pubkey": tee_jwk()}},
        }},
    })
}

fn with(member: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[member] = value;
    claims
}

fn without(member: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(member);
    claims
}

fn refused(issuer: &ForeignIssuer, token: &str) -> Option<ForeignError> {
    match issuer.verify(token, NOW).err()? {
        TokenError::Foreign { name, error } => {
            assert_eq!(name, "trustee");
            Some(error)
        }
        other => panic!("{other}"),
    }
}

fn es256(signer: &Signer, claims: &Value) -> String {
    signer.sign(&json!({"alg": "ES256", "typ": "JWT"}), claims)
}

fn token_of(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn takes_a_token_of_its_issuer_under_its_pinned_key() {
    let signer = Signer::es256();
    let claims = claims();
    let token = es256(&signer, &claims);
    let verified = of_one(&signer).verify(&token, NOW.plus_secs(299)).unwrap();
    assert_eq!(verified.claims(), &claims);
    assert_eq!((verified.decision(), verified.foreign_issuer()), (None, Some("trustee")));
    let Judged::Elsewhere(scope) = verified.judged() else { panic!("not a foreign token") };
    let covers = |path| scope.covers(&ResourcePath::parse(path).unwrap());
    assert_eq!((covers("models/key/llama"), covers("other/key/llama")), (true, false));
}

#[test]
fn rejects_a_token_of_any_other_time_issuer_or_length() {
    let signer = Signer::es256();
    let exp = NOW.plus_secs(300);
    let token = es256(&signer, &claims());
    let late = of_one(&signer).verify(&token, exp).err();
    let error = ForeignError::Jwt(JwtError::Expired { exp });
    assert_eq!(late, Some(TokenError::Foreign { name: "trustee".to_owned(), error }));
    let claims_refused = Some(ForeignError::Jwt(JwtError::Claims));
    let refusal = |claims: &Value| refused(&of_one(&signer), &es256(&signer, claims));
    for member in ["exp", "iat", "iss"] {
        assert_eq!(refusal(&without(member)), claims_refused, "{member}");
    }
    assert_eq!(refusal(&with("iss", json!("another"))), claims_refused);
    let nbf = NOW.plus_secs(1);
    assert_eq!(refusal(&with("nbf", json!(nbf.secs()))), Some(JwtError::NotYet { nbf }.into()));
    assert_eq!(refusal(&with("nbf", json!(NOW.secs()))), None);
    let iat = NOW.plus_secs(1);
    assert_eq!(refusal(&with("iat", json!(iat.secs()))), Some(ForeignError::IssuedLater { iat }));
    let longer = with("exp", json!(NOW.secs() + 301));
    assert_eq!(refusal(&longer), Some(ForeignError::TooLong { limit: 300, actual: 301 }));
}

#[test]
fn rejects_a_strangers_key_even_if_the_header_brings_it() {
    let (signer, stranger) = (Signer::es256(), Signer::es256());
    let point = stranger.spki();
    let (x, y) = point[point.len() - 64..].split_at(32);
    let jwk = json!({"kty": "EC", "crv": "P-256", "alg": "ES256",
        "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)});
    let issuer = of_one(&signer);
    for member in [json!({}), json!({"jwk": jwk}), json!({"x5c": ["MIIB"]}), json!({"jku": "https://x"})] {
        let mut header = json!({"alg": "ES256", "typ": "JWT"});
        header.as_object_mut().unwrap().extend(member.as_object().unwrap().clone());
        let forged = stranger.sign(&header, &claims());
        assert_eq!(refused(&issuer, &forged), Some(JwtError::Signature.into()), "{header}");
        // The issuer's own tokens carry such members, and hold.
        assert_eq!(refused(&issuer, &signer.sign(&header, &claims())), None, "{header}");
    }
}

#[test]
fn the_algorithm_belongs_to_the_key() {
    let signer = Signer::es256();
    let issuer = of_one(&signer);
    let none = token_of(&json!({"alg": "none"}), &claims(), |_| Vec::new());
    assert_eq!(refused(&issuer, &none), Some(JwtError::Form.into()));
    let spki = signer.spki();
    for secret in [spki.as_slice(), &spki[spki.len() - 65..]] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let sign = |message: &[u8]| hmac::sign(&key, message).as_ref().to_vec();
        let hs256 = token_of(&json!({"alg": "HS256"}), &claims(), sign);
        assert_eq!(refused(&issuer, &hs256), Some(JwtError::Algorithm.into()));
    }
    for alg in ["RS256", "PS256", "ES384", "EdDSA"] {
        let token = signer.sign(&json!({"alg": alg}), &claims());
        assert_eq!(refused(&issuer, &token), Some(JwtError::Algorithm.into()), "{alg}");
    }
}

#[test]
fn takes_every_kind_of_key_under_its_own_algorithm() {
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let spki = rsa.public_key().as_der().unwrap().as_ref().to_vec();
    let rsa_signs = |encoding, message: &[u8]| {
        let mut signature = vec![0; rsa.public_modulus_len()];
        rsa.sign(encoding, &signing_rng(), message, &mut signature).unwrap();
        signature
    };
    let rs256 = token_of(&json!({"alg": "RS256"}), &claims(), |m| rsa_signs(&RSA_PKCS1_SHA256, m));
    let ps384 = token_of(&json!({"alg": "PS384"}), &claims(), |m| rsa_signs(&RSA_PSS_SHA384, m));
    let pinned = |algorithm| issuer(vec![(None, PinnedKey::from_spki_for(&spki, algorithm).unwrap())]);
    assert_eq!(refused(&pinned(None), &rs256), None);
    assert_eq!(refused(&pinned(Some("PS384")), &ps384), None);
    assert_eq!(refused(&pinned(None), &ps384), Some(JwtError::Algorithm.into()));
    assert_eq!(refused(&pinned(Some("PS384")), &rs256), Some(JwtError::Algorithm.into()));

    let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let spki = p384.public_key().as_der().unwrap().as_ref().to_vec();
    let sign = |message: &[u8]| p384.sign(&signing_rng(), message).unwrap().as_ref().to_vec();
    let es384 = token_of(&json!({"alg": "ES384"}), &claims(), sign);
    let pinned = issuer(vec![(None, PinnedKey::from_spki_for(&spki, None).unwrap())]);
    assert_eq!(refused(&pinned, &es384), None);

    let ed25519 = Signer::ed25519();
    let token = ed25519.sign(&json!({"alg": "EdDSA"}), &claims());
    assert_eq!(refused(&of_one(&ed25519), &token), None);
}

#[test]
fn pins_no_short_rsa_key_and_no_key_under_another_algorithm() {
    let p256 = Signer::es256().spki();
    let fault = |der: &[u8], algorithm| PinnedKey::from_spki_for(der, algorithm).err();
    let wanted = "ES256";
    let algorithm = "ES384".to_owned();
    assert_eq!(fault(&p256, Some("ES384")), Some(KeyFault::Algorithm { algorithm, kind: "P-256", wanted }));
    assert_eq!(fault(&p256[1..], None), Some(KeyFault::Form));
    assert_eq!(fault(b"", None), Some(KeyFault::Form));
    let jwk = |n: &[u8]| {
        serde_json::from_value(
            json!({"kty": "RSA", "alg": "RS256", "e": "AQAB", "n": URL_SAFE_NO_PAD.encode(n)}),
        )
        .unwrap()
    };
    let mut modulus = vec![0xff; 256];
    assert_eq!(PinnedKey::from_jwk(&jwk(&modulus)).err(), None);
    modulus[0] = 0x7f;
    assert_eq!(PinnedKey::from_jwk(&jwk(&modulus)).err(), Some(KeyFault::RsaSize { bits: 2047 }));
    let without = serde_json::from_value(json!({"kty": "RSA", "e": "AQAB", "n": "AQAB"})).unwrap();
    assert_eq!(PinnedKey::from_jwk(&without).err(), Some(KeyFault::NoAlgorithm));
    let other = serde_json::from_value(json!({"kty": "oct", "k": "AQAB"})).unwrap();
    assert_eq!(PinnedKey::from_jwk(&other).err(), Some(KeyFault::Form));
    let encrypts = serde_json::from_value(json!({"kty": "EC", "use": "enc"})).unwrap();
    assert_eq!(PinnedKey::from_jwk(&encrypts).err(), Some(KeyFault::Use("enc".to_owned())));
}

#[test]
fn of_several_keys_the_token_must_name_one() {
    let (one, two) = (Signer::es256(), Signer::es256());
    let both = issuer(vec![(Some("1".to_owned()), one.public()), (Some("2".to_owned()), two.public())]);
    let sign = |signer: &Signer, kid: Option<&str>| {
        let mut header = json!({"alg": "ES256"});
        header.as_object_mut().unwrap().extend(kid.map(|kid| ("kid".to_owned(), json!(kid))));
        signer.sign(&header, &claims())
    };
    assert_eq!(refused(&both, &sign(&one, Some("1"))), None);
    assert_eq!(refused(&both, &sign(&two, Some("2"))), None);
    // Another key of the issuer's than the named one, an unknown name, no name.
    assert_eq!(refused(&both, &sign(&one, Some("2"))), Some(JwtError::Signature.into()));
    assert_eq!(refused(&both, &sign(&one, Some("3"))), Some(ForeignError::UnknownKey));
    assert_eq!(refused(&both, &sign(&one, None)), Some(ForeignError::UnknownKey));
    let named = issuer(vec![(Some("1".to_owned()), one.public())]);
    assert_eq!(refused(&named, &sign(&one, Some("2"))), Some(ForeignError::UnknownKey));
    assert_eq!(refused(&named, &sign(&one, None)), Some(ForeignError::UnknownKey));
    assert_eq!(refused(&of_one(&one), &sign(&one, None)), None);
    assert_eq!(refused(&of_one(&one), &sign(&one, Some("whatever"))), Some(ForeignError::UnknownKey));
}

#[test]
fn the_guests_key_stands_at_one_place() {
    let signer = Signer::es256();
    let refusal = |issuer: &ForeignIssuer, claims: &Value| refused(issuer, &es256(&signer, claims));
    let known = of_one(&signer);
    assert_eq!(refusal(&known, &without("submods")), Some(ForeignError::TeeKeyPlace { found: 0 }));
    let twice = with("tee-pubkey", tee_jwk());
    assert_eq!(refusal(&known, &twice), Some(ForeignError::TeeKeyPlace { found: 2 }));
    let fixed = ForeignIssuer { tee_key: Some("/tee-pubkey".to_owned()), ..of_one(&signer) };
    let verified = fixed.verify(&es256(&signer, &twice), NOW).unwrap();
    assert_eq!(verified.tee_key_text(), twice["tee-pubkey"].to_string());
    assert_eq!(refusal(&fixed, &claims()), Some(ForeignError::TeeKeyPlace { found: 0 }));
    let elsewhere = with("tee_pubkey", tee_jwk());
    assert_eq!(refusal(&fixed, &elsewhere), Some(ForeignError::TeeKeyPlace { found: 0 }));
}

#[test]
fn an_audience_is_asked_for_where_it_is_configured() {
    let signer = Signer::es256();
    let asking = ForeignIssuer { audience: Some("us".to_owned()), ..of_one(&signer) };
    let refusal = |claims: &Value| refused(&asking, &es256(&signer, claims));
    assert_eq!(refusal(&with("aud", json!("us"))), None);
    assert_eq!(refusal(&with("aud", json!(["them", "us"]))), None);
    for aud in [json!("them"), json!(["them"]), json!([])] {
        assert_eq!(refusal(&with("aud", aud)), Some(ForeignError::Audience));
    }
    assert_eq!(refusal(&claims()), Some(ForeignError::Audience));
}

#[test]
fn a_pattern_is_the_name_of_a_resource_with_whole_segments_open() {
    let matches =
        |pattern, path| Pattern::parse(pattern).unwrap().matches(&ResourcePath::parse(path).unwrap());
    assert!(matches("a/b/c", "a/b/c") && matches("*/*/*", "a/b/c") && matches("a/*/c", "a/b/c"));
    assert!(!matches("a/b/c", "a/b/d") && !matches("a/*/c", "b/b/c"));
    for text in ["", "a/b", "a/b/c/d", "a/b*/c", "a//c", "../b/c"] {
        assert_eq!(Pattern::parse(text), Err(NotAPattern), "{text}");
    }
}
