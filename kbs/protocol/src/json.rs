//! Reading JSON from the other side: bounded, without a member twice, with the received text kept where it is hashed.

use core::cell::Cell;
use core::fmt;
use std::collections::BTreeSet;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// Reads one JSON document of at most `limit` bytes; `what` names the message in errors.
///
/// Members that `T` does not know are passed over. An object that holds one member twice is refused at any depth,
/// known or not: two readers would see two documents (threats.md 3.5).
pub fn from_slice<T: DeserializeOwned>(
    what: &'static str,
    bytes: &[u8],
    limit: usize,
) -> Result<T, JsonError> {
    if bytes.len() > limit {
        return Err(JsonError::TooLarge { what, limit, actual: bytes.len() });
    }
    check_members(what, bytes)?;
    serde_json::from_slice(bytes).map_err(|error| JsonError::malformed(what, &error))
}

/// Why a message is not the JSON that was wanted; never repeats what was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// The message is larger than its limit.
    #[error("{what}: {actual} bytes, at most {limit} are taken")]
    TooLarge {
        /// Which message.
        what: &'static str,
        /// The limit in bytes.
        limit: usize,
        /// The size in bytes.
        actual: usize,
    },
    /// Not JSON, or not of the form of this message.
    #[error("{what}: {reason} at line {line}, column {column}")]
    Malformed {
        /// Which message.
        what: &'static str,
        /// What kind of fault.
        reason: JsonFault,
        /// Line, from 1; 0 where there is no position.
        line: usize,
        /// Column, from 1; 0 where there is no position.
        column: usize,
    },
    /// One object holds a member twice.
    #[error("{what}: a member stands twice in one object, at line {line}, column {column}")]
    DuplicateMember {
        /// Which message.
        what: &'static str,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
}

/// The kinds of fault in a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonFault {
    /// Not JSON.
    Syntax,
    /// JSON, but a member is absent or of another type.
    Form,
    /// The text ends too early.
    End,
}

impl JsonError {
    fn malformed(what: &'static str, error: &serde_json::Error) -> Self {
        let reason = match error.classify() {
            serde_json::error::Category::Data => JsonFault::Form,
            serde_json::error::Category::Eof => JsonFault::End,
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => JsonFault::Syntax,
        };
        Self::Malformed { what, reason, line: error.line(), column: error.column() }
    }
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "not JSON",
            Self::Form => "a member is missing or of the wrong type",
            Self::End => "the text ends too early",
        })
    }
}

/// A JSON value as it was received, byte for byte.
///
/// Equality is that of the text: `{"a":1}` and `{ "a": 1 }` differ.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// Takes one JSON value of any kind; the text is kept without the blanks around it.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        from_slice("JSON value", text.as_bytes(), crate::limits::ATTESTATION_BYTES)
    }

    /// The text.
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// Writes `value` as serde_json does: compact, members in the order of the type.
    pub fn of<T: Serialize>(value: &T) -> Result<Self, JsonError> {
        serde_json::value::to_raw_value(value)
            .map(Self)
            .map_err(|error| JsonError::malformed("JSON value", &error))
    }

    /// Reads the text as a `T`; the same rules as [`from_slice`].
    pub fn read<T: DeserializeOwned>(&self, what: &'static str, limit: usize) -> Result<T, JsonError> {
        from_slice(what, self.get().as_bytes(), limit)
    }

    /// The value as a tree.
    pub(crate) fn tree(&self, what: &'static str, limit: usize) -> Result<Value, JsonError> {
        self.read(what, limit)
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for RawJson {}

/// Walks the whole text once and refuses a member that stands twice in its object.
fn check_members(what: &'static str, bytes: &[u8]) -> Result<(), JsonError> {
    let twice = Cell::new(false);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let walked = Unique(&twice).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    walked.map_err(|error| {
        if twice.get() {
            return JsonError::DuplicateMember { what, line: error.line(), column: error.column() };
        }
        JsonError::malformed(what, &error)
    })
}

/// Visits a value and sets the flag at the first member that stands twice.
#[derive(Clone, Copy)]
struct Unique<'a>(&'a Cell<bool>);

impl<'de> DeserializeSeed<'de> for Unique<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name) {
                self.0.set(true);
                return Err(A::Error::custom("duplicate member"));
            }
            members.next_value_seed(self)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
