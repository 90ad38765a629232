//! The header: what an artefact says about itself before anything is opened.

use crate::error::{HeaderError, OpenError};
use crate::key::Key;
use crate::open::Decryptor;
use crate::suite::{HEADER_TAG_BYTES, SALT_BYTES, Suite};

/// How many bytes of plaintext a full chunk has: a power of two from [`ChunkSize::MIN`] to [`ChunkSize::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkSize(u32);

impl ChunkSize {
    /// 4 KiB: a page; below it the tags weigh too much.
    pub const MIN: u32 = 1 << 12;
    /// 16 MiB: what a reader has to hold before it may use the first byte.
    pub const MAX: u32 = 1 << 24;
    /// 1 MiB: one read of common object stores, and 16 bytes of tag in a million.
    pub const DEFAULT: Self = Self(1 << 20);

    /// A chunk size in bytes.
    pub const fn new(bytes: u32) -> Result<Self, HeaderError> {
        if bytes < Self::MIN || bytes > Self::MAX || !bytes.is_power_of_two() {
            return Err(HeaderError::ChunkSize { actual: bytes });
        }
        Ok(Self(bytes))
    }

    /// The size in bytes.
    pub const fn bytes(self) -> usize {
        // Safe: at most 16 MiB, and usize has at least 32 bits wherever this crate can be used.
        self.0 as usize
    }
}

/// A header that was read, and is not yet known to be authentic: it may only be used to find the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    chunk_size: ChunkSize,
    /// Everything before the tag, as it stands in the artefact.
    untagged: Vec<u8>,
    tag: [u8; HEADER_TAG_BYTES],
}

impl Header {
    /// No header is longer than this.
    pub const MAX_BYTES: usize = FIXED_BYTES + KEY_ID_BYTES_MAX + HEADER_TAG_BYTES;

    /// Reads the header at the start of an artefact; the second part is what follows it.
    ///
    /// The bytes may be the whole artefact or any beginning of it that holds the header: [`Header::MAX_BYTES`] always do.
    pub fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), HeaderError> {
        let truncated = |wanted| HeaderError::Truncated { wanted, actual: bytes.len() };
        let shortest = FIXED_BYTES + HEADER_TAG_BYTES;
        let (magic, rest) = bytes.split_first_chunk().ok_or(truncated(shortest))?;
        if magic != MAGIC {
            return Err(HeaderError::Magic { actual: *magic });
        }
        let (version, rest) = rest.split_first_chunk().ok_or(truncated(shortest))?;
        match u16::from_le_bytes(*version) {
            VERSION => {}
            actual => return Err(HeaderError::Version { wanted: VERSION, actual }),
        }
        let (algorithm, rest) = rest.split_first_chunk().ok_or(truncated(shortest))?;
        match u16::from_le_bytes(*algorithm) {
            ALGORITHM => {}
            actual => return Err(HeaderError::Algorithm { wanted: ALGORITHM, actual }),
        }
        let (chunk_size, rest) = rest.split_first_chunk().ok_or(truncated(shortest))?;
        let chunk_size = ChunkSize::new(u32::from_le_bytes(*chunk_size))?;
        let (_salt, rest) = rest.split_first_chunk::<SALT_BYTES>().ok_or(truncated(shortest))?;
        let (length, _) = rest.split_first_chunk().ok_or(truncated(shortest))?;
        let length = usize::from(u16::from_le_bytes(*length));
        if length > KEY_ID_BYTES_MAX {
            return Err(HeaderError::KeyIdTooLong { actual: length });
        }
        let wanted = FIXED_BYTES + length + HEADER_TAG_BYTES;
        let (untagged, rest) = bytes.split_at_checked(FIXED_BYTES + length).ok_or(truncated(wanted))?;
        let (tag, rest) = rest.split_first_chunk().ok_or(truncated(wanted))?;
        Ok((Self { chunk_size, untagged: untagged.to_vec(), tag: *tag }, rest))
    }

    /// Which key opens the artefact, as whoever sealed it wrote it down: a hint until the header is authentic.
    pub fn key_id(&self) -> &[u8] {
        self.untagged.get(FIXED_BYTES..).unwrap_or_default()
    }

    /// How many bytes of plaintext a full chunk has.
    pub fn chunk_size(&self) -> ChunkSize {
        self.chunk_size
    }

    /// How many bytes the header takes at the start of the artefact.
    pub fn encoded_bytes(&self) -> usize {
        self.untagged.len() + HEADER_TAG_BYTES
    }

    /// Checks the header tag with the key; what comes out opens the chunks.
    pub fn decryptor(self, key: &Key) -> Result<Decryptor, OpenError> {
        let suite = Suite::of(key, self.salt(), &self.untagged);
        if !suite.is_header_tag(&self.tag) {
            return Err(OpenError::HeaderNotAuthentic);
        }
        Ok(Decryptor::new(suite, self.chunk_size))
    }

    fn salt(&self) -> &[u8] {
        self.untagged.get(SALT_OFFSET..SALT_OFFSET + SALT_BYTES).unwrap_or_default()
    }
}

/// A header without its tag, and its salt's place is [`SALT_OFFSET`].
pub(crate) fn encode_untagged(
    chunk_size: ChunkSize,
    key_id: &[u8],
    salt: &[u8; SALT_BYTES],
) -> Result<Vec<u8>, HeaderError> {
    let too_long = HeaderError::KeyIdTooLong { actual: key_id.len() };
    let length = u16::try_from(key_id.len()).map_err(|_| too_long)?;
    if key_id.len() > KEY_ID_BYTES_MAX {
        return Err(too_long);
    }
    let mut bytes = Vec::with_capacity(FIXED_BYTES + key_id.len() + HEADER_TAG_BYTES);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&ALGORITHM.to_le_bytes());
    bytes.extend_from_slice(&chunk_size.0.to_le_bytes());
    bytes.extend_from_slice(salt);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(key_id);
    Ok(bytes)
}

/// Length of the key id in bytes: longer than any `kbs:///repo/type/tag` within the protocol's limits.
pub const KEY_ID_BYTES_MAX: usize = 1024;

const MAGIC: &[u8; 8] = b"VOUCHWTS";
const VERSION: u16 = 1;
/// AES-256-GCM in the STREAM construction under an HKDF-SHA-256 key.
const ALGORITHM: u16 = 1;
const SALT_OFFSET: usize = 16;
/// Everything before the key id.
const FIXED_BYTES: usize = SALT_OFFSET + SALT_BYTES + 2;

#[cfg(test)]
mod tests;
