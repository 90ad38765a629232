//! Hashes and signature verification behind one small interface.
//!
//! Two backends exist and neither may change a decision: `aws_lc` (the default: constant time, fast, native code)
//! and `portable` (RustCrypto, for targets without C). What the encodings mean is decided here, once, before a
//! backend sees a key or a signature: keys by exact algorithm and size, signatures by exact length and range.
//! One test runs the same vectors through both.
//!
//! Not here: private keys, encryption, randomness.

#[cfg(feature = "aws-lc")]
mod aws_lc;
mod encoding;
mod error;
mod hash;
mod key;
mod memo;
// With both features on, AWS-LC decides and the portable backend is there for the test that compares them.
#[cfg(all(feature = "portable", any(test, not(feature = "aws-lc"))))]
mod portable;
#[cfg(test)]
mod tests;

pub use self::error::CryptoError;
pub use self::hash::{sha256, sha384, sha512};
pub use self::key::{KeyId, KeyKind, PublicKey, Signature, SignatureAlgorithm, signature_checks};
pub use self::memo::SignatureMemo;

#[cfg(not(any(feature = "aws-lc", feature = "portable")))]
compile_error!("the verifier needs one crypto backend: feature `aws-lc` (default) or `portable`");
