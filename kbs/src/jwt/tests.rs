use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::public::{ED25519_SPKI, P256_SPKI};
use super::*;
use crate::system::signing_rng;

/// A key pair of an admin or a stranger.
pub(crate) enum Signer {
    Es256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    pub(crate) fn es256() -> Self {
        Self::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub(crate) fn ed25519() -> Self {
        Self::Ed25519(Ed25519KeyPair::generate().unwrap())
    }

    pub(crate) fn public(&self) -> PinnedKey {
        PinnedKey::from_spki(&self.spki()).unwrap()
    }

    pub(crate) fn spki(&self) -> Vec<u8> {
        match self {
            Self::Es256(pair) => [P256_SPKI, pair.public_key().as_ref()].concat(),
            Self::Ed25519(pair) => [ED25519_SPKI, pair.public_key().as_ref()].concat(),
        }
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// Signs what no value can be: a name that stands twice.
    fn sign_text(&self, header: &str, claims: &str) -> String {
        let encode = |part: &str| URL_SAFE_NO_PAD.encode(part);
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = match self {
            Self::Es256(pair) => pair.sign(&signing_rng(), message.as_bytes()).unwrap().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn verify(key: &PinnedKey, token: &str) -> Result<Value, JwtError> {
    key.verify(token)
}

#[test]
fn reads_the_claims_of_both_algorithms() {
    for (signer, alg) in [(Signer::es256(), "ES256"), (Signer::ed25519(), "EdDSA")] {
        let token = signer.sign(&json!({"alg": alg, "typ": "JWT"}), &json!({"exp": 1}));
        assert_eq!(verify(&signer.public(), &token), Ok(json!({"exp": 1})));
    }
}

#[test]
fn rejects_a_stranger_and_a_changed_claim() {
    let (signer, stranger) = (Signer::es256(), Signer::es256());
    let header = json!({"alg": "ES256"});
    let token = stranger.sign(&header, &json!({"role": "admin"}));
    assert_eq!(verify(&signer.public(), &token), Err(JwtError::Signature));
    let token = signer.sign(&header, &json!({"role": "guest"}));
    let claims = URL_SAFE_NO_PAD.encode(json!({"role": "admin"}).to_string());
    let parts: Vec<&str> = token.split('.').collect();
    let changed = format!("{}.{claims}.{}", parts[0], parts[2]);
    assert_eq!(verify(&signer.public(), &changed), Err(JwtError::Signature));
}

#[test]
fn the_algorithm_belongs_to_the_key() {
    let signer = Signer::es256();
    for alg in ["HS256", "EdDSA", "RS256", "ES384"] {
        let token = signer.sign(&json!({"alg": alg}), &json!({}));
        assert_eq!(verify(&signer.public(), &token), Err(JwtError::Algorithm), "{alg}");
    }
    let none = signer.sign(&json!({"alg": "none"}), &json!({}));
    assert_eq!(verify(&signer.public(), &none), Err(JwtError::Form));
    let unsigned = none.rsplit_once('.').unwrap().0;
    assert_eq!(verify(&signer.public(), &format!("{unsigned}.")), Err(JwtError::Form));
}

#[test]
fn a_key_in_the_header_is_refused_even_of_the_right_signer() {
    let signer = Signer::es256();
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"});
    let members =
        [("jwk", jwk), ("jku", json!("https://x")), ("x5u", json!("https://x")), ("x5c", json!(["AA"]))];
    for (member, value) in members {
        let mut header = json!({"alg": "ES256"});
        header[member] = value;
        let token = signer.sign(&header, &json!({}));
        assert_eq!(verify(&signer.public(), &token), Err(JwtError::HeaderKey { member }));
    }
    let token = signer.sign(&json!({"alg": "ES256", "crit": ["b64"]}), &json!({}));
    assert_eq!(verify(&signer.public(), &token), Err(JwtError::HeaderMember { member: "crit" }));
}

#[test]
fn rejects_a_name_that_stands_twice_even_of_the_right_signer() {
    let signer = Signer::es256();
    let header = r#"{"alg":"ES256"}"#;
    let cases = [
        (r#"{"alg":"ES256","alg":"ES256"}"#, "{}"),
        (header, r#"{"iss":"a","iss":"b"}"#),
        (header, r#"{"submods":{"cpu0":{"ear.status":"warning","ear.status":"affirming"}}}"#),
    ];
    for (header, claims) in cases {
        let token = signer.sign_text(header, claims);
        assert_eq!(verify(&signer.public(), &token), Err(JwtError::Twice), "{header} {claims}");
    }
    assert_eq!(claimed_issuer(&signer.sign_text(header, cases[1].1)), Err(JwtError::Twice));
}

#[test]
fn rejects_what_is_no_token() {
    let key = Signer::es256().public();
    for token in ["", "a", "a.b", "a.b.c", "....", "e30.e30.e30", "é.é.é"] {
        assert_eq!(verify(&key, token), Err(JwtError::Form), "{token:?}");
    }
    let large = "a".repeat(TOKEN_LIMIT + 1);
    let refused = JwtError::TooLarge { limit: TOKEN_LIMIT, actual: TOKEN_LIMIT + 1 };
    assert_eq!(verify(&key, &large), Err(refused));
}

#[test]
fn holds_from_its_first_second_until_before_its_last() {
    let at = UnixTime::from_secs;
    assert_eq!(check_times(Some(100), 200, at(100)), Ok(()));
    assert_eq!(check_times(Some(100), 200, at(99)), Err(JwtError::NotYet { nbf: at(100) }));
    assert_eq!(check_times(None, 200, at(199)), Ok(()));
    assert_eq!(check_times(None, 200, at(200)), Err(JwtError::Expired { exp: at(200) }));
}

#[test]
fn pins_no_key_of_another_kind() {
    let spki = Signer::es256().spki();
    assert!(PinnedKey::from_spki(&spki[..spki.len() - 1]).is_none());
    assert!(PinnedKey::from_spki(&[spki.as_slice(), &[0]].concat()).is_none());
    assert!(PinnedKey::from_spki(b"").is_none());
}

#[test]
fn keys_in_a_header_are_passed_over_where_that_was_asked_for_and_never_used() {
    let (signer, stranger) = (Signer::es256(), Signer::es256());
    let header =
        json!({"alg": "ES256", "jwk": {"kty": "EC"}, "jku": "https://x", "x5u": "https://x", "x5c": ["AA"]});
    let token = signer.sign(&header, &json!({"a": 1}));
    let verify = |token: &str, keys| signer.public().verify_with::<Value>(token, keys);
    assert_eq!(verify(&token, HeaderKeys::PassedOver), Ok(json!({"a": 1})));
    let refused = JwtError::HeaderKey { member: "jwk" };
    assert_eq!(verify(&token, HeaderKeys::ChainPassedOver), Err(refused));
    let forged = stranger.sign(&header, &json!({"a": 1}));
    assert_eq!(verify(&forged, HeaderKeys::PassedOver), Err(JwtError::Signature));
    let chained = signer.sign(&json!({"alg": "ES256", "x5c": ["AA"]}), &json!({"a": 1}));
    assert_eq!(verify(&chained, HeaderKeys::ChainPassedOver), Ok(json!({"a": 1})));
    assert_eq!(verify(&chained, HeaderKeys::Refused), Err(JwtError::HeaderKey { member: "x5c" }));
    let critical = signer.sign(&json!({"alg": "ES256", "crit": ["b64"]}), &json!({}));
    assert_eq!(verify(&critical, HeaderKeys::PassedOver), Err(JwtError::HeaderMember { member: "crit" }));
}
