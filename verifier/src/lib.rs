//! Evidence bytes to verified claims, appraisal and attestation result. Pure: no clock, no randomness, no
//! files, no network; what it needs from outside is an argument.
//!
//! ```text
//! bytes ─ EvidenceInput::decode ─▶ EvidenceInput ─ Evidence::parse ─▶ Evidence<'_>
//!       ─ verify(evidence, endorsements, anchors, expected, now) ─▶ VerifiedEvidence
//!       ─ appraise(verified, reference values, policy, now) ─▶ AttestationResult
//! ```
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::arithmetic_side_effects,
        clippy::as_conversions
    )
)]

pub mod anchors;
pub mod appraise;
pub mod catalogue;
pub mod check;
mod coco;
pub mod crypto;
pub mod dcap;
pub mod endorsements;
pub mod error;
pub mod event_log;
pub mod evidence;
pub mod expected;
pub mod policy;
pub mod reader;
pub mod sgx;
pub mod snp;
pub mod tdx;
pub mod time;
pub mod token;
pub mod trust;
pub mod verdict;
pub mod verify;
pub mod x509;
