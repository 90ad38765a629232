//! The newest instant on record: a clock that comes back from before it is wrong.
//!
//! Nothing secret lies in it and nothing opens by it. Whoever can write into the store could stop the broker with it, as he
//! could by taking the store away.

use verifier::time::UnixTime;

use super::backend::{Batch, Change, Commit, Condition, Table};
use super::{KeyPurpose, Store, StoreError};
use crate::challenge_key::new_key;

impl Store {
    /// The newest instant that a broker put on record.
    pub(crate) fn newest_instant(&self) -> Result<Option<UnixTime>, StoreError> {
        let row = self.backend.get(Table::Meta, KEY)?;
        row.map(|row| decode(&row)).transpose()
    }

    /// Puts `now` on record in place of `former`. Where another broker did so meanwhile, its instant stays.
    pub(crate) fn keep_instant(&self, former: Option<UnixTime>, now: UnixTime) -> Result<(), StoreError> {
        let key = KEY.to_vec();
        let condition = match former {
            None => Condition::Absent { table: Table::Meta, key },
            Some(former) => Condition::Equals { table: Table::Meta, key, value: encode(former) },
        };
        let conditions = vec![condition];
        let batch = Batch { conditions, changes: vec![put(now)], ..Batch::default() };
        match self.backend.commit(batch)? {
            Commit::Done | Commit::Refused(_) => Ok(()),
        }
    }

    /// Puts `now` on record whatever is there: an operator says that the clock is right. The epoch that begins, above
    /// `least` too.
    ///
    /// While the clock ran ahead, nonces were forgotten whose sessions are open by the right time, and tokens were issued
    /// that hold for too long. So every session and token from before ends.
    pub(crate) fn accept_clock(&self, least: u64, now: UnixTime) -> Result<u64, StoreError> {
        let newest = self.rotate(KeyPurpose::Challenge, now, new_key)?;
        self.forget_keys(KeyPurpose::Challenge, newest)?;
        let epoch = self.raise_epoch(least, now)?;
        super::make_all(&*self.backend, vec![put(now)])?;
        Ok(epoch)
    }
}

fn put(now: UnixTime) -> Change {
    Change::Put { table: Table::Meta, key: KEY.to_vec(), value: encode(now) }
}

fn encode(instant: UnixTime) -> Vec<u8> {
    instant.secs().to_be_bytes().to_vec()
}

fn decode(row: &[u8]) -> Result<UnixTime, StoreError> {
    let seconds = row.try_into().map_err(|_| StoreError::Row { table: Table::Meta.name() })?;
    Ok(UnixTime::from_secs(i64::from_be_bytes(seconds)))
}

/// Its row in the table of the store's own.
const KEY: &[u8] = b"newest-instant";

#[cfg(test)]
mod tests;
