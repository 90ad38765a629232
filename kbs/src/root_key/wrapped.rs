//! The form in which the store keeps a wrapped key.

use super::{ID_BYTES, RootKeyError, WRAPPED_BYTES};

/// A wrapped key, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrapped<'a> {
    /// The id of the root key.
    pub(super) id: &'a str,
    /// What that key's keeper made.
    pub(super) body: &'a [u8],
}

impl<'a> Wrapped<'a> {
    pub(super) fn encode(&self) -> Result<Vec<u8>, RootKeyError> {
        check_id(self.id)?;
        let length = u16::try_from(self.id.len()).map_err(|_| malformed("the id's length"))?;
        let wrapped = [&[FORMAT], length.to_be_bytes().as_slice(), self.id.as_bytes(), self.body].concat();
        super::in_range("a wrapped key", &wrapped, 1, WRAPPED_BYTES)?;
        Ok(wrapped)
    }

    pub(super) fn decode(wrapped: &'a [u8]) -> Result<Self, RootKeyError> {
        super::in_range("a wrapped key", wrapped, 1, WRAPPED_BYTES)?;
        let (format, rest) = wrapped.split_first().ok_or_else(|| malformed("the format"))?;
        if *format != FORMAT {
            return Err(RootKeyError::Format { expected: FORMAT, actual: *format });
        }
        let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(|| malformed("the id's length"))?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (id, body) = rest.split_at_checked(length).ok_or_else(|| malformed("the id"))?;
        let id = std::str::from_utf8(id).map_err(|_| malformed("the id"))?;
        check_id(id)?;
        Ok(Self { id, body })
    }
}

/// An id is shown in messages: it is printable, and short.
fn check_id(id: &str) -> Result<(), RootKeyError> {
    let fits = (1..=ID_BYTES).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(()) } else { Err(malformed("the id")) }
}

const fn malformed(part: &'static str) -> RootKeyError {
    RootKeyError::Malformed { part }
}

const FORMAT: u8 = 1;
