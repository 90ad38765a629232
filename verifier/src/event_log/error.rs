//! Why an event log is refused.

use crate::event_log::Register;
use crate::reader::ReadError;

/// The bytes are not an event log that this version understands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventLogError {
    /// Larger than any log.
    #[error("{size} bytes of event log, at most {limit} are read")]
    TooLarge {
        /// Bytes given.
        size: usize,
        /// Bytes that are read at most.
        limit: usize,
    },
    /// A field is cut short, or reserved bytes are not zero.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The first event is no header.
    #[error("the first event has type {actual:#x}, expected 3 (EV_NO_ACTION)")]
    HeaderType {
        /// Its type.
        actual: u32,
    },
    /// The first event is the header of another form of log.
    #[error("the first event is not a Spec ID event of version 03")]
    HeaderSignature,
    /// The header declares no algorithm, or more than exist.
    #[error("the header declares {actual} digest algorithms, expected 1 to {limit}")]
    AlgorithmCount {
        /// How many it declares.
        actual: u32,
        /// How many are read at most.
        limit: usize,
    },
    /// The header declares an algorithm twice.
    #[error("the header declares digest algorithm {algorithm:#x} twice")]
    AlgorithmTwice {
        /// Its number in the TCG's registry.
        algorithm: u16,
    },
    /// The header declares another size than the algorithm has.
    #[error("the header declares {actual} bytes for digest algorithm {algorithm:#x}, expected {expected}")]
    AlgorithmSize {
        /// Its number in the TCG's registry.
        algorithm: u16,
        /// The size of its digests; for an unknown one, the largest that is read.
        expected: usize,
        /// What the header declares.
        actual: u16,
    },
    /// The header declares no SHA-384, which the registers are extended with.
    #[error("the header does not declare SHA-384")]
    NoSha384,
    /// A header follows the header.
    #[error("event {event} is a second header")]
    SecondHeader {
        /// The event's number, from 0 after the header.
        event: usize,
    },
    /// More events than any guest has.
    #[error("more than {limit} events")]
    TooManyEvents {
        /// How many are read at most.
        limit: usize,
    },
    /// An event is for a register that does not exist or cannot be extended.
    #[error("event {event} is for measurement register {actual}, which cannot be extended")]
    Register {
        /// The event's number, from 0 after the header.
        event: usize,
        /// The register's index: in CCEL 0 is MRTD and 1 to 4 are RTMR0 to RTMR3, in a list 0 to 3 are.
        actual: u32,
    },
    /// An event has no digest, or more than there are algorithms.
    #[error("event {event} has {actual} digests, expected 1 to {limit}")]
    DigestCount {
        /// The event's number, from 0 after the header.
        event: usize,
        /// How many it has.
        actual: u32,
        /// How many the header declares.
        limit: usize,
    },
    /// An event has a digest of an algorithm that the header does not declare.
    #[error("event {event} has a digest of algorithm {algorithm:#x}, which the header does not declare")]
    UndeclaredAlgorithm {
        /// The event's number, from 0 after the header.
        event: usize,
        /// The algorithm's number in the TCG's registry.
        algorithm: u16,
    },
    /// An event has two digests of one algorithm.
    #[error("event {event} has two digests of algorithm {algorithm:#x}")]
    DigestTwice {
        /// The event's number, from 0 after the header.
        event: usize,
        /// The algorithm's number in the TCG's registry.
        algorithm: u16,
    },
    /// An event has no SHA-384 digest.
    #[error("event {event} has no SHA-384 digest")]
    DigestMissing {
        /// The event's number, from 0 after the header.
        event: usize,
    },
    /// An event is larger than any.
    #[error("event {event} has {actual} bytes, at most {limit} are read")]
    EventTooLarge {
        /// The event's number, from 0 after the header.
        event: usize,
        /// The size that it declares.
        actual: usize,
        /// Bytes that are read at most.
        limit: usize,
    },
    /// Bytes follow the end of the log.
    #[error("bytes at offset {offset}, after the end of the event log")]
    AfterEnd {
        /// Where the first of them lies.
        offset: usize,
    },
    /// The list is not JSON of the known form.
    #[error("event log as a list: {reason}")]
    List {
        /// What is wrong, without the input's own words.
        reason: String,
    },
    /// A member of an event in a list is not hexadecimal, or not of the wanted length.
    #[error("event {event}: {member} is not hexadecimal of the right length")]
    Hex {
        /// The event's number.
        event: usize,
        /// The member.
        member: &'static str,
    },
}

/// The log is not the one that was extended into the register.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "event log: {register} is {} in the quote, and the log replays to {}",
    hex::encode(expected),
    hex::encode(actual)
)]
pub struct ReplayError {
    /// The register.
    pub register: Register,
    /// Its value in the verified quote.
    pub expected: [u8; 48],
    /// The value that the log's events come to.
    pub actual: [u8; 48],
}

impl ReplayError {
    /// The rule that failed, in kebab-case.
    pub const fn kind(&self) -> &'static str {
        "event-log-replay"
    }
}
