use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

use super::*;

#[test]
fn token_is_signed_by_the_key_in_the_pem() {
    let admin = Admin::new().unwrap();
    let pem = admin.public_pem();
    let spki = STANDARD.decode(pem.lines().nth(1).unwrap()).unwrap();
    let (prefix, key) = spki.split_at(ED25519_SPKI.len());
    assert_eq!((prefix, key.len()), (ED25519_SPKI, 32));

    let token = admin.token(UnixTime::from_secs(1_000));
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(&ED25519, key).verify(signed.as_bytes(), &signature).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(signed.split('.').nth(1).unwrap()).unwrap();
    assert_eq!(String::from_utf8(claims).unwrap(), r#"{"role":"admin","iat":1000,"exp":1060}"#);
}
