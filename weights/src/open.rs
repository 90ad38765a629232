//! Opening, one chunk at a time.

use crate::error::OpenError;
use crate::header::ChunkSize;
use crate::suite::{CHUNKS_MAX, Place, Suite, TAG_BYTES};

/// Opens the chunks of one artefact in order; made by [`Header::decryptor`](crate::Header::decryptor).
pub struct Decryptor {
    suite: Suite,
    chunk_size: ChunkSize,
    index: u64,
    bytes: u64,
}

/// The proof that the end of an artefact was reached and everything before it was authentic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an artefact whose end was not reached may have been cut off"]
pub struct Complete {
    bytes: u64,
}

impl Complete {
    /// How many bytes of plaintext the artefact has.
    pub fn bytes(self) -> u64 {
        self.bytes
    }
}

impl Decryptor {
    pub(crate) fn new(suite: Suite, chunk_size: ChunkSize) -> Self {
        Self { suite, chunk_size, index: 0, bytes: 0 }
    }

    /// How many bytes each sealed chunk but the last has.
    pub fn sealed_chunk_bytes(&self) -> usize {
        self.chunk_size.bytes() + TAG_BYTES
    }

    /// Opens a chunk after which at least one byte follows, and appends its plaintext to `out`.
    ///
    /// On an error `out` is as it was.
    pub fn open_chunk(&mut self, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), OpenError> {
        let (index, wanted) = (self.index, self.sealed_chunk_bytes());
        if sealed.len() != wanted {
            return Err(OpenError::ChunkLength { index, wanted, actual: sealed.len() });
        }
        self.open(Place { index, last: false }, sealed, out)?;
        self.index = index.saturating_add(1);
        self.count(sealed);
        Ok(())
    }

    /// Opens the chunk after which nothing follows, and appends its plaintext to `out`.
    ///
    /// On an error `out` is as it was.
    pub fn open_last(mut self, sealed: &[u8], out: &mut Vec<u8>) -> Result<Complete, OpenError> {
        let (index, max) = (self.index, self.sealed_chunk_bytes());
        let min = TAG_BYTES + usize::from(index > 0);
        if sealed.len() < min || sealed.len() > max {
            return Err(OpenError::LastChunkLength { index, max, actual: sealed.len() });
        }
        self.open(Place { index, last: true }, sealed, out)?;
        self.count(sealed);
        Ok(Complete { bytes: self.bytes })
    }

    fn open(&self, place: Place, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), OpenError> {
        if place.index >= CHUNKS_MAX - u64::from(!place.last) {
            return Err(OpenError::TooManyChunks);
        }
        self.suite.open(place, sealed, out).map_err(|_| OpenError::ChunkNotAuthentic { index: place.index })
    }

    fn count(&mut self, sealed: &[u8]) {
        // Safe: at most 2³² chunks of at most 16 MiB are 2⁵⁶ bytes.
        let plaintext = u64::try_from(sealed.len().saturating_sub(TAG_BYTES)).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(plaintext);
    }

    /// A decryptor that already opened this many chunks.
    #[cfg(test)]
    pub(crate) fn at(mut self, index: u64) -> Self {
        self.index = index;
        self
    }
}
