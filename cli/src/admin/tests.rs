use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use verifier::time::UnixTime;

use super::identity::ED25519_SPKI;
use super::*;

#[test]
fn token_is_signed_by_the_key_in_the_pem() {
    let admin = Admin::generate().unwrap();
    let pem = admin.public_pem();
    let spki = STANDARD.decode(pem.lines().nth(1).unwrap()).unwrap();
    let (prefix, key) = spki.split_at(ED25519_SPKI.len());
    assert_eq!((prefix, key.len()), (ED25519_SPKI, 32));

    let token = admin.token(&TokenClaims::REQUEST, UnixTime::from_secs(1_000)).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(&ED25519, key).verify(signed.as_bytes(), &signature).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(signed.split('.').nth(1).unwrap()).unwrap();
    assert_eq!(String::from_utf8(claims).unwrap(), r#"{"role":"admin","iat":1000,"exp":1060}"#);
}

#[test]
fn a_written_key_reads_back_as_the_same_admin() {
    let admin = Admin::generate().unwrap();
    let again = Admin::from_private_pem(&admin.private_pem().unwrap()).unwrap();
    assert_eq!(again.public_pem(), admin.public_pem());
}

#[test]
fn refuses_what_is_no_private_key() {
    let public = Admin::generate().unwrap().public_pem();
    let errors = ["", &public, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
        .map(|pem| Admin::from_private_pem(pem).err().map(|error| error.to_string()));
    let expected = ["no PEM block PRIVATE KEY", "no PEM block PRIVATE KEY", "not an Ed25519 key"];
    assert_eq!(errors, expected.map(|text| Some(text.to_owned())));
}

#[test]
fn plain_http_reaches_this_machine_only() {
    for url in ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:8080/"] {
        assert!(Client::new(url, None).is_ok(), "{url}");
    }
    for url in
        ["http://kbs.example:8080", "http://127.0.0.1.example", "http://10.0.0.1:8080", "ftp://localhost"]
    {
        let error = Client::new(url, None).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("secrets travel by https://"), "{url}: {error}");
    }
}
