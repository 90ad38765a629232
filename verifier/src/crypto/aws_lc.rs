//! The default backend: AWS-LC through aws-lc-rs.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ParsedPublicKey, RSA_PSS_2048_8192_SHA384,
    RsaPublicKeyComponents,
};

use super::encoding::Material;
use super::key::Backend;

/// A key that AWS-LC has decoded, tied to its one algorithm.
#[derive(Clone)]
pub(super) struct Key(ParsedPublicKey);

impl Backend for Key {
    fn load(material: &Material<'_>) -> Option<Self> {
        let key = match material {
            Material::P256 { point } => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point),
            Material::P384 { point } => ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point),
            // The salt length of these parameters is the digest's: 48 bytes.
            Material::Rsa { modulus, exponent } => RsaPublicKeyComponents { n: modulus, e: exponent }
                .to_parsed_public_key(&RSA_PSS_2048_8192_SHA384),
        };
        key.ok().map(Self)
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

pub(super) fn sha256(data: &[u8]) -> [u8; 32] {
    hash(&digest::SHA256, data)
}

pub(super) fn sha384(data: &[u8]) -> [u8; 48] {
    hash(&digest::SHA384, data)
}

pub(super) fn sha512(data: &[u8]) -> [u8; 64] {
    hash(&digest::SHA512, data)
}

fn hash<const N: usize>(algorithm: &'static digest::Algorithm, data: &[u8]) -> [u8; N] {
    let digest = digest::digest(algorithm, data);
    let mut output = [0; N];
    // The three callers above pair each algorithm with its own length.
    output.copy_from_slice(digest.as_ref());
    output
}
