//! Public keys, and the one place where signatures are checked.

use core::cell::Cell;
use core::fmt;

use super::encoding::{self, Material};
use super::error::CryptoError;

#[cfg(feature = "aws-lc")]
use super::aws_lc::Key as DefaultBackend;
#[cfg(not(feature = "aws-lc"))]
use super::portable::Key as DefaultBackend;

/// A public key, decoded and checked once.
///
/// Two keys are equal if their SubjectPublicKeyInfo is the same byte for byte.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(BackedKey<DefaultBackend>);

impl PublicKey {
    /// Decodes a DER SubjectPublicKeyInfo: P-256, P-384, or RSA of 2048 to 8192 bits. Nothing may follow it.
    pub fn from_spki(spki_der: &[u8]) -> Result<Self, CryptoError> {
        BackedKey::from_spki(spki_der).map(Self)
    }

    /// A P-256 key from its coordinates x||y, big endian, as DCAP quotes carry their attestation key.
    pub fn p256(xy: &[u8; 64]) -> Result<Self, CryptoError> {
        Self::from_spki(&encoding::p256_spki(xy))
    }

    /// A P-384 key from its coordinates x||y, big endian, as SNP ID blocks carry their keys.
    pub fn p384(xy: &[u8; 96]) -> Result<Self, CryptoError> {
        Self::from_spki(&encoding::p384_spki(xy))
    }

    /// SHA-256 of the SubjectPublicKeyInfo.
    pub const fn id(&self) -> &KeyId {
        &self.0.id
    }

    /// The kind of key.
    pub const fn kind(&self) -> KeyKind {
        self.0.kind
    }

    /// Checks `signature` over `message`.
    ///
    /// The hash belongs to the algorithm; the message is given as received. Form and range of the signature are
    /// judged before any arithmetic, so that both backends refuse the same inputs with the same error.
    pub fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: Signature<'_>,
    ) -> Result<(), CryptoError> {
        self.0.verify(algorithm, message, signature)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {:?})", self.0.kind, self.0.id)
    }
}

/// SHA-256 of a SubjectPublicKeyInfo: the identity of a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 32]);

impl KeyId {
    /// The identity with this SHA-256.
    pub const fn new(sha256_of_spki: [u8; 32]) -> Self {
        Self(sha256_of_spki)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// The kinds of key that this verifier knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// NIST P-256 (secp256r1).
    P256,
    /// NIST P-384 (secp384r1).
    P384,
    /// RSA with a modulus of this many bytes.
    Rsa {
        /// Size of the modulus, and of every signature, in bytes.
        bytes: usize,
    },
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::P256 => f.write_str("P-256"),
            Self::P384 => f.write_str("P-384"),
            Self::Rsa { bytes } => write!(f, "RSA-{}", bytes.saturating_mul(8)),
        }
    }
}

/// The signature algorithms that this verifier knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// ECDSA on P-256 with SHA-256 (FIPS 186-5).
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-384 (FIPS 186-5).
    EcdsaP384Sha384,
    /// RSASSA-PSS with SHA-384, MGF1-SHA-384 and a salt of exactly 48 bytes (RFC 8017 section 8.1).
    RsaPssSha384,
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EcdsaP256Sha256 => "ECDSA P-256/SHA-256",
            Self::EcdsaP384Sha384 => "ECDSA P-384/SHA-384",
            Self::RsaPssSha384 => "RSASSA-PSS/SHA-384",
        })
    }
}

/// A signature as its carrier encodes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature<'a> {
    /// ECDSA-Sig-Value in strict DER, as certificates and CRLs have it (RFC 3279 section 2.2.3).
    EcdsaDer(&'a [u8]),
    /// r||s, both big endian and of the curve's full size.
    EcdsaFixed(&'a [u8]),
    /// The RSA signature, exactly as long as the modulus.
    Rsa(&'a [u8]),
}

/// How many signature computations this thread has made: only calls that reached the arithmetic count.
///
/// Benchmarks and tests compare it before and after; it never goes down.
pub fn signature_checks() -> u64 {
    CHECKS.get()
}

/// What a backend offers: load a checked key, verify a checked signature.
pub(super) trait Backend: Clone {
    /// Loads key material whose form was checked; `None` if the point is not on the curve or the library refuses.
    fn load(material: &Material<'_>) -> Option<Self>;
    /// Checks a signature whose form and range were checked: r||s, or RSA-PSS.
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool;
}

/// A key of one backend, with everything about it that does not depend on the backend.
#[derive(Clone)]
pub(super) struct BackedKey<B> {
    kind: KeyKind,
    id: KeyId,
    key: B,
}

impl<B> PartialEq for BackedKey<B> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}
impl<B> Eq for BackedKey<B> {}

impl<B: Backend> BackedKey<B> {
    pub(super) fn from_spki(spki_der: &[u8]) -> Result<Self, CryptoError> {
        let material = encoding::material(spki_der)?;
        let kind = material.kind();
        let key = B::load(&material).ok_or(match kind {
            KeyKind::P256 | KeyKind::P384 => CryptoError::KeyPoint { kind },
            KeyKind::Rsa { .. } => CryptoError::KeyEncoding,
        })?;
        Ok(Self { kind, id: KeyId(super::hash::sha256(spki_der)), key })
    }

    pub(super) fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: Signature<'_>,
    ) -> Result<(), CryptoError> {
        // A key has exactly one algorithm: the curve or RSA decides it, never the signer's word.
        match (algorithm, self.kind) {
            (SignatureAlgorithm::EcdsaP256Sha256, KeyKind::P256)
            | (SignatureAlgorithm::EcdsaP384Sha384, KeyKind::P384)
            | (SignatureAlgorithm::RsaPssSha384, KeyKind::Rsa { .. }) => {}
            (algorithm, key) => return Err(CryptoError::WrongKey { algorithm, key }),
        }
        let canonical = encoding::canonical(algorithm, self.kind, signature)?;
        CHECKS.set(CHECKS.get().wrapping_add(1));
        if self.key.verify(message, canonical.bytes()) {
            Ok(())
        } else {
            Err(CryptoError::SignatureWrong { algorithm })
        }
    }
}

thread_local! {
    static CHECKS: Cell<u64> = const { Cell::new(0) };
}
