//! A writer of DER that writes whatever it is asked to, so that a test can also write what is wrong.
//!
//! X.690; only definite lengths in their shortest form are written.

use der::oid::ObjectIdentifier;
use time::{OffsetDateTime, UtcDateTime};

use crate::error::MintError;

/// One element: tag, length, content.
pub fn tlv(tag: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let length = content.len().to_be_bytes();
    let significant: Vec<u8> = length.iter().copied().skip_while(|byte| *byte == 0).collect();
    let mut element = vec![tag];
    match significant.as_slice() {
        [] => element.push(0),
        [short] if *short < 0x80 => element.push(*short),
        long => {
            // Safe: a usize has at most eight bytes, so the count fits in the seven bits beside 0x80.
            element.push(0x80 | u8::try_from(long.len()).unwrap_or(0x7f));
            element.extend_from_slice(long);
        }
    }
    element.extend_from_slice(content);
    element
}

/// A SEQUENCE of elements that are already written.
pub fn sequence<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    tlv(0x30, concat(parts))
}

/// A SET of elements in the given order.
pub fn set<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    tlv(0x31, concat(parts))
}

/// A non-negative INTEGER from its big-endian magnitude, written in the shortest form.
pub fn integer(magnitude: &[u8]) -> Vec<u8> {
    let mut content: Vec<u8> = magnitude.iter().copied().skip_while(|byte| *byte == 0).collect();
    if content.first().is_none_or(|byte| *byte >= 0x80) {
        content.insert(0, 0);
    }
    tlv(0x02, content)
}

/// An OBJECT IDENTIFIER.
pub fn oid(id: &ObjectIdentifier) -> Vec<u8> {
    tlv(0x06, id.as_bytes())
}

/// NULL.
pub fn null() -> Vec<u8> {
    tlv(0x05, [])
}

/// A BOOLEAN.
pub fn boolean(value: bool) -> Vec<u8> {
    tlv(0x01, [if value { 0xff } else { 0x00 }])
}

/// An ENUMERATED of one byte.
pub fn enumerated(value: u8) -> Vec<u8> {
    tlv(0x0a, [value])
}

/// An OCTET STRING.
pub fn octet_string(content: impl AsRef<[u8]>) -> Vec<u8> {
    tlv(0x04, content)
}

/// A BIT STRING of whole bytes.
pub fn bit_string(content: &[u8]) -> Vec<u8> {
    tlv(0x03, [&[0], content].concat())
}

/// A context-specific constructed element `[number]`.
pub fn explicit(number: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    tlv(0xa0 | (number & 0x1f), content)
}

/// A UTCTime for the years 1950 to 2049 and a GeneralizedTime for the others (RFC 5280 section 4.1.2.5).
pub fn time(seconds: i64) -> Result<Vec<u8>, MintError> {
    let at = instant(seconds)?;
    let (month, day) = (u8::from(at.month()), at.day());
    let rest = format!("{month:02}{day:02}{:02}{:02}{:02}Z", at.hour(), at.minute(), at.second());
    Ok(match at.year() {
        year @ 1950..2050 => tlv(0x17, format!("{:02}{rest}", year % 100)),
        year => tlv(0x18, format!("{year:04}{rest}")),
    })
}

/// The instant as Intel's collateral writes it, such as `2026-03-01T00:00:00Z`.
pub fn rfc3339(seconds: i64) -> Result<String, MintError> {
    let at = instant(seconds)?;
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    Ok(format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", at.hour(), at.minute(), at.second()))
}

fn instant(seconds: i64) -> Result<UtcDateTime, MintError> {
    let at = OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| MintError::Instant { seconds })?;
    if (0..10_000).contains(&at.year()) { Ok(at.to_utc()) } else { Err(MintError::Instant { seconds }) }
}

fn concat<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    let mut content = Vec::new();
    for part in parts {
        content.extend_from_slice(part.as_ref());
    }
    content
}

#[cfg(test)]
mod tests;
