//! Reference values as a checked set, and the rule by which evidence matches them.

use std::collections::BTreeSet;

use crate::error::{EntryError, ReferenceError, ValueError};
use crate::key::{Key, TEES};
use crate::value::Value;

/// Alternatives: a machine is known when one entry of its TEE matches.
///
/// The default is the empty set, which knows nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReferenceValues {
    entries: Vec<Reference>,
}

/// One machine that the operator knows: every key must fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    tee: &'static str,
    name: String,
    /// In the order of [`Key`], each key once, at least one; values in the order given, at least one.
    wanted: Vec<(Key, Vec<Value>)>,
}

/// A key in which the evidence differs from an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch<'a> {
    /// The key.
    pub key: Key,
    /// The alternatives of the entry.
    pub wanted: &'a [Value],
    /// What the evidence has; nothing when it has no such field.
    pub actual: Option<Value>,
}

impl ReferenceValues {
    /// A set of entries; the names within one TEE must differ.
    pub fn new(entries: Vec<Reference>) -> Result<Self, ReferenceError> {
        let mut seen = BTreeSet::new();
        for entry in &entries {
            if !seen.insert((entry.tee, entry.name.as_str())) {
                return Err(ReferenceError::DuplicateName {
                    tee: entry.tee.to_owned(),
                    name: entry.name.clone(),
                });
            }
        }
        Ok(Self { entries })
    }

    /// The entries in the order of the file.
    pub fn entries(&self) -> &[Reference] {
        &self.entries
    }

    /// The entries for one TEE.
    pub fn of<'a>(&'a self, tee: &'a str) -> impl Iterator<Item = &'a Reference> {
        self.entries.iter().filter(move |entry| entry.tee == tee)
    }

    /// Whether there is no entry at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Both sets as one, as when several files are given; the names within one TEE must differ.
    pub fn merge(self, other: Self) -> Result<Self, ReferenceError> {
        let mut entries = self.entries;
        entries.extend(other.entries);
        Self::new(entries)
    }
}

impl Reference {
    /// An entry from its parts; every rule of the file format is checked.
    pub fn new(tee: &str, name: &str, mut wanted: Vec<(Key, Vec<Value>)>) -> Result<Self, EntryError> {
        let tee = known_tee(tee)?;
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
            return Err(EntryError::BadName { max: NAME_BYTES_MAX });
        }
        if wanted.is_empty() {
            return Err(EntryError::NoKeys);
        }
        wanted.sort_by_key(|(key, _)| *key);
        for pair in wanted.windows(2) {
            if let [(first, _), (second, _)] = pair
                && first == second
            {
                return Err(EntryError::DuplicateKey { key: *first });
            }
        }
        for (key, values) in &wanted {
            check_values(tee, *key, values)?;
        }
        Ok(Self { tee, name: name.to_owned(), wanted })
    }

    /// The TEE, one of [`TEES`].
    pub fn tee(&self) -> &'static str {
        self.tee
    }

    /// What the operator calls it; unique within the TEE.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The keys with their alternatives, in the order of [`Key`].
    pub fn wanted(&self) -> &[(Key, Vec<Value>)] {
        &self.wanted
    }

    /// Compares with the evidence's values; every difference is listed, and a field that is absent is one.
    pub fn compare(&self, actual: impl Fn(Key) -> Option<Value>) -> Result<(), Vec<Mismatch<'_>>> {
        let differences: Vec<_> = self
            .wanted
            .iter()
            .map(|(key, wanted)| Mismatch { key: *key, wanted, actual: actual(*key) })
            .filter(|found| {
                let fits = |value: &Value| found.wanted.iter().any(|wanted| found.key.accepts(wanted, value));
                !found.actual.as_ref().is_some_and(fits)
            })
            .collect();
        if differences.is_empty() { Ok(()) } else { Err(differences) }
    }
}

/// The TEE of that name, if reference values are known for it.
pub(crate) fn known_tee(tee: &str) -> Result<&'static str, EntryError> {
    TEES.into_iter()
        .find(|known| *known == tee)
        .ok_or_else(|| EntryError::UnknownTee { actual: tee.to_owned() })
}

fn check_values(tee: &str, key: Key, values: &[Value]) -> Result<(), EntryError> {
    let form = key.form_in(tee).ok_or_else(|| EntryError::KeyOfAnotherTee { key, tee: tee.to_owned() })?;
    if values.is_empty() {
        return Err(EntryError::NoValues { key });
    }
    if values.len() > VALUES_MAX {
        return Err(EntryError::TooManyValues { key, max: VALUES_MAX, actual: values.len() });
    }
    let mut seen = BTreeSet::new();
    for (index, value) in (1..).zip(values) {
        if !value.has(form) {
            return Err(EntryError::Value { key, index, error: ValueError::Form });
        }
        if !seen.insert(value) {
            return Err(EntryError::DuplicateValue { key, index });
        }
    }
    Ok(())
}

/// Alternatives of one key: a fleet with this many builds alive at once is a mistake.
pub const VALUES_MAX: usize = 1024;

/// Length of a name in bytes: it stands in tables, logs and records.
pub const NAME_BYTES_MAX: usize = 128;

#[cfg(test)]
mod tests;
