//! What deleted records named: blobs that nobody names any more go, and sets of inputs with what they alone name.

use decision_log::{Digest, InputSet};

use super::{LEFT, StoreError, WAITING_SET, read_taken, unreadable};
use crate::store::Store;
use crate::store::backend::{Batch, Change, Commit, Condition, Row, Table};
use crate::store::records::use_key;

impl Store {
    /// Looks through what deleted records named, until nothing waits.
    pub(super) fn clear_contents(&self) -> Result<(), StoreError> {
        let table = Table::RecordTimes;
        loop {
            let rows = self.backend.scan(table, &[WAITING_SET], Some(&[LEFT]), AT_ONCE)?;
            if rows.is_empty() {
                return Ok(());
            }
            let mut done = Vec::new();
            for row in rows {
                match row.key.first() {
                    Some(&WAITING_SET) => done.extend(self.clear_set(&row)?),
                    _ => done.extend(self.clear_record(row)?),
                }
            }
            super::super::make_all(&*self.backend, done)?;
        }
    }

    /// Clears what a record named; the changes that end its waiting.
    fn clear_record(&self, row: Row) -> Result<[Change; 2], StoreError> {
        let table = Table::RecordTimes;
        let taken = read_taken(&row)?;
        let blobs: Vec<Digest> = taken.blobs.iter().copied().collect();
        self.clear_blobs(&blobs)?;
        if let Some(base) = &taken.rests_on {
            self.begin_set(base)?;
        }
        let rest = row.key.get(1..).unwrap_or_default();
        let put = Change::Put { table, key: [&[LEFT], rest].concat(), value: row.value };
        Ok([put, Change::Delete { table, key: row.key }])
    }

    /// Deletes a set of inputs that nobody names any more; its members wait.
    pub(super) fn begin_set(&self, set: &Digest) -> Result<(), StoreError> {
        let (table, key) = (Table::Blobs, set.as_bytes().to_vec());
        // The record of an attestation is no blob: then there is nothing here.
        let Some(content) = self.backend.get(table, &key)? else { return Ok(()) };
        if self.is_named(set)? {
            return Ok(());
        }
        let waiting = [&[WAITING_SET], key.as_slice()].concat();
        let batch = Batch {
            conditions: vec![Condition::NoneBegins { table: Table::BlobUses, prefix: key.clone() }],
            changes: vec![
                Change::Delete { table, key },
                Change::Put { table: Table::RecordTimes, key: waiting, value: content },
            ],
            exclusive: true,
        };
        // Where it is named again, it stays.
        let (Commit::Done | Commit::Refused(_)) = self.backend.commit(batch)?;
        Ok(())
    }

    /// Takes the members of a deleted set from it and clears those that nobody else names.
    fn clear_set(&self, row: &Row) -> Result<Option<Change>, StoreError> {
        let set: [u8; 32] = row.key.get(1..).and_then(|key| key.try_into().ok()).ok_or_else(unreadable)?;
        let set = Digest::from_bytes(set);
        let members = InputSet::decode(&row.value).map_err(|_| unreadable())?.contents();
        let members: Vec<Digest> = members.into_iter().map(|(_, digest)| digest).collect();
        for chunk in members.chunks(AT_ONCE) {
            let changes = chunk
                .iter()
                .map(|member| Change::Delete { table: Table::BlobUses, key: use_key(member, &set) });
            let batch = Batch {
                conditions: vec![Condition::Absent { table: Table::Blobs, key: set.as_bytes().to_vec() }],
                changes: changes.collect(),
                exclusive: true,
            };
            if self.backend.commit(batch)? != Commit::Done {
                // It came back with all of its members: a decision rests on it again.
                break;
            }
        }
        self.clear_blobs(&members)?;
        Ok(Some(Change::Delete { table: Table::RecordTimes, key: row.key.clone() }))
    }

    /// Deletes those of these blobs that nobody names.
    fn clear_blobs(&self, blobs: &[Digest]) -> Result<(), StoreError> {
        for chunk in blobs.chunks(AT_ONCE) {
            let mut unnamed = Vec::new();
            for blob in chunk {
                if !self.is_named(blob)? {
                    unnamed.push(*blob);
                }
            }
            while !unnamed.is_empty() {
                let key = |blob: &Digest| blob.as_bytes().to_vec();
                let none = |blob| Condition::NoneBegins { table: Table::BlobUses, prefix: key(blob) };
                let delete = |blob| Change::Delete { table: Table::Blobs, key: key(blob) };
                let batch = Batch {
                    conditions: unnamed.iter().map(none).collect(),
                    changes: unnamed.iter().map(delete).collect(),
                    exclusive: true,
                };
                match self.backend.commit(batch)? {
                    Commit::Done => break,
                    // One is named again: the others still go.
                    Commit::Refused(place) => drop(unnamed.swap_remove(place)),
                }
            }
        }
        Ok(())
    }
}

/// Blobs, members or waiting rows of one batch.
const AT_ONCE: usize = 256;
