//! Evidence before other verifiers, and the same evidence before ours.
//!
//! `sev` judges SNP reports and AMD's chain, `dcap-qvl` judges quotes and Intel's collateral. Tests ask both sides about
//! real evidence under the vendors' roots, and about minted evidence under a simulated one: what the peer accepts we accept,
//! with the same status, advisories and dates, and with one bit flipped both refuse. Where a peer says otherwise, the test
//! names it, and docs/verification-proof.md says by which specification.

pub mod bench;
mod ours;
mod peers;
mod real;

pub use ours::{Answer, ask};
pub use peers::{collateral_for_dcap_qvl, dcap_qvl, sev};
pub use real::{Both, Files, fixture_sets, mutations, real_collateral, said_by_dcap_qvl, said_by_us};
