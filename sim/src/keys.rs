//! Private keys of simulated authorities and machines on P-256 and P-384.

use core::fmt;

use der::oid::ObjectIdentifier;
use p256::ecdsa::signature::Signer as _;
use p256::elliptic_curve::Generate as _;
use rand_core::CryptoRng;

use crate::asn1 as write;
use crate::error::MintError;

/// What can sign a certificate or a CRL.
pub trait IssuerKey {
    /// The DER SubjectPublicKeyInfo.
    fn spki(&self) -> Vec<u8>;

    /// The signature over `message` in the form that a certificate's signatureValue holds.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, MintError>;
}

/// A key on P-256: Intel's hierarchy, the quoting enclave, quotes.
#[derive(Clone)]
pub struct P256Key(p256::ecdsa::SigningKey);

/// A key on P-384: AMD's VCEK and VLEK.
#[derive(Clone)]
pub struct P384Key(p384::ecdsa::SigningKey);

impl P256Key {
    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(p256::ecdsa::SigningKey::generate_from_rng(rng))
    }

    /// The key with this 32-byte scalar, big endian.
    pub fn from_bytes(scalar: &[u8]) -> Result<Self, MintError> {
        p256::ecdsa::SigningKey::from_slice(scalar).map(Self).map_err(|_| MintError::Key { curve: "P-256" })
    }

    /// The 32-byte scalar, big endian.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes().into()
    }

    /// The public point as `x ‖ y`, big endian.
    pub fn public_point(&self) -> [u8; 64] {
        let mut point = [0; 64];
        // Safe: an uncompressed P-256 point is the tag 04 and 64 bytes.
        point.copy_from_slice(&self.0.verifying_key().to_sec1_point(false).as_bytes()[1..]);
        point
    }

    /// ECDSA with SHA-256 as `r ‖ s`, big endian; the nonce is RFC 6979's.
    pub fn sign_fixed(&self, message: &[u8]) -> Result<[u8; 64], MintError> {
        let signature: p256::ecdsa::Signature = self.0.try_sign(message).map_err(|_| MintError::Ecdsa)?;
        Ok(signature.to_bytes().into())
    }
}

impl P384Key {
    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(p384::ecdsa::SigningKey::generate_from_rng(rng))
    }

    /// The key with this 48-byte scalar, big endian.
    pub fn from_bytes(scalar: &[u8]) -> Result<Self, MintError> {
        p384::ecdsa::SigningKey::from_slice(scalar).map(Self).map_err(|_| MintError::Key { curve: "P-384" })
    }

    /// The 48-byte scalar, big endian.
    pub fn to_bytes(&self) -> [u8; 48] {
        self.0.to_bytes().into()
    }

    /// The public point as `x ‖ y`, big endian.
    pub fn public_point(&self) -> [u8; 96] {
        let mut point = [0; 96];
        // Safe: an uncompressed P-384 point is the tag 04 and 96 bytes.
        point.copy_from_slice(&self.0.verifying_key().to_sec1_point(false).as_bytes()[1..]);
        point
    }

    /// ECDSA with SHA-384 as `r ‖ s`, big endian; the nonce is RFC 6979's.
    pub fn sign_fixed(&self, message: &[u8]) -> Result<[u8; 96], MintError> {
        let signature: p384::ecdsa::Signature = self.0.try_sign(message).map_err(|_| MintError::Ecdsa)?;
        Ok(signature.to_bytes().into())
    }
}

impl IssuerKey for P256Key {
    fn spki(&self) -> Vec<u8> {
        ec_spki(&PRIME256V1, self.0.verifying_key().to_sec1_point(false).as_bytes())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, MintError> {
        let fixed = self.sign_fixed(message)?;
        let (r, s) = fixed.split_at(32);
        Ok(write::sequence([write::integer(r), write::integer(s)]))
    }
}

impl IssuerKey for P384Key {
    fn spki(&self) -> Vec<u8> {
        ec_spki(&SECP384R1, self.0.verifying_key().to_sec1_point(false).as_bytes())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, MintError> {
        let fixed = self.sign_fixed(message)?;
        let (r, s) = fixed.split_at(48);
        Ok(write::sequence([write::integer(r), write::integer(s)]))
    }
}

// A simulated key guards nothing, but nobody should meet one in a log and wonder.
impl fmt::Debug for P256Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P256Key(..)")
    }
}

impl fmt::Debug for P384Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P384Key(..)")
    }
}

fn ec_spki(curve: &ObjectIdentifier, point: &[u8]) -> Vec<u8> {
    write::sequence([
        write::sequence([write::oid(&ID_EC_PUBLIC_KEY), write::oid(curve)]),
        write::bit_string(point),
    ])
}

/// RFC 5480 section 2.1.1.
const ID_EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const PRIME256V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
