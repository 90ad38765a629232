//! Reading fixed formats back into records, so that real evidence can be taken apart and written again.

use crate::error::MintError;

/// A forward-only cursor over the bytes of one structure.
#[derive(Debug)]
pub(crate) struct Bytes<'a> {
    structure: &'static str,
    all: &'a [u8],
    offset: usize,
}

impl<'a> Bytes<'a> {
    pub(crate) const fn new(structure: &'static str, all: &'a [u8]) -> Self {
        Self { structure, all, offset: 0 }
    }

    /// How many bytes have been read.
    pub(crate) const fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], MintError> {
        let rest = self.all.get(self.offset..).unwrap_or_default();
        let found = rest.first_chunk::<N>().copied().ok_or_else(|| self.wrong())?;
        self.offset = self.offset.saturating_add(N);
        Ok(found)
    }

    /// Passes over `N` bytes that the record does not keep because they are zero.
    pub(crate) fn zeros<const N: usize>(&mut self) -> Result<(), MintError> {
        if self.array::<N>()? == [0; N] { Ok(()) } else { Err(self.wrong()) }
    }

    pub(crate) fn u8(&mut self) -> Result<u8, MintError> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, MintError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, MintError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, MintError> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn wrong(&self) -> MintError {
        MintError::Form { structure: self.structure, offset: self.offset }
    }
}
