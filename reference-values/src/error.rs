//! What can be wrong with a reference file.

use crate::key::{Form, Key, TEES};

/// The text is not a set of reference values.
///
/// Each of these says all of it in one line, the cause included: whoever prints only this one would otherwise hide the
/// typo that the reader looks for. The causes are fields, and not `source()`, so that no chain says them twice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// The text is longer than [`crate::TEXT_BYTES_MAX`].
    #[error("reference values: {actual} bytes, at most {max} are read")]
    TooLong {
        /// The limit in bytes.
        max: usize,
        /// The length in bytes.
        actual: usize,
    },
    /// The text is not TOML, or has something else than `[[reference]]` entries at its top.
    #[error("reference values: not a TOML file of [[reference]] entries: {0}")]
    Toml(Box<toml::de::Error>),
    /// There is no entry: a file that was meant to say something says nothing.
    #[error("reference values: no [[reference]] entry")]
    NoEntries,
    /// More entries than [`crate::ENTRIES_MAX`].
    #[error("reference values: {actual} entries, at most {max} are read")]
    TooManyEntries {
        /// The limit.
        max: usize,
        /// How many there are.
        actual: usize,
    },
    /// Two entries of one TEE have one name, so that a decision could not say which one matched.
    #[error("reference values: two entries for {tee} are called {name:?}")]
    DuplicateName {
        /// The TEE.
        tee: String,
        /// The name.
        name: String,
    },
    /// One entry is wrong.
    #[error("reference values: entry {index} ({name:?}): {error}")]
    Entry {
        /// Its place in the file, from 1.
        index: usize,
        /// Its name as far as it is known, otherwise empty.
        name: String,
        /// What is wrong.
        error: EntryError,
    },
}

/// An entry says something that cannot be a reference value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// `tee` or `name` is not there.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// `tee` or `name` is not text.
    #[error("`{0}` is not text")]
    NotText(&'static str),
    /// No reference values are known for this TEE.
    #[error("unknown tee {actual:?}; known: {}", TEES.join(", "))]
    UnknownTee {
        /// What the entry has.
        actual: String,
    },
    /// The name is empty, longer than [`crate::NAME_BYTES_MAX`], or has control characters.
    #[error("a name has 1 to {max} bytes and no control characters")]
    BadName {
        /// The limit in bytes.
        max: usize,
    },
    /// The key means nothing at all.
    #[error("unknown key {key:?}; keys of {tee}: {}", keys_of(tee))]
    UnknownKey {
        /// What the entry has.
        key: String,
        /// The entry's TEE.
        tee: &'static str,
    },
    /// The key is another TEE's, or can only be an expectation of one run.
    #[error("{key} is no reference value of {tee}; keys of {tee}: {}", keys_of(tee))]
    KeyOfAnotherTee {
        /// The key.
        key: Key,
        /// The entry's TEE.
        tee: String,
    },
    /// The entry names no key, so that it would match every machine.
    #[error("the entry names no key and would match everything")]
    NoKeys,
    /// The same key stands twice.
    #[error("{key} is given twice")]
    DuplicateKey {
        /// The key.
        key: Key,
    },
    /// The alternatives are not a list.
    #[error("{key}: the values are a list, such as [\"…\"]")]
    NotAList {
        /// The key.
        key: Key,
    },
    /// The list of alternatives is empty, so that nothing could match it.
    #[error("{key}: the list is empty")]
    NoValues {
        /// The key.
        key: Key,
    },
    /// More alternatives than [`crate::VALUES_MAX`].
    #[error("{key}: {actual} values, at most {max} are read")]
    TooManyValues {
        /// The key.
        key: Key,
        /// The limit.
        max: usize,
        /// How many there are.
        actual: usize,
    },
    /// One alternative stands twice.
    #[error("{key}: value {index} is given twice")]
    DuplicateValue {
        /// The key.
        key: Key,
        /// The place of the second one in the list, from 1.
        index: usize,
    },
    /// One alternative has the wrong form.
    #[error("{key}: value {index}: {error}")]
    Value {
        /// The key.
        key: Key,
        /// Its place in the list, from 1.
        index: usize,
        /// What is wrong.
        error: ValueError,
    },
}

/// A value does not have the form of its key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Not as many hexadecimal digits as the field has.
    #[error("{digits} characters, wanted {}", Form::Bytes(wanted))]
    Length {
        /// The possible lengths in bytes.
        wanted: &'static [usize],
        /// How many characters were given.
        digits: usize,
    },
    /// Some character is not a hexadecimal digit.
    #[error("not hexadecimal")]
    NotHex,
    /// Hexadecimal text was wanted.
    #[error("not text")]
    NotText,
    /// A number was wanted.
    #[error("not a number without sign")]
    NotANumber,
    /// The field is too small for this number.
    #[error("{actual} is larger than {max}")]
    TooLarge {
        /// The largest number of the field.
        max: u64,
        /// What was given.
        actual: u64,
    },
    /// Bytes where a number belongs, a number where bytes belong, or bytes of another length.
    #[error("not a value of this key's form")]
    Form,
}

/// What an entry of this TEE may name.
fn keys_of(tee: &str) -> String {
    let keys: Vec<_> =
        Key::ALL.into_iter().filter(|key| key.form_in(tee).is_some()).map(Key::as_str).collect();
    keys.join(", ")
}
