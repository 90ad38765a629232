//! The backend without C: RustCrypto, verification only.

use p256::ecdsa::signature::Verifier as _;
use rsa::pss::VerifyingKey as PssKey;
use rsa::signature::Verifier as _;
use rsa::{BigUint, RsaPublicKey};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::encoding::Material;
use super::key::Backend;

/// A key that RustCrypto has decoded, tied to its one algorithm.
#[derive(Clone)]
pub(super) enum Key {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    /// `rsa` 0.9 speaks the previous generation of digests; it hashes by its own SHA-384.
    Rsa(PssKey<rsa::sha2::Sha384>),
}

impl Backend for Key {
    fn load(material: &Material<'_>) -> Option<Self> {
        match material {
            Material::P256 { point } => {
                p256::ecdsa::VerifyingKey::from_sec1_bytes(*point).ok().map(Self::P256)
            }
            Material::P384 { point } => {
                p384::ecdsa::VerifyingKey::from_sec1_bytes(*point).ok().map(Self::P384)
            }
            Material::Rsa { modulus, exponent } => {
                let (n, e) = (BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(exponent));
                let key = RsaPublicKey::new_with_max_size(n, e, RSA_MAX_BITS).ok()?;
                Some(Self::Rsa(PssKey::new_with_salt_len(key, SALT_BYTES)))
            }
        }
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Self::P384(key) => p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Self::Rsa(key) => rsa::pss::Signature::try_from(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        }
    }
}

/// SHA-256.
pub(super) fn sha256(data: &[u8]) -> [u8; 32] {
    Sha256::digest(data).into()
}

/// SHA-384.
pub(super) fn sha384(data: &[u8]) -> [u8; 48] {
    Sha384::digest(data).into()
}

/// SHA-512.
pub(super) fn sha512(data: &[u8]) -> [u8; 64] {
    Sha512::digest(data).into()
}

const RSA_MAX_BITS: usize = 8192;
const SALT_BYTES: usize = 48;
