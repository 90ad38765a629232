//! Why a key or a signature is refused.

use super::key::{KeyKind, SignatureAlgorithm};

/// A key that cannot be used, or a signature that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// The SubjectPublicKeyInfo is not strict DER of the expected form.
    #[error("the public key is not a SubjectPublicKeyInfo in DER")]
    KeyEncoding,
    /// The key's algorithm, curve or parameters are none that this verifier knows.
    #[error("public key algorithm {oid} with these parameters is not supported")]
    KeyAlgorithm {
        /// The algorithm's object identifier.
        oid: String,
    },
    /// The elliptic-curve point is compressed, of another length, or not on the curve.
    #[error("the {kind} public key is not an uncompressed point on its curve")]
    KeyPoint {
        /// The curve.
        kind: KeyKind,
    },
    /// The RSA modulus or exponent is out of the accepted range.
    #[error(
        "RSA key of {bits} bits, exponent {exponent}: expected 2048 to 8192 bits and an odd exponent from 3"
    )]
    KeyRsa {
        /// Size of the modulus in bits.
        bits: usize,
        /// The public exponent; 0 if it exceeds 32 bits.
        exponent: u32,
    },
    /// The signature algorithm needs a key of another kind.
    #[error("a {algorithm} signature cannot be checked with a {key} key")]
    WrongKey {
        /// The algorithm asked for.
        algorithm: SignatureAlgorithm,
        /// The key at hand.
        key: KeyKind,
    },
    /// The signature has another length than the key's size demands, in bytes.
    #[error("{algorithm} signature of {actual} bytes, expected {expected}")]
    SignatureLength {
        /// The algorithm.
        algorithm: SignatureAlgorithm,
        /// Length wanted in bytes.
        expected: usize,
        /// Length found in bytes.
        actual: usize,
    },
    /// The ECDSA signature is not the strict DER of two non-negative integers.
    #[error("the {algorithm} signature is not strict DER of two non-negative integers")]
    SignatureEncoding {
        /// The algorithm.
        algorithm: SignatureAlgorithm,
    },
    /// One of the signature's two numbers is zero, or not below the order of the curve.
    #[error("the {algorithm} signature has r or s outside 1..n")]
    SignatureRange {
        /// The algorithm.
        algorithm: SignatureAlgorithm,
    },
    /// The signature is well-formed and does not hold for this message and key.
    #[error("the {algorithm} signature does not hold")]
    SignatureWrong {
        /// The algorithm.
        algorithm: SignatureAlgorithm,
    },
}
