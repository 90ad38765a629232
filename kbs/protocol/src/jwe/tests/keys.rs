//! Keys other than P-256, opened by another library, with the header as CoCo's client writes it anew.

use aes_gcm::aead::AeadInOut as _;
use aes_gcm::{Aes256Gcm, KeyInit as _};
use aws_lc_rs::agreement::{self, ECDH_P521, UnparsedPublicKey};
use aws_lc_rs::kem::{DecapsulationKey, ML_KEM_768};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{SECRET, no_rsa, seal};
use crate::jwe::{SealError, kdf, kmac, transport};
use crate::key::TeePublicKey;
use crate::testing::Repeatable;
use crate::{RawJson, jwe::Response};

fn parsed(jwk: &Value) -> TeePublicKey {
    TeePublicKey::parse(&RawJson::parse(&jwk.to_string()).unwrap()).unwrap()
}

fn decode(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn header(response: &Response) -> Value {
    serde_json::from_slice(&decode(&response.protected)).unwrap()
}

/// What CoCo's client does once it has the content key: the additional data is the header, written anew.
fn decrypt(response: &Response, content_key: &[u8; 32]) -> Vec<u8> {
    let theirs: kbs_types::Response = serde_json::from_slice(&serde_json::to_vec(response).unwrap()).unwrap();
    let aad = theirs.protected.generate_aad().unwrap();
    assert_eq!(aad, response.protected.as_bytes());
    let mut text = theirs.ciphertext;
    let iv: [u8; 12] = theirs.iv.try_into().unwrap();
    let tag: [u8; 16] = theirs.tag.try_into().unwrap();
    let cipher = Aes256Gcm::new(content_key.into());
    cipher.decrypt_inout_detached(&iv.into(), &aad, text.as_mut_slice().into(), &tag.into()).unwrap();
    text
}

#[test]
fn what_is_sealed_to_a_p521_key_opens_with_it() {
    let private = agreement::PrivateKey::generate(&ECDH_P521).unwrap();
    let point = private.compute_public_key().unwrap();
    let (x, y) = point.as_ref()[1..].split_at(66);
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({"kty": "EC", "crv": "P-521", "alg": "ECDH-ES+A256KW", "x": encode(x), "y": encode(y)});
    let response = seal(SECRET, &parsed(&jwk), no_rsa, &mut Repeatable::new(2)).unwrap();
    let header = header(&response);
    let names: Vec<&String> = header.as_object().unwrap().keys().collect();
    assert_eq!(names, ["alg", "enc", "epk"]);
    assert_eq!(header["epk"]["crv"], "P-521");
    let coordinate = |name: &str| decode(header["epk"][name].as_str().unwrap());
    let sender = [&[4], coordinate("x").as_slice(), &coordinate("y")].concat();
    let sender = UnparsedPublicKey::new(&ECDH_P521, sender);
    let agreed = agreement::agree(&private, sender, (), |shared| {
        assert_eq!(shared.len(), 66);
        Ok(kdf::derive(shared, &transport::WRAPPING_KEY))
    });
    let mut content_key = [0; 32];
    aes_kw::KwAes256::new((&*agreed.unwrap()).into())
        .unwrap_key(&decode(&response.encrypted_key), &mut content_key)
        .unwrap();
    assert_eq!(decrypt(&response, &content_key), SECRET);
}

#[test]
fn what_is_sealed_to_an_encapsulation_key_opens_with_its_decapsulation_key() {
    let private = DecapsulationKey::generate(&ML_KEM_768).unwrap();
    let public = private.encapsulation_key().unwrap().key_bytes().unwrap().as_ref().to_vec();
    let public = BASE64_URL_SAFE_NO_PAD.encode(public);
    let jwk = json!({"kty": "AKP", "alg": "ML-KEM-768+A192KW", "pub": public});
    let response = seal(SECRET, &parsed(&jwk), no_rsa, &mut Repeatable::new(2)).unwrap();
    let header = header(&response);
    let names: Vec<&String> = header.as_object().unwrap().keys().collect();
    assert_eq!(names, ["alg", "ek", "enc"]);
    let text = String::from_utf8(decode(&response.protected)).unwrap();
    assert!(text.starts_with(r#"{"alg":"ML-KEM-768+A192KW","enc":"A256GCM","ek":""#), "{text}");
    let encapsulated = decode(header["ek"].as_str().unwrap());
    assert_eq!(encapsulated.len(), 1088);
    let shared = private.decapsulate(encapsulated.as_slice().into()).unwrap();
    let wrapping = kmac::derive(shared.as_ref(), "ML-KEM-768+A192KW");
    let mut content_key = [0; 32];
    aes_kw::KwAes192::new((&*wrapping).into())
        .unwrap_key(&decode(&response.encrypted_key), &mut content_key)
        .unwrap();
    assert_eq!(decrypt(&response, &content_key), SECRET);
}

#[test]
fn an_rsa_key_needs_a_sealer_that_has_rsa() {
    let n = BASE64_URL_SAFE_NO_PAD.encode([0xff; 256]);
    let key = parsed(&json!({"kty": "RSA", "alg": "RSA-OAEP-256", "n": n, "e": "AQAB"}));
    assert_eq!(seal(SECRET, &key, no_rsa, &mut Repeatable::new(2)), Err(SealError::Wrap));
    // What the sealer brings is sent as it is, under a header that names nothing else.
    let response = seal(SECRET, &key, |_, content_key| Some(content_key.to_vec()), &mut Repeatable::new(2));
    let response = response.unwrap();
    assert_eq!(decode(&response.protected), br#"{"alg":"RSA-OAEP-256","enc":"A256GCM"}"#);
    assert_eq!(decrypt(&response, &decode(&response.encrypted_key).try_into().unwrap()), SECRET);
}
