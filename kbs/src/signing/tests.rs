use super::*;
use crate::jwt::Jwk;

fn new_key(algorithm: SigningAlgorithm) -> SigningKey {
    SigningKey::from_der(&SigningKey::generate(algorithm).unwrap()).unwrap()
}

/// Verifies as a relying party does that has nothing but the JWK.
fn verified_by_jwk(key: &SigningKey, token: &str) -> Result<Value, JwtError> {
    let jwk: Jwk = serde_json::from_value(key.jwk()).unwrap();
    assert_eq!(jwk.kid.as_deref(), Some(key.kid()));
    PinnedKey::from_jwk(&jwk).unwrap().verify_with(token, HeaderKeys::PassedOver)
}

#[test]
fn whoever_has_the_jwk_verifies_what_the_key_signed() {
    for (algorithm, kty, name) in
        [(SigningAlgorithm::Es256, "EC", "ES256"), (SigningAlgorithm::Rs256, "RSA", "RS256")]
    {
        let key = new_key(algorithm);
        let jwk = key.jwk();
        assert_eq!((&jwk["kty"], &jwk["alg"], &jwk["use"]), (&json!(kty), &json!(name), &json!("sig")));
        let token = key.issue(b"{\"a\":1}").unwrap();
        assert_eq!(verified_by_jwk(&key, &token), Ok(json!({"a": 1})));
        assert_eq!(key.verify(&token), Ok(json!({"a": 1})));
        let other = new_key(algorithm);
        assert_eq!(verified_by_jwk(&other, &token), Err(JwtError::Signature));
    }
}

#[test]
fn a_key_survives_its_kept_form() {
    for algorithm in [SigningAlgorithm::Es256, SigningAlgorithm::Rs256] {
        let kept = SigningKey::generate(algorithm).unwrap();
        let (one, two) = (SigningKey::from_der(&kept).unwrap(), SigningKey::from_der(&kept).unwrap());
        assert_eq!((one.kid(), one.algorithm()), (two.kid(), algorithm));
        assert!(two.verify(&one.issue(b"{}").unwrap()).is_ok());
    }
    assert_eq!(SigningKey::from_der(b"").err(), Some(UnusableKey));
}

#[test]
fn the_room_for_claims_is_what_fits_and_no_more() {
    let chained = new_key(SigningAlgorithm::Es256).with_chain(&[vec![7; 700], vec![8; 600]]);
    for key in [new_key(SigningAlgorithm::Es256), new_key(SigningAlgorithm::Rs256), chained] {
        for limit in [4000, 4001, 4002, 4003, 0x3fff] {
            let room = key.room(limit);
            let size = |claims: usize| key.issue(&vec![b' '; claims]).unwrap().len();
            assert!(size(room) <= limit, "{limit}");
            assert!(size(room + 3) > limit, "{limit}");
        }
    }
}
