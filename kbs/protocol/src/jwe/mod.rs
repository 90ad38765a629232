//! The JWE that carries a secret (docs/kbs-protocol.md section 12; RFC 7516, RFC 7518 section 4.6).
//!
//! Content is A256GCM always. The content key travels by ECDH-ES+A256KW on P-256 or P-521, by RSA-OAEP-256, or by
//! ML-KEM-768+A192KW, as the key of the guest wants it; [`open`] is for our own guests, which have P-256. CoCo's client does not keep the header that it received
//! but writes it anew to compute the additional data; [`seal`] therefore writes it exactly as serde_json would.
//! [`open`] takes the received text, as RFC 7516 section 5.2 says.

mod header;
mod kdf;
mod kmac;
mod open;
mod response;
mod seal;
mod transport;

pub use open::{OpenError, open};
pub use response::Response;
pub use seal::{SealError, seal};
pub use transport::{Oaep256, no_rsa};

#[cfg(test)]
mod tests;
