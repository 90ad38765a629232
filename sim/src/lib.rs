#![doc = include_str!("../README.md")]

pub mod amd;
pub mod asn1;
mod bytes;
mod error;
pub mod intel;
mod keys;
pub mod platform;
mod rng;
mod rsa;
#[cfg(test)]
mod testing;
pub mod x509;

pub use error::MintError;
pub use keys::{IssuerKey, P256Key, P384Key};
pub use rng::SeededRng;
pub use rsa::RsaKey;
