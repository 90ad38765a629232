//! Words out of bytes: strict, whole or not at all.

use crate::reader::Reader;

/// UTF-16, little-endian, without a terminator.
pub(super) fn utf16(bytes: &[u8]) -> Option<String> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    char::decode_utf16(pairs.iter().map(|pair| u16::from_le_bytes(*pair))).collect::<Result<_, _>>().ok()
}

/// UTF-16, little-endian, that ends with its one terminator.
pub(super) fn utf16_terminated(bytes: &[u8]) -> Option<String> {
    let text = utf16(bytes.strip_suffix(&[0, 0])?)?;
    (!text.contains('\0')).then_some(text)
}

/// The UTF-16 string at the reader, up to its terminator, which is passed over.
pub(super) fn read_utf16_terminated(reader: &mut Reader<'_>) -> Option<String> {
    let (pairs, _) = reader.rest().as_chunks::<2>();
    let length = pairs.iter().position(|pair| *pair == [0, 0])?.checked_mul(2)?;
    let text = utf16(reader.take(length).ok()?)?;
    reader.take(2).ok()?;
    Some(text)
}

/// UTF-8 without control characters, perhaps with one terminator.
pub(super) fn printable(bytes: &[u8]) -> Option<&str> {
    let text = core::str::from_utf8(bytes.strip_suffix(&[0]).unwrap_or(bytes)).ok()?;
    (!text.is_empty() && !text.contains(char::is_control)).then_some(text)
}

/// A GUID as text: the first three fields little-endian (UEFI 2.10, appendix A).
pub(super) fn guid(bytes: [u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, rest @ ..] = bytes;
    let first = u32::from_le_bytes([a, b, c, d]);
    let (second, third) = (u16::from_le_bytes([e, f]), u16::from_le_bytes([g, h]));
    let [clock_high, clock_low, node @ ..] = rest;
    format!("{first:08x}-{second:04x}-{third:04x}-{clock_high:02x}{clock_low:02x}-{}", hex::encode(node))
}
