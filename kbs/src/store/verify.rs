//! Whether a store holds what it should: every key opens, every secret, every setting; every digest is of its content,
//! and every decision has all that it rests on.

use std::collections::BTreeSet;

use decision_log::{Digest, InputSet};
use serde::Serialize;

use super::backend::{Row, Table};
use super::retention::{END_OF_INSTANTS, read_taken};
use super::secret::Stored;
use super::{Store, StoreError};

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Verified {
    /// Keys of the broker's own that opened.
    pub keys: u64,
    /// Versions of secrets that opened.
    pub secrets: u64,
    /// The epoch of the settings.
    pub epoch: u64,
    /// Records whose id is the digest of their content.
    pub records: u64,
    /// Inputs and results whose name is the digest of their content.
    pub blobs: u64,
}

impl Store {
    /// Opens and compares everything; the first that does not hold is the error.
    pub(crate) fn verify(&self) -> Result<Verified, StoreError> {
        let mut found = Verified { epoch: self.settings()?.epoch(), ..Verified::default() };
        self.each(Table::Keys, ROWS, &mut |row| {
            found.keys += 1;
            self.open_key(row).map(|_| ())
        })?;
        self.each(Table::Secrets, ROWS, &mut |row| {
            found.secrets += self.open_all(row)?;
            Ok(())
        })?;
        self.each(Table::SecretVersions, BIG_ROWS, &mut |row| match self.stored(&row.key)? {
            Stored::Known => Ok(()),
            Stored::Unknown(what) => Err(StoreError::Tampered { what }),
        })?;
        self.each(Table::Records, ROWS, &mut |row| {
            found.records += 1;
            digest_of("a decision record", row)
        })?;
        self.each(Table::Blobs, BIG_ROWS, &mut |row| {
            found.blobs += 1;
            digest_of("an input of decisions", row)
        })?;
        self.each_decision_is_whole()?;
        Ok(found)
    }

    /// Whether all is there that a decision can be made again by, unless it was deleted with its hashes left.
    fn each_decision_is_whole(&self) -> Result<(), StoreError> {
        let mut whole = BTreeSet::new();
        self.each_until(Table::RecordTimes, Some(&[END_OF_INSTANTS]), ROWS, &mut |row| {
            match self.decision_is_whole(row, &mut whole) {
                // A broker that serves meanwhile may have deleted it.
                Err(StoreError::Missing { .. })
                    if self.backend.get(Table::RecordTimes, &row.key)?.as_ref() != Some(&row.value) =>
                {
                    Ok(())
                }
                outcome => outcome,
            }
        })
    }

    fn decision_is_whole(&self, row: &Row, whole: &mut BTreeSet<Digest>) -> Result<(), StoreError> {
        let taken = read_taken(row)?;
        let id = row.key.get(8..40).and_then(|id| id.try_into().ok()).map(Digest::from_bytes);
        let id = id.ok_or(StoreError::Row { table: Table::RecordTimes.name() })?;
        let missing = |what: &str, digest: &Digest| {
            Err(StoreError::Missing { what: format!("{what} ({digest}) of the decision {id}") })
        };
        if self.record(&id)?.is_none() {
            return missing("the record", &id);
        }
        for blob in &taken.blobs {
            if self.blob(blob)?.is_none() {
                return missing("an input or result", blob);
            }
        }
        let Some(base) = taken.rests_on.filter(|base| !whole.contains(base)) else { return Ok(()) };
        // A release rests on the record of an attestation, and that on the operator's inputs.
        if self.record(&base)?.is_none() {
            let Some(set) = self.blob(&base)? else { return missing("what it rests on", &base) };
            let set = InputSet::decode(&set).map_err(|_| StoreError::Row { table: Table::Blobs.name() })?;
            for (what, digest) in set.contents() {
                if self.blob(&digest)?.is_none() {
                    return missing(what, &digest);
                }
            }
        }
        if whole.len() < SETS {
            whole.insert(base);
        }
        Ok(())
    }

    fn each(
        &self,
        table: Table,
        at_once: usize,
        look: &mut dyn FnMut(&Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.each_until(table, None, at_once, look)
    }

    fn each_until(
        &self,
        table: Table,
        until: Option<&[u8]>,
        at_once: usize,
        look: &mut dyn FnMut(&Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut from = Vec::new();
        loop {
            let rows = self.backend.scan(table, &from, until, at_once)?;
            for row in &rows {
                look(row)?;
            }
            let Some(last) = rows.into_iter().next_back() else { return Ok(()) };
            from = last.key;
            from.push(0);
        }
    }
}

fn digest_of(what: &str, row: &Row) -> Result<(), StoreError> {
    if Digest::of(&row.value).as_bytes().as_slice() == row.key {
        return Ok(());
    }
    Err(StoreError::Tampered { what: format!("{what} ({})", hex::encode(&row.key)) })
}

/// What was found whole is not looked at again, up to so many.
const SETS: usize = 100_000;
/// Rows that are read at once.
const ROWS: usize = 256;
/// The same of rows that may be large.
const BIG_ROWS: usize = 8;
