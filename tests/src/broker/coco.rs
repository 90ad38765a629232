//! A guest with CoCo's client: the bodies that it sends, and the way it opens answers, over another library than ours.
//!
//! It does not keep the protected header that it received but writes it anew: an answer whose header stands in another
//! order does not open here, as it does not there.
#![expect(clippy::expect_used, clippy::panic, reason = "a helper of tests")]

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P521, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::kem::{self, ML_KEM_768};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap as _};
use aws_lc_rs::rsa::{KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256, Sha384};

/// The keys that CoCo's client can be told to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CocoKeyKind {
    /// `ECDH-ES+A256KW-P256`, its default.
    P256,
    /// `ECDH-ES+A256KW-P521`.
    P521,
    /// `RSA-OAEP-256`, 2048 bits.
    Rsa,
    /// `ML-KEM-768+A192KW`.
    MlKem,
}

/// One of them.
pub enum CocoKey {
    /// On one of the two curves.
    Ec(CocoKeyKind, PrivateKey),
    /// RSA.
    Rsa(PrivateDecryptingKey),
    /// ML-KEM.
    MlKem(Box<kem::DecapsulationKey>),
}

impl CocoKey {
    /// A new key.
    pub fn new(kind: CocoKeyKind) -> Self {
        match kind {
            CocoKeyKind::P256 => Self::Ec(kind, PrivateKey::generate(&ECDH_P256).expect("a key")),
            CocoKeyKind::P521 => Self::Ec(kind, PrivateKey::generate(&ECDH_P521).expect("a key")),
            CocoKeyKind::Rsa => Self::Rsa(PrivateDecryptingKey::generate(KeySize::Rsa2048).expect("a key")),
            CocoKeyKind::MlKem => {
                Self::MlKem(Box::new(kem::DecapsulationKey::generate(&ML_KEM_768).expect("a key")))
            }
        }
    }

    /// The `tee-pubkey` that goes to the broker.
    pub fn jwk(&self) -> Value {
        match self {
            Self::Ec(kind, key) => {
                let public = key.compute_public_key().expect("a public key");
                let point = public.as_ref().get(1..).expect("an uncompressed point");
                let (x, y) = point.split_at(point.len() / 2);
                let curve = if *kind == CocoKeyKind::P256 { "P-256" } else { "P-521" };
                json!({"kty": "EC", "crv": curve, "alg": "ECDH-ES+A256KW", "x": encode(x), "y": encode(y)})
            }
            Self::Rsa(key) => {
                let spki = key.public_key().as_der().expect("a public key");
                let (n, e) = numbers(spki.as_ref());
                json!({"kty": "RSA", "alg": "RSA-OAEP-256", "n": encode(n), "e": encode(e)})
            }
            Self::MlKem(key) => {
                let public = key.encapsulation_key().and_then(|public| public.key_bytes()).expect("a key");
                json!({"kty": "AKP", "alg": "ML-KEM-768+A192KW", "pub": encode(public.as_ref())})
            }
        }
    }

    /// Opens the answer to a resource request. An encapsulated key is taken to its shared secret alone: the rest of
    /// that algorithm is held to vectors where it is computed.
    pub fn open(&self, body: &[u8]) -> Option<Vec<u8>> {
        let answer: Value = serde_json::from_slice(body).expect("JSON");
        let member = |name: &str| decode(answer[name].as_str().expect("a member"));
        let header: Map<String, Value> = serde_json::from_slice(&member("protected")).expect("a header");
        let wrapped = member("encrypted_key");
        let content_key = match self {
            Self::Ec(kind, key) => unwrap(&agreed(*kind, key, &header["epk"]), &wrapped),
            Self::Rsa(key) => {
                let key = OaepPrivateDecryptingKey::new(key.clone()).expect("a key");
                let mut out = vec![0; key.key_size_bytes()];
                key.decrypt(&OAEP_SHA256_MGF1SHA256, &wrapped, &mut out, None).expect("the key").to_vec()
            }
            Self::MlKem(key) => {
                let encapsulated = decode(header["ek"].as_str().expect("ek"));
                let shared = key.decapsulate(encapsulated.as_slice().into()).expect("a shared secret");
                assert_eq!((shared.as_ref().len(), wrapped.len()), (32, 40));
                return None;
            }
        };
        let mut text = member("ciphertext");
        text.extend(member("tag"));
        let iv = member("iv").try_into().expect("twelve bytes");
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &content_key).expect("32 bytes"));
        let aad = Aad::from(encode(written_anew(&header).as_bytes()));
        let plain = key.open_in_place(Nonce::assume_unique_for_key(iv), aad, &mut text);
        Some(plain.expect("an authentic answer").to_vec())
    }
}

/// `POST /auth` as the client writes it.
pub fn auth_body(tee: &str) -> Vec<u8> {
    format!(
        r#"{{"version":"0.4.0","tee":"{tee}","extra-params":{{"supported-hash-algorithms":["sha256","sha384","sha512","sm3"]}}}}"#
    )
    .into_bytes()
}

/// `POST /attest` with sample evidence, as the client writes it; `devices` is the text of device evidence.
pub fn sample_body(nonce: &str, jwk: &Value, devices: &str, init_data: Option<&str>) -> Vec<u8> {
    // Members sorted, no blanks: RFC 8785 for values that are strings.
    let covered = json!({"additional-evidence": devices, "nonce": nonce, "tee-pubkey": jwk}).to_string();
    let evidence = json!({"svn": "1", "report_data": STANDARD.encode(Sha384::digest(covered))});
    let init_data = init_data.map(|body| json!({"format": "toml", "body": body}));
    json!({
        "init-data": init_data,
        "runtime-data": {"nonce": nonce, "tee-pubkey": jwk},
        "tee-evidence": {"primary_evidence": evidence, "additional_evidence": devices},
    })
    .to_string()
    .into_bytes()
}

/// The text of a sample device's evidence, bound to the session.
pub fn sample_device(nonce: &str, jwk: &Value) -> String {
    let covered = json!({"nonce": nonce, "tee-pubkey": jwk}).to_string();
    let evidence = json!({"svn": "2", "report_data": STANDARD.encode(Sha384::digest(covered))});
    json!({"sampledevice": evidence}).to_string()
}

/// `alg` and `enc`, then whatever else there is with its members sorted.
fn written_anew(header: &Map<String, Value>) -> String {
    let mut text = format!("{{\"alg\":{},\"enc\":{}", header["alg"], header["enc"]);
    for (name, value) in header.iter().filter(|(name, _)| !matches!(name.as_str(), "alg" | "enc")) {
        text.push_str(&format!(",\"{name}\":{value}"));
    }
    text.push('}');
    text
}

fn agreed(kind: CocoKeyKind, key: &PrivateKey, epk: &Value) -> [u8; 32] {
    let algorithm = if kind == CocoKeyKind::P256 { &ECDH_P256 } else { &ECDH_P521 };
    let coordinate = |name: &str| decode(epk[name].as_str().expect("a coordinate"));
    let point = [&[4], coordinate("x").as_slice(), &coordinate("y")].concat();
    let derived = agreement::agree(key, UnparsedPublicKey::new(algorithm, point), (), |z| {
        let mut hash = Sha256::new();
        hash.update(1_u32.to_be_bytes());
        hash.update(z);
        hash.update(14_u32.to_be_bytes());
        hash.update(b"ECDH-ES+A256KW");
        hash.update([0; 8]);
        hash.update(256_u32.to_be_bytes());
        Ok(hash.finalize().into())
    });
    derived.expect("an agreement")
}

fn unwrap(wrapping: &[u8; 32], wrapped: &[u8]) -> Vec<u8> {
    let mut out = [0; 40];
    let key =
        AesKek::new(&AES_256, wrapping).and_then(|key| key.unwrap(wrapped, &mut out).map(|key| key.to_vec()));
    key.expect("the content key")
}

/// Modulus and exponent at the end of a SubjectPublicKeyInfo: 02 82 <length> 00 <modulus> 02 03 01 00 01.
fn numbers(spki: &[u8]) -> (&[u8], &[u8]) {
    let (rest, e) = spki.split_at(spki.len().saturating_sub(3));
    let rest = rest.strip_suffix(&[2, 3]).expect("an exponent of three bytes");
    let start = rest.windows(5).position(|five| matches!(five, [2, 0x82, _, _, 0]));
    match start.and_then(|start| rest.get(start + 5..)) {
        Some(n) => (n, e),
        None => panic!("no modulus"),
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url without padding")
}
