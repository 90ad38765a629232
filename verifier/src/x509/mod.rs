//! Certificates and CRLs as attestation uses them: a linear walk over chains of a fixed shape (RFC 5280).
//!
//! ```text
//! bytes ─ Certificate::parse ─▶ Certificate ─ check_signed_by(issuer) ─▶ names, CA rights, signature: once
//!                                           ─ check_valid_at(now) ─────▶ window: at every use
//! bytes ─ Crl::parse ─▶ Crl ─ check_revocation(certificate, issuer, crls, now) ─▶ Revocation
//! ```
//!
//! There is no path building and no trust store: the caller names the issuer of each certificate and ends at a
//! pinned anchor. Signatures are checked over the bytes as received, and separately from the time, because a
//! signature that held once holds forever while a window closes.
//!
//! Why not a TLS path validator: AMD encodes RSASSA-PSS parameters with an explicit default, which strict
//! decoders refuse; a certificate listed in a stale CRL must still be refused; and each refusal names what was
//! expected and what was found.
//!
//! Not supported, and refused where it would matter: name constraints, policies, indirect and delta CRLs.

mod algorithm;
mod certificate;
mod chain;
mod crl;
mod error;
mod extension;
mod name;
mod pem;
mod revocation;
mod walk;

#[cfg(test)]
mod tests;

pub use self::certificate::Certificate;
pub use self::crl::Crl;
pub use self::error::X509Error;
pub use self::pem::pem_blocks;
pub use self::revocation::{Revocation, RevocationState, check_revocation};
pub use der::asn1::ObjectIdentifier;
