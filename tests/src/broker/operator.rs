//! Who may store secrets, and tokens of every making.
#![expect(clippy::expect_used, reason = "a helper of tests")]

use std::net::SocketAddr;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sim::asn1 as write;
use sim::x509::pem;
use sim::{IssuerKey as _, P256Key};
use verifier::x509::ObjectIdentifier;

use super::http::{Answer, call};

/// The holder of the two admin keys that a site pins.
pub struct Operator {
    ed25519: Ed25519KeyPair,
    p256: P256Key,
}

impl Operator {
    /// An operator with new keys.
    pub fn new() -> Self {
        let ed25519 = Ed25519KeyPair::generate().expect("an Ed25519 key");
        Self { ed25519, p256: P256Key::generate(&mut guest_agent::system_rng()) }
    }

    /// The Ed25519 key as PEM.
    pub fn ed25519_pem(&self) -> String {
        pem("PUBLIC KEY", &[ED25519_SPKI, self.ed25519.public_key().as_ref()].concat())
    }

    /// The P-256 key as PEM.
    pub fn p256_pem(&self) -> String {
        pem("PUBLIC KEY", &self.p256.spki())
    }

    /// A token with these claims, signed with the Ed25519 key.
    pub fn eddsa(&self, claims: &Value) -> String {
        self.eddsa_with(&json!({"alg": "EdDSA", "typ": "JWT"}), claims)
    }

    /// A token with this header, signed with the Ed25519 key whatever the header says.
    pub fn eddsa_with(&self, header: &Value, claims: &Value) -> String {
        compact(header, claims, |message| self.ed25519.sign(message).as_ref().to_vec())
    }

    /// A token with these claims, signed with the P-256 key.
    pub fn es256(&self, claims: &Value) -> String {
        let sign = |message: &[u8]| self.p256.sign_fixed(message).expect("a signature").to_vec();
        compact(&json!({"alg": "ES256", "typ": "JWT"}), claims, sign)
    }

    /// Claims that admit to everything, for a minute.
    pub fn claims(&self) -> Value {
        json!({"role": "admin", "iat": sim_agent::now(), "exp": sim_agent::now() + 60})
    }

    /// A token that admits to everything, for a minute.
    pub fn token(&self) -> String {
        self.eddsa(&self.claims())
    }

    /// Stores a secret.
    pub fn store(&self, broker: SocketAddr, resource: &str, secret: &[u8]) -> Answer {
        let authorization = format!("Bearer {}", self.token());
        let path = format!("/kbs/v0/resource/{resource}");
        call(broker, "POST", &path, &[("authorization", &authorization)], Some(secret))
    }

    /// What the broker keeps under this SHA-256.
    pub fn blob(&self, broker: SocketAddr, digest: &str) -> Answer {
        let authorization = format!("Bearer {}", self.token());
        call(broker, "GET", &format!("/v1/blobs/{digest}"), &[("authorization", &authorization)], None)
    }
}

impl Default for Operator {
    fn default() -> Self {
        Self::new()
    }
}

/// A compact JWS of any header, claims and signature.
pub fn compact(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The SubjectPublicKeyInfo of an uncompressed P-256 point of 65 bytes (RFC 5480).
pub fn p256_spki(point: &[u8]) -> Vec<u8> {
    let algorithm = write::sequence([write::oid(&EC_PUBLIC_KEY), write::oid(&PRIME256V1)]);
    write::sequence([algorithm, write::bit_string(point)])
}

/// The private key as PEM in the form of SEC 1 (RFC 5915).
pub fn sec1_pem(key: &P256Key) -> String {
    let point = [&[4][..], &key.public_point()].concat();
    let parts = [
        write::integer(&[1]),
        write::octet_string(key.to_bytes()),
        write::explicit(0, write::oid(&PRIME256V1)),
        write::explicit(1, write::bit_string(&point)),
    ];
    pem("EC PRIVATE KEY", &write::sequence(parts))
}

/// What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410, section 4).
const ED25519_SPKI: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const PRIME256V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
