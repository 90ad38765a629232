//! Why a wrapper, or what it holds, is not read.

use crate::evidence::Tee;

/// The bytes are not a wrapper of this form, or what it holds is no evidence that is verified here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CmwError {
    /// Larger than any wrapper.
    #[error("{size} bytes, at most {limit} are read")]
    TooLarge {
        /// Bytes given.
        size: usize,
        /// Bytes that are read at most.
        limit: usize,
    },
    /// Neither a record nor a collection.
    #[error(
        "neither a record [type, value, indicator] nor a collection of them, at line {line} column {column}"
    )]
    Form {
        /// Line of the JSON text, from 1.
        line: usize,
        /// Column in it, from 1.
        column: usize,
    },
    /// The type is not a media type.
    #[error("the type of a record is not a media type of at most {limit} characters")]
    MediaType {
        /// The most characters.
        limit: usize,
    },
    /// The value is not base64url without padding, or empty.
    #[error("the value of a record is empty or not base64url without padding")]
    Value,
    /// A kind of message that is not registered.
    #[error("indicator {actual}, registered are 1 to {most}")]
    Indicator {
        /// The highest value in use.
        most: u8,
        /// The indicator found.
        actual: u64,
    },
    /// A label that nobody could read.
    #[error("a label is empty, longer than {limit} characters, or has control characters")]
    Label {
        /// The most characters.
        limit: usize,
    },
    /// One label for two members.
    #[error("a label appears twice")]
    LabelTwice,
    /// The collection's type names nothing.
    #[error("__cmwc_t is neither an absolute URI nor an OID")]
    CollectionType,
    /// A collection of nothing.
    #[error("a collection without a member")]
    Empty,
    /// More members than any device has parts.
    #[error("a collection of {actual} members, at most {limit} are read")]
    TooMany {
        /// The most members.
        limit: usize,
        /// The members found.
        actual: usize,
    },
    /// Collections in collections.
    #[error("collections nested deeper than {limit}")]
    TooDeep {
        /// The deepest that is read.
        limit: usize,
    },
    /// Evidence of one machine is verified at a time.
    #[error("{actual} wrapped messages, of which one can be verified at a time")]
    Several {
        /// The messages found.
        actual: usize,
    },
    /// It says itself that it is something else.
    #[error("the wrapped message is no evidence: its indicator is {actual}")]
    NotEvidence {
        /// The indicator.
        actual: u8,
    },
    /// No media type of evidence that is verified here.
    #[error("wrapped evidence of type {media_type} is not verified by this version")]
    UnknownType {
        /// The media type, escaped and cut.
        media_type: String,
    },
    /// Not the report as Linux gives it.
    #[error("TSM report JSON: {reason}")]
    Tsm {
        /// What is wrong, without the input's own words.
        reason: &'static str,
    },
    /// The evidence is not as long as that of its TEE is.
    #[error("evidence of {tee} has {expected} bytes, wrapped are {actual}")]
    Size {
        /// The TEE that the media type names.
        tee: Tee,
        /// Its size in bytes.
        expected: usize,
        /// The size found.
        actual: usize,
    },
}
