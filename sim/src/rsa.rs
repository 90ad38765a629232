//! RSA-4096 keys of AMD's simulated authorities.
//!
//! The one exception to "randomness is an argument": aws-lc-rs makes keys and salts from its own generator and
//! takes no other, and the portable RSA crate never holds a private key (RUSTSEC-2023-0071). What depends on
//! this randomness is the key's and the salt's value alone; no field of any minted object does.
#![expect(
    clippy::disallowed_methods,
    reason = "aws-lc-rs takes no generator as an argument for RSA keys and PSS salts"
)]

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PSS_SHA384};
use der::oid::ObjectIdentifier;

use crate::asn1 as write;
use crate::error::MintError;
use crate::keys::IssuerKey;

/// An RSA-4096 key that signs with RSASSA-PSS, SHA-384, MGF1 with SHA-384 and a salt of 48 bytes.
#[derive(Debug)]
pub struct RsaKey(KeyPair);

impl RsaKey {
    /// A new key; this takes about a second.
    pub fn generate() -> Result<Self, MintError> {
        KeyPair::generate(KeySize::Rsa4096).map(Self).map_err(|_| MintError::Rsa { step: "make a key" })
    }

    /// Reads a key from its PKCS#8 form.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, MintError> {
        KeyPair::from_pkcs8(pkcs8).map(Self).map_err(|_| MintError::Rsa { step: "read a key" })
    }

    /// The key in its PKCS#8 form.
    pub fn to_pkcs8(&self) -> Result<Vec<u8>, MintError> {
        let der: Pkcs8V1Der<'_> = self.0.as_der().map_err(|_| MintError::Rsa { step: "write a key" })?;
        Ok(der.as_ref().to_vec())
    }
}

impl IssuerKey for RsaKey {
    fn spki(&self) -> Vec<u8> {
        write::sequence([
            write::sequence([write::oid(&RSA_ENCRYPTION), write::null()]),
            write::bit_string(self.0.public_key().as_ref()),
        ])
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, MintError> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(&RSA_PSS_SHA384, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| MintError::Rsa { step: "sign" })?;
        Ok(signature)
    }
}

/// RFC 8017 appendix C.
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
