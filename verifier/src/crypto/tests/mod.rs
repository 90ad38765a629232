use serde::Deserialize;

use super::encoding;
use super::key::{BackedKey, Backend, Signature, SignatureAlgorithm, signature_checks};
use super::{CryptoError, PublicKey, SignatureMemo};

/// Made with OpenSSL under keys that were thrown away; each refusal breaks exactly one thing.
#[derive(Deserialize)]
struct Vectors {
    signatures: Vec<SignatureVector>,
    keys: Vec<KeyVector>,
}

#[derive(Deserialize)]
struct SignatureVector {
    name: String,
    algorithm: String,
    encoding: String,
    key: String,
    message: String,
    signature: String,
    expected: String,
}

#[derive(Deserialize)]
struct KeyVector {
    name: String,
    spki: String,
    expected: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn outcome<B: Backend>(vector: &SignatureVector) -> String {
    let algorithm = match vector.algorithm.as_str() {
        "ecdsa-p256-sha256" => SignatureAlgorithm::EcdsaP256Sha256,
        "ecdsa-p384-sha384" => SignatureAlgorithm::EcdsaP384Sha384,
        "rsa-pss-sha384" => SignatureAlgorithm::RsaPssSha384,
        other => panic!("{other}"),
    };
    let signature = bytes(&vector.signature);
    let signature = match vector.encoding.as_str() {
        "der" => Signature::EcdsaDer(&signature),
        "fixed" => Signature::EcdsaFixed(&signature),
        "rsa" => Signature::Rsa(&signature),
        other => panic!("{other}"),
    };
    let key = BackedKey::<B>::from_spki(&bytes(&vector.key)).unwrap();
    match key.verify(algorithm, &bytes(&vector.message), signature) {
        Ok(()) => "holds".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn signatures_come_out_as_stated<B: Backend>() {
    let vectors = vectors().signatures;
    let found: Vec<_> = vectors.iter().map(|vector| (vector.name.as_str(), outcome::<B>(vector))).collect();
    let stated: Vec<_> =
        vectors.iter().map(|vector| (vector.name.as_str(), vector.expected.clone())).collect();
    assert_eq!(found, stated);
}

fn keys_come_out_as_stated<B: Backend>() {
    let vectors = vectors().keys;
    let outcome = |vector: &KeyVector| {
        // The kind is the same for every backend; what differs is whether it loads.
        BackedKey::<B>::from_spki(&bytes(&vector.spki)).map_or_else(
            |error| error.to_string(),
            |_| encoding::material(&bytes(&vector.spki)).unwrap().kind().to_string(),
        )
    };
    let found: Vec<_> = vectors.iter().map(|vector| (vector.name.as_str(), outcome(vector))).collect();
    let stated: Vec<_> =
        vectors.iter().map(|vector| (vector.name.as_str(), vector.expected.clone())).collect();
    assert_eq!(found, stated);
}

#[cfg(feature = "aws-lc")]
mod aws_lc {
    use super::super::aws_lc::Key;

    #[test]
    fn signatures_come_out_as_stated() {
        super::signatures_come_out_as_stated::<Key>();
    }

    #[test]
    fn keys_come_out_as_stated() {
        super::keys_come_out_as_stated::<Key>();
    }
}

#[cfg(feature = "portable")]
mod portable {
    use super::super::portable::Key;

    #[test]
    fn signatures_come_out_as_stated() {
        super::signatures_come_out_as_stated::<Key>();
    }

    #[test]
    fn keys_come_out_as_stated() {
        super::keys_come_out_as_stated::<Key>();
    }
}

/// The digests of "abc" (FIPS 180-4, examples of the Secure Hash Standard).
#[test]
fn hashes_are_those_of_the_standard() {
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let sha384 = "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
                  8086072ba1e7cc2358baeca134c825a7";
    let sha512 = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                  2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
    assert_eq!(hex::encode(super::sha256(b"abc")), sha256);
    assert_eq!(hex::encode(super::sha384(b"abc")), sha384);
    assert_eq!(hex::encode(super::sha512(b"abc")), sha512);
    #[cfg(feature = "portable")]
    {
        assert_eq!(hex::encode(super::portable::sha256(b"abc")), sha256);
        assert_eq!(hex::encode(super::portable::sha384(b"abc")), sha384);
        assert_eq!(hex::encode(super::portable::sha512(b"abc")), sha512);
    }
}

fn p256_vector() -> SignatureVector {
    vectors().signatures.into_iter().find(|vector| vector.name == "p256 fixed signature holds").unwrap()
}

#[test]
fn a_key_from_coordinates_is_the_key_from_its_spki() {
    let spki = bytes(&p256_vector().key);
    let xy: [u8; 64] = spki[spki.len() - 64..].try_into().unwrap();
    let (from_xy, from_spki) = (PublicKey::p256(&xy).unwrap(), PublicKey::from_spki(&spki).unwrap());
    assert_eq!(from_xy, from_spki);
    assert_eq!(from_xy.id().as_bytes(), &super::sha256(&spki));
}

#[test]
fn only_arithmetic_is_counted() {
    let vector = p256_vector();
    let (key, message, signature) = (bytes(&vector.key), bytes(&vector.message), bytes(&vector.signature));
    let key = PublicKey::from_spki(&key).unwrap();
    let algorithm = SignatureAlgorithm::EcdsaP256Sha256;
    let before = signature_checks();
    let short = key.verify(algorithm, &message, Signature::EcdsaFixed(&signature[1..]));
    assert_eq!(short, Err(CryptoError::SignatureLength { algorithm, expected: 64, actual: 63 }));
    assert_eq!(signature_checks() - before, 0);
    assert_eq!(key.verify(algorithm, &message, Signature::EcdsaFixed(&signature)), Ok(()));
    let wrong = key.verify(algorithm, b"", Signature::EcdsaFixed(&signature));
    assert_eq!(wrong, Err(CryptoError::SignatureWrong { algorithm }));
    assert_eq!(signature_checks() - before, 2);
}

#[test]
fn a_memo_remembers_success_for_one_key_and_no_failure() {
    let all = vectors().signatures;
    let find = |name: &str| {
        let vector = all.iter().find(|vector| vector.name == name).unwrap();
        PublicKey::from_spki(&bytes(&vector.key)).unwrap()
    };
    let (own, other) = (find("p256 fixed signature holds"), find("p256 key of somebody else"));
    let memo = SignatureMemo::default();
    assert_eq!(memo.check(&own, || Err("wrong")), Err("wrong"));
    assert_eq!(memo.check(&own, || Err("wrong")), Err("wrong"));
    assert_eq!(memo.check(&own, || Ok::<_, &str>(())), Ok(()));
    assert_eq!(memo.check(&own, || Err("not asked again")), Ok(()));
    assert_eq!(memo.check(&other, || Err("asked for another key")), Err("asked for another key"));
}
