//! The vendors' roots of trust, as bytes.
//!
//! ```text
//! amd/milan/ark.der  ─┐
//! intel/sgx-root.der ─┼─▶ ROOTS, INTERMEDIATES ─▶ the verifier's anchors and known issuers
//! …                  ─┘    (name, bytes, fingerprints, provenance)
//! ```
//!
//! Where each file comes from stands in the README beside this crate and in [`VendorCert::provenance`].
//!
//! ```
//! let intel = vendor_certs::ROOTS.iter().find(|root| root.name == "intel-sgx-root");
//! assert_eq!(intel.map(|root| root.der.len()), Some(659));
//! ```
//!
//! Invariants:
//! * only a self-issued root stands in [`ROOTS`]; ASKs and other CAs stand in [`INTERMEDIATES`] and are never anchors;
//! * the SHA-256 of every file and of its public key is pinned in code, and a test compares both;
//! * nothing here parses, trusts or dates a certificate: the verifier does.
#![no_std]

mod certificate;
mod pinned;

pub use certificate::{Role, Vendor, VendorCert};
pub use pinned::{INTERMEDIATES, ROOTS};

#[cfg(test)]
mod tests;
