//! Minted evidence before other verifiers, and the same evidence before ours.
//!
//! `sev` judges SNP reports and AMD's chain, `dcap-qvl` judges quotes and Intel's collateral. Each test mints
//! evidence under a simulated root, gives that root to both sides, and asks both: what the peer accepts we accept,
//! and with one bit flipped both refuse. Where a peer is laxer than we are, the test says so.

pub mod bench;
mod ours;
mod peers;

pub use ours::{Answer, ask};
pub use peers::{collateral_for_dcap_qvl, dcap_qvl, sev};
