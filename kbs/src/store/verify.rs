//! Whether a store holds what it should: every key opens, every secret, every setting; every digest is of its content.

use decision_log::Digest;
use serde::Serialize;

use super::backend::{Row, Table};
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
        Ok(found)
    }

    fn each(
        &self,
        table: Table,
        at_once: usize,
        look: &mut dyn FnMut(&Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut from = Vec::new();
        loop {
            let rows = self.backend.scan(table, &from, None, at_once)?;
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

/// Rows that are read at once.
const ROWS: usize = 256;
/// The same of rows that may be large.
const BIG_ROWS: usize = 8;
