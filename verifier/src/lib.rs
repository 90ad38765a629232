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

pub mod check;
pub mod crypto;
pub mod reader;
pub mod time;
pub mod x509;
