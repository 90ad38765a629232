//! Evidence bytes to verified claims, appraisal and attestation result. Pure: no clock, no randomness, no
//! files, no network; what it needs from outside is an argument.
//!
//! ```text
//! bytes ─ EvidenceInput::decode ─▶ EvidenceInput ─ Evidence::parse ─▶ Evidence<'_>
//!       ─ verify(evidence, endorsements, anchors, expected, now) ─▶ VerifiedEvidence
//!       ─ appraise(verified, reference values, policy, now) ─▶ AttestationResult
//! verdict::assess is the trip in one call ─▶ Verdict ─ result::encode(profile) ─▶ EAR ─ cmw ─▶ wrapped
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
pub mod cmw;
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
pub mod result;
pub mod sgx;
pub mod snp;
pub mod tdx;
pub mod time;
pub mod trust;
pub mod verdict;
pub mod verify;
pub mod x509;
