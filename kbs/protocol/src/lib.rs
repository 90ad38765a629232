//! The CoCo key broker protocol, version 0.4.0: wire types, report-data binding, JWE; pure.
//!
//! ```text
//!  guest                                                          broker
//!  Request ─────────────────── POST /kbs/v0/auth ───────────────▶
//!  ◀─────────────────────────────────────────────────────────────  Challenge { nonce } + cookie
//!  report_data(nonce, tee-pubkey) → hardware → evidence
//!  Attestation ─────────────── POST /kbs/v0/attest ─────────────▶  report_data(nonce, tee-pubkey as received)
//!  ◀─────────────────────────────────────────────────────────────  TokenResponse
//!  ResourceUri → ResourcePath ─ GET /kbs/v0/resource/… ─────────▶  jwe::seal(secret, tee-pubkey)
//!  jwe::open(response, tee key pair) ◀───────────────────────────  Response
//! ```
//!
//! # Example
//!
//! ```
//! use kbs_protocol::{HashAlgorithm, RawJson, binding};
//!
//! let key = RawJson::parse(r#"{"kty":"EC","crv":"P-256","alg":"ECDH-ES+A256KW",
//!     "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
//!     "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#)?;
//! let nonce = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
//! let report_data = binding::report_data(HashAlgorithm::Sha384, "", nonce, &key)?;
//! assert_eq!(report_data[..4], [0xdf, 0xa6, 0x5d, 0x49]);
//! assert_eq!(report_data[48..], [0; 16]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Invariants
//!
//! - What was hashed by the other side is hashed here as it was received, never as it was understood.
//! - JSON with a member twice in one object is refused wherever it comes from the other side.
//! - Nothing here reads a clock, a file, the environment or the system's randomness.
//! - Private keys and plaintexts are wiped when dropped and cannot be printed or copied.

pub mod binding;
pub mod error;
pub mod evidence;
mod hash;
mod json;
pub mod jwe;
mod key;
pub mod limits;
mod message;
mod refusal;
mod resource;
mod tee;
#[cfg(test)]
mod testing;

pub use error::{ErrorInformation, ErrorKind};
pub use hash::{Digest, HashAlgorithm, UnsupportedHash};
pub use json::{JsonError, RawJson, from_slice};
pub use key::{KeyError, RsaPublicKey, TeeKeyPair, TeePublicKey};
pub use message::{
    Attestation, Challenge, InitData, InitDataError, PREFIX, Request, RuntimeData, SESSION_COOKIE,
    SelectionError, TeeEvidence, TokenResponse, VERSION,
};
pub use refusal::Refusal;
pub use resource::{ResourceError, ResourcePath, ResourceUri};
pub use tee::{Tee, UnknownTee};
