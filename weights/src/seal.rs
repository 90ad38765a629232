//! Sealing, one chunk at a time.

use rand_core::CryptoRng;

use crate::error::SealError;
use crate::header::{ChunkSize, encode_untagged};
use crate::key::Key;
use crate::suite::{CHUNKS_MAX, Place, SALT_BYTES, Suite};

/// Seals the chunks of one artefact in order.
pub struct Encryptor {
    suite: Suite,
    chunk_size: ChunkSize,
    index: u64,
}

impl Encryptor {
    /// Begins an artefact: the header, which is written first, and the sealer of its chunks.
    ///
    /// `key_id` tells whoever opens it which key to ask for, such as `kbs:///repo/type/tag`; it is public.
    pub fn new(
        chunk_size: ChunkSize,
        key_id: &[u8],
        key: &Key,
        rng: &mut impl CryptoRng,
    ) -> Result<(Vec<u8>, Self), SealError> {
        let mut salt = [0; SALT_BYTES];
        rng.fill_bytes(&mut salt);
        let mut header = encode_untagged(chunk_size, key_id, &salt)?;
        let suite = Suite::of(key, &salt, &header);
        header.extend_from_slice(suite.header_tag());
        Ok((header, Self { suite, chunk_size, index: 0 }))
    }

    /// How many bytes of plaintext each chunk but the last has.
    pub fn chunk_size(&self) -> ChunkSize {
        self.chunk_size
    }

    /// Seals a chunk that is not the last, exactly one chunk size long, and appends it to `out`.
    pub fn seal_chunk(&mut self, plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        let (index, wanted) = (self.index, self.chunk_size.bytes());
        if plaintext.len() != wanted {
            return Err(SealError::ChunkLength { index, wanted, actual: plaintext.len() });
        }
        self.seal(Place { index, last: false }, plaintext, out)?;
        self.index = index.saturating_add(1);
        Ok(())
    }

    /// Seals the last chunk and appends it to `out`: at most one chunk size long, empty only if the artefact is.
    pub fn seal_last(self, plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        let (index, max) = (self.index, self.chunk_size.bytes());
        if plaintext.len() > max || (plaintext.is_empty() && index > 0) {
            return Err(SealError::LastChunkLength { index, max, actual: plaintext.len() });
        }
        self.seal(Place { index, last: true }, plaintext, out)
    }

    fn seal(&self, place: Place, plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        // The last place is for a last chunk alone, so that every artefact that is begun can be ended.
        if place.index >= CHUNKS_MAX - u64::from(!place.last) {
            return Err(SealError::TooManyChunks);
        }
        self.suite.seal(place, plaintext, out).map_err(|_| SealError::Cipher { index: place.index })
    }

    /// An encryptor that already sealed this many chunks.
    #[cfg(test)]
    pub(crate) fn at(mut self, index: u64) -> Self {
        self.index = index;
        self
    }
}
