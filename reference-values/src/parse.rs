//! Reference values from TOML text.

use serde::Deserialize;

use crate::error::{EntryError, ReferenceError, ValueError};
use crate::key::{Form, Key};
use crate::set::{Reference, ReferenceValues, VALUES_MAX, known_tee};
use crate::value::Value;

impl ReferenceValues {
    /// Reads a file of `[[reference]]` entries; the form is in the documentation of the crate.
    pub fn parse_toml(text: &str) -> Result<Self, ReferenceError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(ReferenceError::TooLong { max: TEXT_BYTES_MAX, actual: text.len() });
        }
        let file: File = toml::from_str(text).map_err(|error| ReferenceError::Toml(Box::new(error)))?;
        if file.reference.is_empty() {
            return Err(ReferenceError::NoEntries);
        }
        if file.reference.len() > ENTRIES_MAX {
            return Err(ReferenceError::TooManyEntries { max: ENTRIES_MAX, actual: file.reference.len() });
        }
        let entries = (1..).zip(&file.reference).map(|(index, table)| {
            entry(table).map_err(|error| ReferenceError::Entry { index, name: name_of(table), error })
        });
        Self::new(entries.collect::<Result<_, _>>()?)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    reference: Vec<toml::Table>,
}

fn entry(table: &toml::Table) -> Result<Reference, EntryError> {
    let tee = known_tee(text_of(table, "tee")?)?;
    let name = text_of(table, "name")?;
    let mut wanted = Vec::new();
    for (field, value) in table.iter().filter(|(field, _)| !matches!(field.as_str(), "tee" | "name")) {
        let key: Key = field.parse().map_err(|_| EntryError::UnknownKey { key: shown(field), tee })?;
        let form =
            key.form_in(tee).ok_or_else(|| EntryError::KeyOfAnotherTee { key, tee: tee.to_owned() })?;
        wanted.push((key, alternatives(key, form, value)?));
    }
    Reference::new(tee, name, wanted)
}

fn alternatives(key: Key, form: Form, value: &toml::Value) -> Result<Vec<Value>, EntryError> {
    let list = value.as_array().ok_or(EntryError::NotAList { key })?;
    if list.len() > VALUES_MAX {
        return Err(EntryError::TooManyValues { key, max: VALUES_MAX, actual: list.len() });
    }
    let values = (1..).zip(list).map(|(index, item)| {
        alternative(form, item).map_err(|error| EntryError::Value { key, index, error })
    });
    values.collect()
}

fn alternative(form: Form, item: &toml::Value) -> Result<Value, ValueError> {
    match form {
        Form::Bytes(_) => Value::parse(item.as_str().ok_or(ValueError::NotText)?, form),
        Form::Number(max) => {
            let number = item.as_integer().ok_or(ValueError::NotANumber)?;
            Value::number(u64::try_from(number).map_err(|_| ValueError::NotANumber)?, max)
        }
    }
}

fn text_of<'a>(table: &'a toml::Table, field: &'static str) -> Result<&'a str, EntryError> {
    table.get(field).ok_or(EntryError::Missing(field))?.as_str().ok_or(EntryError::NotText(field))
}

/// For the message alone: an entry whose name is missing or wrong has an error of its own.
fn name_of(table: &toml::Table) -> String {
    table.get("name").and_then(toml::Value::as_str).map(shown).unwrap_or_default()
}

/// What a message repeats of the file.
fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}

/// Length of the text in bytes: [`ENTRIES_MAX`] entries of some keys each.
pub const TEXT_BYTES_MAX: usize = 4 << 20;

/// Entries of one file: a verdict lists them all when none matches.
pub const ENTRIES_MAX: usize = 4096;

#[cfg(test)]
mod tests;
