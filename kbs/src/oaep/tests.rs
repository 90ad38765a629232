use aws_lc_rs::rsa::{KeySize, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kbs_protocol::{RawJson, TeePublicKey, jwe};
use serde_json::{Value, json};

use super::*;
use crate::system::rng;

/// A guest's RSA key, and its JWK.
fn guest(size: KeySize) -> (OaepPrivateDecryptingKey, TeePublicKey) {
    let private = PrivateDecryptingKey::generate(size).unwrap();
    let spki = aws_lc_rs::encoding::AsDer::as_der(&private.public_key()).unwrap();
    let (n, e) = numbers(spki.as_ref());
    let jwk = json!({
        "kty": "RSA", "alg": "RSA-OAEP-256", "n": URL_SAFE_NO_PAD.encode(n), "e": URL_SAFE_NO_PAD.encode(e)
    });
    let public = TeePublicKey::parse(&RawJson::parse(&jwk.to_string()).unwrap()).unwrap();
    (OaepPrivateDecryptingKey::new(private).unwrap(), public)
}

/// Modulus and exponent at the end of a SubjectPublicKeyInfo: 02 82 <length> 00 <modulus> 02 03 01 00 01.
fn numbers(spki: &[u8]) -> (&[u8], &[u8]) {
    let (rest, e) = spki.split_at(spki.len() - 3);
    let rest = rest.strip_suffix(&[2, 3]).unwrap();
    let start = rest.windows(5).position(|five| five[..2] == [2, 0x82] && five[4] == 0).unwrap();
    (&rest[start + 5..], e)
}

#[test]
fn what_is_sealed_to_an_rsa_key_opens_with_it_alone() {
    for size in [KeySize::Rsa2048, KeySize::Rsa4096] {
        let (private, public) = guest(size);
        let response = jwe::seal(b"a secret", &public, encrypt, &mut rng()).unwrap();
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let header: Value = serde_json::from_slice(&decode(&response.protected)).unwrap();
        assert_eq!(header, json!({"alg": "RSA-OAEP-256", "enc": "A256GCM"}));
        let encrypted = decode(&response.encrypted_key);
        let mut plain = vec![0; private.key_size_bytes()];
        let key = private.decrypt(&OAEP_SHA256_MGF1SHA256, &encrypted, &mut plain, None).unwrap();
        assert_eq!(key.len(), 32);
        let (stranger, _) = guest(size);
        let mut plain = vec![0; stranger.key_size_bytes()];
        assert!(stranger.decrypt(&OAEP_SHA256_MGF1SHA256, &encrypted, &mut plain, None).is_err());
    }
}

#[test]
fn seals_anew_each_time() {
    let (_, public) = guest(KeySize::Rsa2048);
    let TeePublicKey::Rsa(key) = public else { panic!("another key") };
    assert_ne!(encrypt(&key, &[7; 32]), encrypt(&key, &[7; 32]));
}
