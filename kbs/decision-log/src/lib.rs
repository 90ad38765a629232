//! Decision records: what was decided, on which inputs; pure.
//!
//! ```text
//! inputs ─ Digest::of ─▶ blobs, each stored once under its SHA-256
//! Record { inputs as digests, result } ─ encode ─▶ canonical bytes ─ Digest::of ─▶ decision id
//! ```
//!
//! A record holds nothing secret and no input itself: it names every input by its content, so that the same
//! verdict can be reached again from the blobs, offline, in any year.
//!
//! ```
//! use decision_log::{Digest, Record, Release};
//!
//! let release = Release {
//!     attestation: Some(Digest::of(b"the decision that the token came from")),
//!     foreign_issuer: None,
//!     epoch: 7,
//!     token: Digest::of(b"the token"),
//!     resource: "kbs:///models/key/llama".to_owned(),
//!     version: Some(1),
//!     answer: Some(Digest::of(b"the sealed answer")),
//!     resource_policy: Digest::of(b"package policy"),
//!     tee_key: Digest::of(b"the key that the secret was sealed to"),
//!     method: "GET".to_owned(),
//!     query: [].into(),
//!     rule: "data.policy.allow".to_owned(),
//! };
//! let record = Record::release(1_775_000_000, "0.1.0", release);
//! let bytes = record.encode();
//! assert_eq!(Record::decode(&bytes), Ok(record));
//! ```
//!
//! Invariants: one record has one encoding (`decode` refuses any other); the id of a decision is the SHA-256
//! of that encoding.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod digest;
mod record;

pub use digest::{Digest, NotADigest};
pub use record::{
    ATTESTATION, Appraisal, Attestation, Body, Denial, Device, Federation, INPUTS, InputSet, Named, Record,
    RecordError, Release, SCHEMA,
};
