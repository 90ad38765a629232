//! How long records are kept, and their deletion: oldest first, never what is held, the hashes stay.
//!
//! ```text
//! record_times  at, id, own   ─ due, not held, nothing rests on it ─▶ one batch: record and uses go
//!               0xfe, id, at  what still has to be looked through: blobs that nobody names any more go
//!               0xff, id, at  what is left: id, instant, SHA-256 of everything, when and by whom deleted
//! ```
//!
//! A process that ends between two batches leaves a row that the next round takes up.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use decision_log::Digest;
use serde::{Deserialize, Serialize};
use verifier::time::UnixTime;

use super::backend::{Batch, Change, Commit, Condition, Row, Table};
use super::records::{DENIED, OWN_BYTES, RECORD_BYTES, Taken, amount_of, use_key};
use super::{ATTEMPTS, Store, StoreError, row_error};
use crate::holds::Hold;

mod contents;

/// How long records are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retention {
    /// Seconds after which a record goes; none: never.
    pub max_age: Option<i64>,
    /// Bytes beyond which the oldest go; none: no limit.
    pub max_bytes: Option<u64>,
    /// Seconds before which nothing goes: as long as tokens rest on it, and longer than clocks differ.
    pub min_age: i64,
}

/// What became of a record that an admin wants deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deletion {
    /// Its content is gone, its hashes are kept.
    Done,
    /// There is none.
    Absent,
    /// A hold is on it.
    Held(Hold),
    /// Releases or denials rest on it.
    Used,
    /// Tokens may rest on it until this instant.
    Young(UnixTime),
}

/// What is left of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deleted {
    /// The id of the decision.
    pub decision: Digest,
    /// When it was decided, in seconds since 1970.
    pub at: i64,
    /// When its content was deleted, in seconds since 1970.
    pub deleted: i64,
    /// Who did it: an admin's name, or `retention`.
    pub by: String,
    /// The SHA-256 of everything that was the record's own, and of what it rested on.
    pub contents: BTreeSet<Digest>,
}

/// A record with all its rows: each of several equal decisions of one second has one.
#[derive(Debug)]
struct Group {
    id: Digest,
    at: i64,
    rows: Vec<(Row, Taken)>,
    /// Whether no further row of it can be there.
    whole: bool,
}

impl Store {
    /// Deletes what is due at `now`; how many records went. Bounded: what is left of a long list waits for the next round.
    pub(crate) fn retain(&self, retention: &Retention, now: UnixTime) -> Result<usize, StoreError> {
        self.clear_contents()?;
        let mut gone = 0_usize;
        // Attestations that nothing rests on any more come before whatever the cursor stands at.
        let mut freed = BTreeSet::new();
        for _ in 0..BATCHES {
            let (holds, unchanged) = self.holds_unchanged()?;
            let (due, next) = self.due(retention, &holds, &freed, now)?;
            if !due.is_empty() && !self.delete_groups(&due, unchanged, "retention", now)? {
                // A hold was changed meanwhile, or another replica was quicker: look again.
                continue;
            }
            gone = gone.saturating_add(due.len());
            freed = due.iter().filter_map(|group| group.rows.first()?.1.rests_on).collect();
            let done = next.is_none();
            *self.retention_cursor.lock().unwrap_or_else(PoisonError::into_inner) = next.unwrap_or_default();
            self.clear_contents()?;
            if done && due.is_empty() {
                break;
            }
        }
        Ok(gone)
    }

    /// Deletes one record, if nothing speaks against it.
    pub(crate) fn delete_record(
        &self,
        id: &Digest,
        admin: &str,
        min_age: i64,
        now: UnixTime,
    ) -> Result<Deletion, StoreError> {
        for _ in 0..ATTEMPTS {
            let (holds, unchanged) = self.holds_unchanged()?;
            let Some(group) = self.group(id)? else { return Ok(Deletion::Absent) };
            let old = UnixTime::from_secs(group.at.saturating_add(min_age));
            if now < old {
                return Ok(Deletion::Young(old));
            }
            if let Some(hold) = group.held(&holds) {
                return Ok(Deletion::Held(hold.clone()));
            }
            if self.is_named(&group.id)? {
                return Ok(Deletion::Used);
            }
            let whole = group.whole;
            if self.delete_groups(&[group], unchanged, admin, now)? && whole {
                self.clear_contents()?;
                return Ok(Deletion::Done);
            }
        }
        Err(StoreError::Contended { what: "the record".to_owned() })
    }

    /// What is left of a record that was deleted.
    pub(crate) fn deleted(&self, id: &Digest) -> Result<Option<Deleted>, StoreError> {
        for mark in [LEFT, WAITING] {
            let from = [&[mark], id.as_bytes().as_slice()].concat();
            let row = self.backend.scan(Table::RecordTimes, &from, None, 1)?.into_iter().next();
            let Some(row) = row.filter(|row| row.key.starts_with(&from)) else { continue };
            let at = row.key.get(from.len()..).unwrap_or_default();
            let taken = read_taken(&row)?;
            return Ok(Some(Deleted {
                decision: *id,
                at: read_instant(at)?,
                deleted: taken.deleted.unwrap_or_default(),
                by: taken.deleted_by.unwrap_or_default(),
                contents: taken.blobs.into_iter().chain(taken.rests_on).collect(),
            }));
        }
        Ok(None)
    }

    /// Bytes beyond the limit.
    fn excess(&self, retention: &Retention) -> Result<u64, StoreError> {
        let Some(most) = retention.max_bytes else { return Ok(0) };
        let row = self.backend.get(Table::Counters, RECORD_BYTES.as_bytes())?;
        let taken = row.map_or(Ok(0), |row| super::number(&row, Table::Counters))?;
        Ok(taken.saturating_sub(most))
    }

    /// What may be due next, in order, with the place from which the look after it begins: none where this one saw the end.
    fn look(&self) -> Result<(Vec<Group>, Option<Vec<u8>>), StoreError> {
        let cursor = self.retention_cursor.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let rows = self.backend.scan(Table::RecordTimes, &cursor, Some(&[END_OF_INSTANTS]), SCANNED)?;
        let all = rows.len() < SCANNED;
        let mut groups = grouped(rows)?;
        if all {
            return Ok((groups, None));
        }
        // More rows of the last record may follow: it is left to the next look, unless there is no other.
        if let [only] = groups.as_mut_slice() {
            only.whole = false;
            // No look begins inside of a record: it would not see all of it.
            let next = [only.first_key().as_slice(), &[0xff; OWN_BYTES + 1]].concat();
            return Ok((groups, Some(next)));
        }
        let next = groups.pop().map(|group| group.first_key());
        Ok((groups, next))
    }

    /// Up to a batch of what is due, and where the next look begins: none where nothing later is due.
    fn due(
        &self,
        retention: &Retention,
        holds: &[Hold],
        freed: &BTreeSet<Digest>,
        now: UnixTime,
    ) -> Result<(Vec<Group>, Option<Vec<u8>>), StoreError> {
        let mut excess = self.excess(retention)?;
        let mut due: Vec<Group> = Vec::new();
        let is_due = |group: &Group, excess: u64| {
            let age = now.secs().saturating_sub(group.at);
            let wanted = excess > 0 || retention.max_age.is_some_and(|most| age >= most);
            wanted && age >= retention.min_age
        };
        let free = |group: &Group| Ok(group.held(holds).is_none() && !self.is_named(&group.id)?);
        for id in freed {
            let Some(group) = self.group(id)? else { continue };
            if is_due(&group, excess) && free(&group)? {
                excess = excess.saturating_sub(group.bytes());
                due.push(group);
            }
        }
        let (groups, next) = self.look()?;
        for group in groups {
            // Instants only grow: what follows is younger.
            if !is_due(&group, excess) {
                return Ok((due, None));
            }
            if due.len() >= GROUPS {
                return Ok((due, Some(group.first_key())));
            }
            if !due.iter().any(|other| other.id == group.id) && free(&group)? {
                excess = excess.saturating_sub(group.bytes());
                let rest = (!group.whole).then(|| group.first_key());
                due.push(group);
                if rest.is_some() {
                    return Ok((due, rest));
                }
            }
        }
        Ok((due, next))
    }

    /// The rows of one record, up to a scan of them.
    fn group(&self, id: &Digest) -> Result<Option<Group>, StoreError> {
        let Some(record) = self.backend.get(Table::Records, id.as_bytes())? else { return Ok(None) };
        let At { at } = serde_json::from_slice(&record).map_err(row_error(Table::Records))?;
        let from = [at.to_be_bytes().as_slice(), id.as_bytes()].concat();
        let mut rows = self.backend.scan(Table::RecordTimes, &from, None, SCANNED)?;
        let whole = rows.len() < SCANNED;
        rows.retain(|row| row.key.starts_with(&from));
        let whole = whole || rows.len() < SCANNED;
        let group = grouped(rows)?.into_iter().next();
        Ok(group.map(|group| Group { whole, ..group }))
    }

    /// Whether anything names this record or blob.
    fn is_named(&self, digest: &Digest) -> Result<bool, StoreError> {
        let first = self.backend.scan(Table::BlobUses, digest.as_bytes(), None, 1)?;
        Ok(first.first().is_some_and(|row| row.key.starts_with(digest.as_bytes())))
    }

    /// Deletes records in one batch; false where something changed since they were looked at, and nothing was done.
    fn delete_groups(
        &self,
        groups: &[Group],
        unchanged: Condition,
        by: &str,
        now: UnixTime,
    ) -> Result<bool, StoreError> {
        let mut batch = Batch { conditions: vec![unchanged], changes: Vec::new(), exclusive: true };
        for group in groups {
            group.delete(&mut batch, by, now)?;
        }
        Ok(self.backend.commit(batch)? == Commit::Done)
    }
}

impl Group {
    fn held<'a>(&self, holds: &'a [Hold]) -> Option<&'a Hold> {
        let resource = self.rows.first().and_then(|(_, taken)| taken.resource.as_deref());
        holds.iter().find(|hold| hold.on.covers(&self.id, self.at, resource))
    }

    fn bytes(&self) -> u64 {
        self.rows.iter().map(|(_, taken)| taken.bytes).fold(0, u64::saturating_add)
    }

    fn first_key(&self) -> Vec<u8> {
        [self.at.to_be_bytes().as_slice(), self.id.as_bytes()].concat()
    }

    /// The changes that delete it, and what must hold for them.
    fn delete(&self, batch: &mut Batch, by: &str, now: UnixTime) -> Result<(), StoreError> {
        let table = Table::RecordTimes;
        for (row, taken) in &self.rows {
            let (key, value) = (row.key.clone(), row.value.clone());
            batch.conditions.push(Condition::Equals { table, key: key.clone(), value });
            batch.changes.push(Change::Delete { table, key });
            let amount = amount_of(taken.bytes).saturating_neg();
            batch.changes.push(Change::Add { counter: RECORD_BYTES, amount });
            if taken.denied {
                batch.changes.push(Change::Add { counter: DENIED, amount });
            }
        }
        let Some((_, taken)) = self.rows.first().filter(|_| self.whole) else { return Ok(()) };
        let prefix = self.id.as_bytes().to_vec();
        batch.conditions.push(Condition::NoneBegins { table: Table::BlobUses, prefix });
        for named in taken.blobs.iter().chain(&taken.rests_on) {
            let key = use_key(named, &self.id);
            batch.changes.push(Change::Delete { table: Table::BlobUses, key });
        }
        let key = self.id.as_bytes().to_vec();
        batch.changes.push(Change::Delete { table: Table::Records, key });
        let (deleted, deleted_by) = (Some(now.secs()), Some(by.to_owned()));
        let left = Taken { deleted, deleted_by, bytes: self.bytes(), ..taken.clone() };
        let value = serde_json::to_vec(&left).map_err(row_error(table))?;
        let key = [&[WAITING], self.id.as_bytes().as_slice(), &self.at.to_be_bytes()].concat();
        batch.changes.push(Change::Put { table, key, value });
        Ok(())
    }
}

/// What of a record is read whatever its form.
#[derive(Deserialize)]
struct At {
    at: i64,
}

/// Rows in their order as records.
fn grouped(rows: Vec<Row>) -> Result<Vec<Group>, StoreError> {
    let mut groups: Vec<Group> = Vec::new();
    for row in rows {
        let (at, id) = (row.key.get(..8).unwrap_or_default(), row.key.get(8..40).unwrap_or_default());
        let id: [u8; 32] = id.try_into().map_err(|_| unreadable())?;
        let (at, id, taken) = (read_instant(at)?, Digest::from_bytes(id), read_taken(&row)?);
        match groups.last_mut().filter(|group| group.id == id && group.at == at) {
            Some(group) => group.rows.push((row, taken)),
            None => groups.push(Group { id, at, rows: vec![(row, taken)], whole: true }),
        }
    }
    Ok(groups)
}

pub(super) fn read_taken(row: &Row) -> Result<Taken, StoreError> {
    serde_json::from_slice(&row.value).map_err(row_error(Table::RecordTimes))
}

fn read_instant(bytes: &[u8]) -> Result<i64, StoreError> {
    bytes.get(..8).and_then(|bytes| bytes.try_into().ok()).map(i64::from_be_bytes).ok_or_else(unreadable)
}

fn unreadable() -> StoreError {
    StoreError::Row { table: Table::RecordTimes.name() }
}

/// After every instant since 1970: the first byte of a positive number has not its highest bit.
pub(super) const END_OF_INSTANTS: u8 = 0x80;
/// Before the SHA-256 of a set of inputs whose members are looked through.
const WAITING_SET: u8 = 0xfd;
/// Before the id of a record whose blobs are looked through.
const WAITING: u8 = 0xfe;
/// Before the id of a record of which the hashes are left.
const LEFT: u8 = 0xff;
/// Rows that one look takes.
const SCANNED: usize = 1024;
/// Records that one batch deletes: some thousand changes.
const GROUPS: usize = 128;
/// Batches of one round: 8192 records, more than a broker that is busy all day adds between two rounds.
const BATCHES: usize = 64;

#[cfg(test)]
mod tests;
