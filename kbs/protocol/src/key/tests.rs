use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use p256::elliptic_curve::sec1::ToSec1Point as _;

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
    let zero = |key: &TeePublicKey| {
        let TeePublicKey::EcP256(point) = key else { panic!("another key") };
        point.0.to_sec1_point(false).as_bytes()[1] == 0
    };
    let with_zero =
        (0..2000).map(|seed| TeeKeyPair::generate(&mut Repeatable::new(seed)).public()).find(zero);
    let found = with_zero.unwrap();
    assert_eq!(TeePublicKey::parse(&found.to_json().unwrap()), Ok(found));
}

/// The JWK of an RSA key with a modulus of this many bits, all of them one, and this exponent.
fn rsa(bits: usize, last: u8, e: &[u8]) -> String {
    let mut n = vec![0xff; bits.div_ceil(8)];
    n[0] = 0xff >> (n.len() * 8 - bits);
    *n.last_mut().unwrap() = last;
    let [n, e] = [n.as_slice(), e].map(|number| BASE64_URL_SAFE_NO_PAD.encode(number));
    format!(r#"{{"kty":"RSA","alg":"RSA-OAEP-256","n":"{n}","e":"{e}"}}"#)
}

fn parsed(text: &str) -> Result<TeePublicKey, KeyError> {
    TeePublicKey::parse(&RawJson::parse(text).unwrap())
}

/// The JWK of an encapsulation key that another library made.
fn ml_kem() -> String {
    use aws_lc_rs::kem::{DecapsulationKey, ML_KEM_768};
    let pair = DecapsulationKey::generate(&ML_KEM_768).unwrap();
    let public = pair.encapsulation_key().unwrap().key_bytes().unwrap().as_ref().to_vec();
    let public = BASE64_URL_SAFE_NO_PAD.encode(public);
    format!(r#"{{"kty":"AKP","alg":"ML-KEM-768+A192KW","pub":"{public}"}}"#)
}

fn p521() -> String {
    let secret = p521::SecretKey::generate_from_rng(&mut Repeatable::new(5));
    let (x, y) = P521Point(secret.public_key()).coordinates();
    format!(r#"{{"kty":"EC","crv":"P-521","alg":"ECDH-ES+A256KW","x":"{x}","y":"{y}"}}"#)
}

const F4: &[u8] = &[1, 0, 1];

#[test]
fn every_kind_of_key_reads_back_and_is_written_as_the_peers_write_it() {
    for text in [rsa(2048, 0xff, F4), rsa(4096, 0xff, F4), ml_kem(), p521()] {
        let written = parsed(&text).unwrap().to_json().unwrap();
        assert_eq!(written.get(), text);
        let theirs: kbs_types::TeePubKey = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&theirs).unwrap(), text);
    }
}

#[test]
fn refuses_the_padding_that_leaks_by_its_name() {
    let text = rsa(2048, 0xff, F4).replace("RSA-OAEP-256", "RSA1_5");
    assert_eq!(parsed(&text), Err(KeyError::Unsupported("RSA1_5")));
    let text = rsa(2048, 0xff, F4).replace("RSA-OAEP-256", "RSA-OAEP");
    assert_eq!(parsed(&text), Err(KeyError::Algorithm { expected: "RSA-OAEP-256" }));
}

#[test]
fn takes_rsa_keys_at_the_bounds_and_none_beyond() {
    for (bits, taken) in [(2047, false), (2048, true), (8192, true), (8193, false)] {
        let refused = Some(KeyError::Modulus { least: 2048, most: 8192, actual: bits }).filter(|_| !taken);
        assert_eq!(parsed(&rsa(bits, 0xff, F4)).err(), refused, "{bits}");
    }
    assert_eq!(
        parsed(&rsa(2048, 0xfe, F4)).err(),
        Some(KeyError::Modulus { least: 2048, most: 8192, actual: 2048 })
    );
    for (e, taken) in [
        (&[0xff, 0xff][..], false),
        (&[1, 0, 0], false),
        (F4, true),
        (&[0xff, 0xff, 0xff, 0xff], true),
        (&[1, 0, 0, 0, 1], false),
        (&[3], false),
    ] {
        let refused = Some(KeyError::Exponent).filter(|_| !taken);
        assert_eq!(parsed(&rsa(2048, 0xff, e)).err(), refused, "{e:?}");
    }
}

#[test]
fn rejects_numbers_of_another_form() {
    assert_eq!(parsed(&rsa(2048, 0xff, &[0, 1, 0, 1])).err(), Some(KeyError::Number { member: "e" }));
    assert_eq!(parsed(&rsa(2048, 0xff, &[])).err(), Some(KeyError::Number { member: "e" }));
    assert_eq!(
        parsed(&rsa(2048, 0xff, F4).replace("\"n\":\"_", "\"n\":\"/")).err(),
        Some(KeyError::Number { member: "n" })
    );
}

#[test]
fn rejects_encapsulation_keys_of_another_width_or_with_coefficients_out_of_range() {
    let width = KeyError::Width { member: "pub", bytes: 1184 };
    let akp = |bytes: &[u8]| {
        let public = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        parsed(&format!(r#"{{"kty":"AKP","alg":"ML-KEM-768+A192KW","pub":"{public}"}}"#)).err()
    };
    assert_eq!(akp(&[0; 1184]), None);
    assert_eq!((akp(&[0; 1183]), akp(&[0; 1185])), (Some(width), Some(width)));
    // A coefficient of 12 bits that is not below 3329.
    let mut beyond = [0; 1184];
    (beyond[0], beyond[1]) = (0x01, 0x0d);
    assert_eq!(akp(&beyond), Some(KeyError::EncapsulationKey));
    (beyond[0], beyond[1]) = (0x00, 0x0d);
    assert_eq!(akp(&beyond), None);
    let other = ml_kem().replace("ML-KEM-768+A192KW", "ML-KEM-1024");
    assert_eq!(parsed(&other).err(), Some(KeyError::Algorithm { expected: "ML-KEM-768+A192KW" }));
}

#[test]
fn a_point_belongs_to_its_own_curve() {
    assert_eq!(
        parsed(&p521().replace("P-521", "P-256")).err(),
        Some(KeyError::Width { member: "x", bytes: 32 })
    );
    assert_eq!(changed("P-256", "P-521"), Err(KeyError::Width { member: "x", bytes: 66 }));
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
    assert_eq!(changed("IWI5a0\"", "IWI5a0=\""), Err(KeyError::Width { member: "y", bytes: 32 }));
    assert_eq!(changed("\"f83OJ3D2", "\"83OJ3D2"), Err(KeyError::Width { member: "x", bytes: 32 }));
    assert_eq!(changed("\"f83OJ3D2", "\"AAAAf83OJ3D2"), Err(KeyError::Width { member: "x", bytes: 32 }));
    assert_eq!(changed("x_FEz", "x/FEz"), Err(KeyError::Width { member: "y", bytes: 32 }));
    assert_eq!(changed("IWI5a0\"", "IWI5a1\""), Err(KeyError::Width { member: "y", bytes: 32 }));
}

#[test]
fn rejects_a_point_off_the_curve() {
    assert_eq!(changed("f83OJ", "f83OK"), Err(KeyError::NotOnCurve));
}
