//! P-256, which our own guests open; [`keys`] has the others.

mod keys;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use proptest::prelude::*;

use super::kdf::{Purpose, derive};
use super::*;
use crate::json::{JsonError, JsonFault};
use crate::key::{KeyError, TeeKeyPair, TeePublicKey};
use crate::limits::SECRET_BYTES;
use crate::testing::{Repeatable, recorded};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fn pair(seed: u64) -> TeeKeyPair {
    TeeKeyPair::generate(&mut Repeatable::new(seed))
}

fn sealed() -> Response {
    seal(SECRET, &pair(1).public(), no_rsa, &mut Repeatable::new(2)).unwrap()
}

fn opened(response: &Response) -> Result<Vec<u8>, OpenError> {
    open(response, &pair(1)).map(|secret| secret.to_vec())
}

/// The response with its header's text changed and encoded anew.
fn with_header(change: impl FnOnce(String) -> String) -> Response {
    let response = sealed();
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(&response.protected).unwrap()).unwrap();
    let changed = change(text.clone());
    assert_ne!(changed, text, "the change changes nothing");
    Response { protected: BASE64_URL_SAFE_NO_PAD.encode(changed), ..response }
}

/// Flips the lowest bit of the first byte of a base64url member.
fn flipped(text: &str) -> String {
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    bytes[0] ^= 1;
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
fn derives_the_key_of_rfc_7518_appendix_c() {
    let z = [
        158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163, 218,
        128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
    ];
    let key = derive(&z, &Purpose { algorithm: "A128GCM", apu: b"Alice", apv: b"Bob", bits: 128 });
    assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(&key[..16]), "VqqN6vgjbSBcIijNcacQGg");
}

#[test]
fn agrees_on_the_secret_of_rfc_7518_appendix_c() {
    let scalar = BASE64_URL_SAFE_NO_PAD.decode("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw").unwrap();
    let bob = p256::SecretKey::from_slice(&scalar).unwrap();
    let alice = crate::key::P256Point::from_coordinates(
        "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
        "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
    )
    .unwrap();
    let z = bob.diffie_hellman(&alice.0);
    let key = derive(
        z.raw_secret_bytes(),
        &Purpose { algorithm: "A128GCM", apu: b"Alice", apv: b"Bob", bits: 128 },
    );
    assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(&key[..16]), "VqqN6vgjbSBcIijNcacQGg");
}

#[test]
fn writes_the_worked_header() {
    let point = crate::key::P256Point::from_coordinates(
        "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    )
    .unwrap();
    assert_eq!(
        super::header::ecdh("P-256", point.coordinates()).unwrap(),
        "eyJhbGciOiJFQ0RILUVTK0EyNTZLVyIsImVuYyI6IkEyNTZHQ00iLCJlcGsiOnsiY3J2IjoiUC0yNTYiLCJrdHkiOiJFQyIsIngiOiJmODNPSjNEMnhGMUJnOHZ1Yjl0TGUxZ0hNelY3NmU4VHVzOXVQSHZSVkVVIiwieSI6InhfRkV6UnU5bTM2SExOX3R1ZTY1OUxOcFhXNnBDeVN0aWtZaktJV0k1YTAifX0"
    );
}

#[test]
fn opens_what_was_sealed() {
    assert_eq!(opened(&sealed()), Ok(SECRET.to_vec()));
}

#[test]
fn seals_anew_each_time() {
    let key = pair(1).public();
    let mut rng = Repeatable::new(2);
    let (first, second) =
        (seal(SECRET, &key, no_rsa, &mut rng).unwrap(), seal(SECRET, &key, no_rsa, &mut rng).unwrap());
    assert_ne!(first.protected, second.protected);
    assert_ne!(first.encrypted_key, second.encrypted_key);
    assert_ne!(first.iv, second.iv);
    assert_ne!(first.ciphertext, second.ciphertext);
}

#[test]
fn has_the_recorded_form() {
    let body = recorded()[9].body;
    let theirs = Response::parse(body).unwrap();
    assert_eq!(serde_json::to_vec(&theirs).unwrap(), body);
    let ours = serde_json::to_vec(&sealed()).unwrap();
    assert_eq!(ours.len(), body.len(), "a secret of 32 bytes gives an answer of the same length");
    // The recorded header is read: only the key is not ours.
    assert_eq!(open(&theirs, &pair(1)).map(|secret| secret.to_vec()), Err(OpenError::Unwrap));
}

#[test]
fn the_peers_types_compute_the_same_additional_data() {
    let response = sealed();
    let theirs: kbs_types::Response =
        serde_json::from_slice(&serde_json::to_vec(&response).unwrap()).unwrap();
    assert_eq!(theirs.protected.generate_aad().unwrap(), response.protected.as_bytes());
    assert_eq!(Response::parse(&serde_json::to_vec(&theirs).unwrap()), Ok(response));
}

#[test]
fn opens_with_the_received_header_whatever_its_blanks() {
    // Another sender may write the header with blanks; it is authenticated as it was received.
    use aes_gcm::aead::AeadInOut;
    use aes_gcm::{Aes256Gcm, KeyInit};
    let response = with_header(|text| text.replace(':', ": "));
    let ephemeral = super::header::decode(&response.protected).unwrap();
    let shared = pair(1).secret().diffie_hellman(&ephemeral.0);
    let wrapping = derive(shared.raw_secret_bytes(), &super::transport::WRAPPING_KEY);
    let wrapped = BASE64_URL_SAFE_NO_PAD.decode(&response.encrypted_key).unwrap();
    let mut content_key = [0; 32];
    aes_kw::KwAes256::new(&(*wrapping).into()).unwrap_key(&wrapped, &mut content_key).unwrap();
    let mut text = SECRET.to_vec();
    let tag = Aes256Gcm::new(&content_key.into())
        .encrypt_inout_detached(&[7; 12].into(), response.protected.as_bytes(), text.as_mut_slice().into())
        .unwrap();
    let response = Response {
        iv: BASE64_URL_SAFE_NO_PAD.encode([7; 12]),
        ciphertext: BASE64_URL_SAFE_NO_PAD.encode(text),
        tag: BASE64_URL_SAFE_NO_PAD.encode(tag),
        ..response
    };
    assert_eq!(opened(&response), Ok(SECRET.to_vec()));
}

#[test]
fn does_not_open_with_another_key() {
    assert_eq!(open(&sealed(), &pair(3)).map(|secret| secret.to_vec()), Err(OpenError::Unwrap));
}

#[test]
fn does_not_open_when_one_bit_differs() {
    let response = sealed();
    let with = |change: &dyn Fn(&mut Response)| {
        let mut changed = response.clone();
        change(&mut changed);
        opened(&changed)
    };
    assert_eq!(with(&|r| r.encrypted_key = flipped(&r.encrypted_key)), Err(OpenError::Unwrap));
    assert_eq!(with(&|r| r.iv = flipped(&r.iv)), Err(OpenError::Decrypt));
    assert_eq!(with(&|r| r.ciphertext = flipped(&r.ciphertext)), Err(OpenError::Decrypt));
    assert_eq!(with(&|r| r.tag = flipped(&r.tag)), Err(OpenError::Decrypt));
}

#[test]
fn does_not_open_when_the_header_was_written_anew() {
    assert_eq!(opened(&with_header(|text| text.replace(',', ", "))), Err(OpenError::Decrypt));
}

#[test]
fn rejects_other_algorithms() {
    let algorithm = with_header(|text| text.replace("ECDH-ES+A256KW", "RSA-OAEP-256"));
    let encryption = with_header(|text| text.replace("A256GCM", "A128GCM"));
    let curve = with_header(|text| text.replace("P-256", "P-384"));
    let kind = with_header(|text| text.replace("\"EC\"", "\"OKP\""));
    assert_eq!(opened(&algorithm), Err(OpenError::Algorithm { expected: "ECDH-ES+A256KW" }));
    assert_eq!(opened(&encryption), Err(OpenError::Encryption { expected: "A256GCM" }));
    assert_eq!(opened(&curve), Err(OpenError::EphemeralCurve { expected: "EC P-256" }));
    assert_eq!(opened(&kind), Err(OpenError::EphemeralCurve { expected: "EC P-256" }));
}

#[test]
fn rejects_header_members_that_it_does_not_understand() {
    for member in ["crit", "zip", "apu"] {
        let response = with_header(|text| text.replacen('{', &format!("{{\"{member}\":\"\","), 1));
        let error = opened(&response);
        assert!(
            matches!(error, Err(OpenError::Header(JsonError::Malformed { reason: JsonFault::Form, .. }))),
            "{member}: {error:?}"
        );
    }
}

#[test]
fn rejects_an_ephemeral_key_off_the_curve() {
    let response = with_header(|text| {
        let x = text.split("\"x\":\"").nth(1).unwrap().split('"').next().unwrap();
        text.replace(x, &flipped(x))
    });
    assert_eq!(opened(&response), Err(OpenError::EphemeralKey(KeyError::NotOnCurve)));
}

#[test]
fn rejects_members_of_another_size() {
    let response = sealed();
    let cut = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(&BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()[1..]);
    let key = Response { encrypted_key: cut(&response.encrypted_key), ..response.clone() };
    let iv = Response { iv: cut(&response.iv), ..response.clone() };
    let tag = Response { tag: cut(&response.tag), ..response.clone() };
    let long = Response { tag: "A".repeat(4000), ..response };
    assert_eq!(opened(&key), Err(OpenError::Size { member: "encrypted_key", expected: 40, actual: 39 }));
    assert_eq!(opened(&iv), Err(OpenError::Size { member: "iv", expected: 12, actual: 11 }));
    assert_eq!(opened(&tag), Err(OpenError::Size { member: "tag", expected: 16, actual: 15 }));
    assert_eq!(opened(&long), Err(OpenError::Size { member: "tag", expected: 16, actual: 3000 }));
}

#[test]
fn rejects_padding() {
    let response = sealed();
    let tag = Response { tag: format!("{}==", response.tag), ..response.clone() };
    let text = Response { ciphertext: format!("{}=", response.ciphertext), ..response };
    assert_eq!(opened(&tag), Err(OpenError::Base64 { member: "tag" }));
    assert_eq!(opened(&text), Err(OpenError::Base64 { member: "ciphertext" }));
}

#[test]
fn rejects_additional_data_beside_the_header() {
    assert_eq!(opened(&Response { aad: Some("x".to_owned()), ..sealed() }), Err(OpenError::AdditionalData));
}

#[test]
fn seals_nothing_and_the_largest_secret_and_no_more() {
    let key: TeePublicKey = pair(1).public();
    let mut rng = Repeatable::new(4);
    let size = |response: Response| opened(&response).map(|secret| secret.len());
    assert_eq!(seal(&[], &key, no_rsa, &mut rng).map(size), Ok(Ok(0)));
    assert_eq!(seal(&vec![1; SECRET_BYTES], &key, no_rsa, &mut rng).map(size), Ok(Ok(SECRET_BYTES)));
    assert_eq!(
        seal(&vec![1; SECRET_BYTES + 1], &key, no_rsa, &mut rng),
        Err(SealError::TooLarge { limit: SECRET_BYTES, actual: SECRET_BYTES + 1 })
    );
}

#[test]
fn the_largest_sealed_secret_fits_the_limit_of_an_answer() {
    let response = seal(&vec![1; SECRET_BYTES], &pair(1).public(), no_rsa, &mut Repeatable::new(5)).unwrap();
    let body = serde_json::to_vec(&response).unwrap();
    assert_eq!(Response::parse(&body), Ok(response));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_secret_comes_back(secret in proptest::collection::vec(any::<u8>(), 0..300), seed in any::<u64>()) {
        let key = pair(seed);
        let response = seal(&secret, &key.public(), no_rsa, &mut Repeatable::new(seed ^ 1)).unwrap();
        let body = serde_json::to_vec(&response).unwrap();
        let read = Response::parse(&body).unwrap();
        prop_assert_eq!(open(&read, &key).map(|opened| opened.to_vec()), Ok(secret));
    }
}
