//! One expectation from the command line: `KEY=VALUE`.

use crate::error::ValueError;
use crate::key::{Form, Key};
use crate::value::Value;

/// The text is not `KEY=VALUE` with a known key and a value of its form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpectationError {
    /// There is no `=`.
    #[error("an expectation is KEY=VALUE, such as launch-digest=HEX")]
    NoEquals,
    /// The key means nothing.
    #[error("unknown key {key:?}; known: {}", Key::ALL.map(Key::as_str).join(", "))]
    UnknownKey {
        /// What was given.
        key: String,
    },
    /// The value has another form than the key's.
    #[error("{key} wants {wanted}")]
    Value {
        /// The key.
        key: Key,
        /// The form that it wants.
        wanted: Form,
        /// What is wrong.
        source: ValueError,
    },
}

/// Reads `KEY=VALUE`: hexadecimal for bytes, decimal for numbers.
///
/// Whether the key means anything for the evidence at hand is for the caller to ask: [`Key::form_in`].
///
/// ```
/// use reference_values::{Key, Value, parse_expectation};
/// assert_eq!(parse_expectation("isv-prod-id=7"), Ok((Key::IsvProdId, Value::Number(7))));
/// ```
pub fn parse_expectation(text: &str) -> Result<(Key, Value), ExpectationError> {
    let (key, value) = text.split_once('=').ok_or(ExpectationError::NoEquals)?;
    let key: Key = key
        .parse()
        .map_err(|_| ExpectationError::UnknownKey { key: key.chars().take(KEY_CHARS_SHOWN).collect() })?;
    let wanted = key.form();
    let value =
        Value::parse(value, wanted).map_err(|source| ExpectationError::Value { key, wanted, source })?;
    Ok((key, value))
}

/// An unknown key is repeated so far and no further.
const KEY_CHARS_SHOWN: usize = 64;

#[cfg(test)]
mod tests;
