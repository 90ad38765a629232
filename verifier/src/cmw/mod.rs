//! The conceptual message wrapper of RATS (CMW, RFC 9999) in JSON: a record is a message with its media type, a
//! collection is a named set of records and collections.
//!
//! ```text
//! ["application/eat+jwt; eat_profile=\"…\"", "<base64url>", 8]      { "cpu": [ … ], "gpu": [ … ] }
//! ```
//!
//! A wrapper protects nothing and proves nothing; what it holds is judged as if it had come alone. The media type
//! alone says what that is: nobody looks inside to guess. The CBOR forms are not read.

mod error;
mod evidence;
mod json;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use error::CmwError;
pub(crate) use evidence::unwrap_evidence;

/// A wrapped conceptual message, or a set of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cmw {
    /// One message.
    Record(Record),
    /// Several.
    Collection(Collection),
}

/// One message (RFC 9999, section 3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The Content-Type of the value.
    pub media_type: String,
    /// The message.
    pub value: Vec<u8>,
    /// Which kinds of conceptual message it is, as a set of the bits below; absent where the media type says it.
    pub indicator: Option<u8>,
}

/// A named set of messages (RFC 9999, section 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// `__cmwc_t`: the URI or OID of what the labels mean.
    pub kind: Option<String>,
    /// The members by label, never none; their order means nothing.
    pub items: BTreeMap<String, Cmw>,
}

/// Indicator bit 2: Evidence.
pub const EVIDENCE: u8 = 1 << 2;
/// Indicator bit 3: Attestation Results.
pub const ATTESTATION_RESULTS: u8 = 1 << 3;
/// The registered bits: Reference Values, Endorsements, Evidence, Attestation Results, Appraisal Policy.
const KNOWN_INDICATORS: u8 = 0b1_1111;
