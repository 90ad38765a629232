//! Why something could not be sealed or opened.

use crate::header::{ChunkSize, KEY_ID_BYTES_MAX};
use crate::suite::{CHUNKS_MAX, TAG_BYTES};

/// The bytes are not the header of an artefact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The bytes end inside the header.
    #[error("the header has at least {wanted} bytes, these are {actual}")]
    Truncated {
        /// How many bytes the header has at least, as far as it could be read.
        wanted: usize,
        /// How many were given.
        actual: usize,
    },
    /// The first eight bytes are not `VOUCHWTS`.
    #[error("not an encrypted artefact: it starts with {actual:02x?}")]
    Magic {
        /// The first eight bytes.
        actual: [u8; 8],
    },
    /// Another version of the format.
    #[error("version {actual} of the format, only {wanted} is known")]
    Version {
        /// The version that is known.
        wanted: u16,
        /// What the header says.
        actual: u16,
    },
    /// Another algorithm.
    #[error("algorithm {actual}, only {wanted} is known")]
    Algorithm {
        /// The algorithm that is known.
        wanted: u16,
        /// What the header says.
        actual: u16,
    },
    /// The chunk size is no power of two or outside its limits.
    #[error("chunk size {actual}, wanted a power of two from {} to {}", ChunkSize::MIN, ChunkSize::MAX)]
    ChunkSize {
        /// What the header, or the caller, says.
        actual: u32,
    },
    /// The key id is longer than [`KEY_ID_BYTES_MAX`].
    #[error("key id of {actual} bytes, at most {KEY_ID_BYTES_MAX} are allowed")]
    KeyIdTooLong {
        /// Its length in bytes.
        actual: usize,
    },
}

/// The plaintext cannot be sealed so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The settings make no header.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// A chunk that is not the last has another length than the chunk size.
    #[error("chunk {index} has {actual} bytes, wanted exactly {wanted}")]
    ChunkLength {
        /// Which chunk, from 0.
        index: u64,
        /// The chunk size in bytes.
        wanted: usize,
        /// What was given.
        actual: usize,
    },
    /// The last chunk is longer than the chunk size, or empty although others came before it.
    #[error(
        "the last chunk, {index}, has {actual} bytes, wanted at most {max} and some unless it is the first"
    )]
    LastChunkLength {
        /// Which chunk, from 0.
        index: u64,
        /// The chunk size in bytes.
        max: usize,
        /// What was given.
        actual: usize,
    },
    /// The artefact would have more than [`CHUNKS_MAX`] chunks.
    #[error("an artefact has at most {CHUNKS_MAX} chunks")]
    TooManyChunks,
    /// The cipher refused the length; it cannot, with chunks within their limits.
    #[error("chunk {index} could not be encrypted")]
    Cipher {
        /// Which chunk, from 0.
        index: u64,
    },
}

/// The artefact cannot be opened; nothing of the chunk in question came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The header tag does not fit: another key, or a changed header.
    #[error("the header is not authentic under this key: it is another key, or the header was changed")]
    HeaderNotAuthentic,
    /// A chunk that is not the last has another length than the chunk size and a tag.
    #[error("sealed chunk {index} has {actual} bytes, wanted exactly {wanted}")]
    ChunkLength {
        /// Which chunk, from 0.
        index: u64,
        /// The length of a sealed chunk in bytes.
        wanted: usize,
        /// What was given.
        actual: usize,
    },
    /// The last chunk is longer than a chunk, shorter than a tag, or empty although others came before it.
    #[error(
        "the last sealed chunk, {index}, has {actual} bytes, wanted more than {TAG_BYTES} (exactly that if it is the \
         first) and at most {max}"
    )]
    LastChunkLength {
        /// Which chunk, from 0.
        index: u64,
        /// The length of a full sealed chunk in bytes.
        max: usize,
        /// What was given.
        actual: usize,
    },
    /// The tag does not fit: the chunk was changed, stands at another place, or is not the end that it should be.
    #[error("chunk {index} is not authentic: changed, moved, cut off or continued")]
    ChunkNotAuthentic {
        /// The place at which it stood, from 0.
        index: u64,
    },
    /// More than [`CHUNKS_MAX`] chunks.
    #[error("an artefact has at most {CHUNKS_MAX} chunks")]
    TooManyChunks,
}
