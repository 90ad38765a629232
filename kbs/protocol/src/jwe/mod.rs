//! The JWE that carries a secret (docs/kbs-protocol.md section 12; RFC 7516, RFC 7518 section 4.6).
//!
//! One algorithm so far: ECDH-ES+A256KW on P-256 with A256GCM. CoCo's client does not keep the header that it received
//! but writes it anew to compute the additional data; [`seal`] therefore writes it exactly as serde_json would.
//! [`open`] takes the received text, as RFC 7516 section 5.2 says.

mod header;
mod kdf;
mod open;
mod response;
mod seal;

pub use open::{OpenError, open};
pub use response::Response;
pub use seal::{SealError, seal};

#[cfg(test)]
mod tests;
