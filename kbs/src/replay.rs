//! A recorded decision made again from its record and what the record names, and nothing else.
//!
//! ```text
//! record ─ gather ─▶ Contents, each found under its SHA-256
//!    attestation:      binding, endorsements, policy, … ─ assess ─▶ verdict ─ compare ─▶ Replayed
//!    release, denial:  its attestation, claims, policy ─ authorize ─▶ outcome ─ compare ─▶ Replayed
//! ```
//!
//! Pure: no store, no clock, no file. The instant is the record's, and nothing that a record says is believed where it can
//! be computed from an input.

use std::time::Duration;

use decision_log::{Body, Digest, Record, RecordError};
use serde::Serialize;

mod attestation;
mod contents;
mod difference;
mod secret;

pub use contents::Contents;
use difference::Comparison;

/// A decision that was made again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// The id of the record.
    pub decision: Digest,
    /// What was decided: `attestation`, `release`, `denial` or `federation`.
    pub kind: &'static str,
    /// The instant of the decision, in seconds since 1970.
    pub at: i64,
    /// The version that decided.
    pub software: String,
    /// Everything that was compared, in order.
    pub compared: Vec<Compared>,
    /// What the reader has to know besides.
    pub warnings: Vec<String>,
}

/// One thing that was compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// What it is.
    pub what: String,
    /// What the record says.
    pub recorded: String,
    /// What it came to now.
    pub replayed: String,
}

/// Why a decision cannot be made again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The bytes are not a record.
    #[error("the record: {0}")]
    Record(#[from] RecordError),
    /// A content is not the one that the record names.
    #[error("{what}: the record names {expected}, this content has {actual}")]
    Content {
        /// What it is in the record.
        what: &'static str,
        /// The SHA-256 in the record.
        expected: Digest,
        /// The SHA-256 of what was found under it.
        actual: Digest,
    },
    /// A content is the one that is named, and not what it must be.
    #[error("{what} {digest}: {reason}")]
    Form {
        /// What it is in the record.
        what: &'static str,
        /// Its SHA-256.
        digest: Digest,
        /// What is wrong with it.
        reason: String,
    },
    /// Contents that the record names were not found.
    #[error("missing: {}", .0.iter().map(Missing::to_string).collect::<Vec<_>>().join(", "))]
    Missing(Vec<Missing>),
}

/// A content that was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{what} {digest}")]
pub struct Missing {
    /// What it is in the record.
    pub what: &'static str,
    /// Its SHA-256.
    pub digest: Digest,
}

/// Makes the decision of `record` again; `blobs` gives the content of a SHA-256, where there is one.
pub fn replay(record: &[u8], blobs: impl Fn(&Digest) -> Option<Vec<u8>>) -> Result<Replayed, ReplayError> {
    let contents = Contents::gather(record, blobs)?;
    let decision = Digest::of(record);
    let record = Record::decode(record)?;
    let mut comparison = Comparison::between(&record.software, SOFTWARE);
    let kind = match &record.decision {
        Body::Attestation(attested) => {
            attestation::replay(record.at, attested, &contents, &mut comparison)?;
            "attestation"
        }
        Body::Release(release) => {
            secret::replay_release(record.at, release, &contents, &mut comparison)?;
            "release"
        }
        Body::Denial(denial) => {
            secret::replay_denial(record.at, denial, &contents, &mut comparison)?;
            "denial"
        }
        Body::Federation(federation) => {
            secret::replay_federation(record.at, federation, &contents, &mut comparison)?;
            "federation"
        }
    };
    let (compared, warnings) = comparison.finish();
    Ok(Replayed { decision, kind, at: record.at, software: record.software, compared, warnings })
}

impl Replayed {
    /// Whether everything came to what was recorded.
    pub fn same(&self) -> bool {
        self.differences().next().is_none()
    }

    /// What came to something else.
    pub fn differences(&self) -> impl Iterator<Item = &Compared> {
        self.compared.iter().filter(|compared| compared.recorded != compared.replayed)
    }
}

/// What this version writes into its records.
const SOFTWARE: &str = crate::release::SOFTWARE;
/// More than a broker gives, which is ten seconds at most: a slow machine must not change what a decision was.
const POLICY_TIME: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
