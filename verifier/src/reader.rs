//! The only code that walks untrusted bytes of fixed formats.

/// A forward-only cursor over borrowed bytes; every read is checked, nothing is copied but fixed-size fields.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    structure: &'static str,
    rest: &'a [u8],
    offset: usize,
}

/// The bytes do not have the form of the structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The bytes end inside a field.
    #[error("{structure}: {wanted} bytes wanted at offset {offset}, {left} left")]
    Truncated {
        /// The structure that was read.
        structure: &'static str,
        /// Where the field starts, in bytes from the start of the structure.
        offset: usize,
        /// The field's size in bytes.
        wanted: usize,
        /// How many bytes were left.
        left: usize,
    },
    /// Bytes follow the end of the structure.
    #[error("{structure}: {count} bytes after its end at offset {offset}")]
    Trailing {
        /// The structure that was read.
        structure: &'static str,
        /// Where the structure ended.
        offset: usize,
        /// How many bytes follow.
        count: usize,
    },
    /// A reserved range holds something else than zeros.
    #[error("{structure}: reserved bytes {offset:#x}..{end:#x} are not zero")]
    Reserved {
        /// The structure that was read.
        structure: &'static str,
        /// Start of the range, in bytes from the start of the structure.
        offset: usize,
        /// End of the range, exclusive.
        end: usize,
    },
}

impl<'a> Reader<'a> {
    /// Starts to read `structure` (its name appears in errors) from `bytes`.
    pub const fn new(structure: &'static str, bytes: &'a [u8]) -> Self {
        Self { structure, rest: bytes, offset: 0 }
    }

    /// Bytes read so far.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Bytes not read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], ReadError> {
        let Some((head, rest)) = self.rest.split_at_checked(count) else {
            return Err(self.truncated(count));
        };
        self.advance(count, rest);
        Ok(head)
    }

    /// The next `N` bytes by reference.
    pub fn array_ref<const N: usize>(&mut self) -> Result<&'a [u8; N], ReadError> {
        let Some((head, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.truncated(N));
        };
        self.advance(N, rest);
        Ok(head)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        self.array_ref::<N>().copied()
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, ReadError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A 16-bit little-endian number.
    pub fn u16_le(&mut self) -> Result<u16, ReadError> {
        self.array().map(u16::from_le_bytes)
    }

    /// A 32-bit little-endian number.
    pub fn u32_le(&mut self) -> Result<u32, ReadError> {
        self.array().map(u32::from_le_bytes)
    }

    /// A 64-bit little-endian number.
    pub fn u64_le(&mut self) -> Result<u64, ReadError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Passes over `count` reserved bytes, all of which must be zero.
    pub fn reserved(&mut self, count: usize) -> Result<(), ReadError> {
        let start = self.offset;
        let bytes = self.take(count)?;
        if bytes.iter().fold(0, |seen, byte| seen | byte) == 0 {
            return Ok(());
        }
        Err(ReadError::Reserved { structure: self.structure, offset: start, end: self.offset })
    }

    /// Ends the structure: nothing may follow.
    pub fn finish(self) -> Result<(), ReadError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(ReadError::Trailing { structure: self.structure, offset: self.offset, count: self.rest.len() })
    }

    fn advance(&mut self, count: usize, rest: &'a [u8]) {
        self.rest = rest;
        self.offset = self.offset.saturating_add(count);
    }

    const fn truncated(&self, wanted: usize) -> ReadError {
        ReadError::Truncated { structure: self.structure, offset: self.offset, wanted, left: self.rest.len() }
    }
}

#[cfg(test)]
mod tests;
