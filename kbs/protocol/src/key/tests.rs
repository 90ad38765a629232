use super::*;
use crate::testing::{Repeatable, key};

fn changed(from: &str, to: &str) -> Result<TeePublicKey, KeyError> {
    let text = key().get().replace(from, to);
    assert_ne!(text, key().get(), "the change changes nothing");
    TeePublicKey::parse(&RawJson::parse(&text).unwrap())
}

#[test]
fn writes_the_members_of_the_peers_and_no_others() {
    let parsed = TeePublicKey::parse(&key()).unwrap();
    assert_eq!(
        parsed.to_json().unwrap().get(),
        r#"{"kty":"EC","crv":"P-256","alg":"ECDH-ES+A256KW","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#
    );
}

#[test]
fn a_made_key_reads_back() {
    let pair = TeeKeyPair::generate(&mut Repeatable::new(1));
    assert_eq!(TeePublicKey::parse(&pair.public().to_json().unwrap()), Ok(pair.public()));
}

#[test]
fn coordinates_keep_their_width() {
    let zero = |TeePublicKey::EcP256(point): &TeePublicKey| point.0.to_sec1_point(false).as_bytes()[1] == 0;
    let with_zero =
        (0..2000).map(|seed| TeeKeyPair::generate(&mut Repeatable::new(seed)).public()).find(zero);
    let found = with_zero.unwrap();
    assert_eq!(TeePublicKey::parse(&found.to_json().unwrap()), Ok(found));
}

#[test]
fn refuses_the_other_keys_of_the_protocol_by_name() {
    assert_eq!(changed(r#""EC""#, r#""RSA""#), Err(KeyError::Unsupported("RSA")));
    assert_eq!(changed(r#""EC""#, r#""AKP""#), Err(KeyError::Unsupported("AKP")));
    assert_eq!(changed("P-256", "P-521"), Err(KeyError::Unsupported("EC P-521")));
}

#[test]
fn rejects_what_is_no_key_of_the_protocol() {
    assert_eq!(changed(r#""EC""#, r#""oct""#), Err(KeyError::UnknownKeyType));
    assert_eq!(changed("P-256", "P-384"), Err(KeyError::UnknownCurve));
    assert_eq!(changed("ECDH-ES+A256KW", "ECDH-ES"), Err(KeyError::Algorithm { expected: "ECDH-ES+A256KW" }));
    assert_eq!(changed("\"alg\"", "\"use\""), Err(KeyError::Member { member: "alg" }));
    assert_eq!(changed(r#""EC""#, "1"), Err(KeyError::Member { member: "kty" }));
}

#[test]
fn rejects_coordinates_of_another_form() {
    assert_eq!(changed("IWI5a0\"", "IWI5a0=\""), Err(KeyError::Coordinate { coordinate: "y" }));
    assert_eq!(changed("\"f83OJ3D2", "\"83OJ3D2"), Err(KeyError::Coordinate { coordinate: "x" }));
    assert_eq!(changed("\"f83OJ3D2", "\"AAAAf83OJ3D2"), Err(KeyError::Coordinate { coordinate: "x" }));
    assert_eq!(changed("x_FEz", "x/FEz"), Err(KeyError::Coordinate { coordinate: "y" }));
    assert_eq!(changed("IWI5a0\"", "IWI5a1\""), Err(KeyError::Coordinate { coordinate: "y" }));
}

#[test]
fn rejects_a_point_off_the_curve() {
    assert_eq!(changed("f83OJ", "f83OK"), Err(KeyError::NotOnCurve));
}
