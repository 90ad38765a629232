//! A store of rows in memory, without a thread or a file: every run has its own.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use verifier::time::UnixTime;

use crate::store::StoreError;
use crate::store::backend::{Backend, Batch, Change, Commit, Condition, Each, Row, Table};

pub(super) type Rows = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Rows>);

impl Memory {
    pub(super) fn of(rows: Rows) -> Self {
        Self(Mutex::new(rows))
    }

    pub(super) fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.rows().get(&(table, key.to_vec())).cloned())
    }

    fn scan(
        &self,
        table: Table,
        from: &[u8],
        until: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let rows = self.rows();
        let inside = rows
            .range((table, from.to_vec())..)
            .take_while(|((of, key), _)| *of == table && until.is_none_or(|until| key.as_slice() < until));
        Ok(inside
            .take(limit)
            .map(|((_, key), value)| Row { key: key.clone(), value: value.clone() })
            .collect())
    }

    fn export(&self, tables: &[Table], each: &mut Each<'_>) -> Result<(), StoreError> {
        for table in tables {
            for ((of, key), value) in self.rows().iter().filter(|((of, _), _)| of == table) {
                each(*of, key, value)?;
            }
        }
        Ok(())
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        let mut rows = self.rows();
        for (place, condition) in batch.conditions.iter().enumerate() {
            if !holds(&rows, condition)? {
                return Ok(Commit::Refused(place));
            }
        }
        // A counter that cannot be read refuses the batch before anything of it is applied.
        for change in &batch.changes {
            if let Change::Add { counter, .. } = change {
                count(&rows, counter)?;
            }
        }
        for change in batch.changes {
            match change {
                Change::Put { table, key, value } => drop(rows.insert((table, key), value)),
                Change::Keep { table, key, value } => drop(rows.entry((table, key)).or_insert(value)),
                Change::Delete { table, key } => drop(rows.remove(&(table, key))),
                Change::Add { counter, amount } => {
                    let most = u64::try_from(i64::MAX).unwrap_or(u64::MAX);
                    let sum = count(&rows, counter)?.saturating_add_signed(amount).min(most);
                    rows.insert((Table::Counters, counter.as_bytes().to_vec()), sum.to_be_bytes().to_vec());
                }
            }
        }
        Ok(Commit::Done)
    }

    fn clock(&self) -> Result<Option<UnixTime>, StoreError> {
        Ok(None)
    }

    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn holds(rows: &Rows, condition: &Condition) -> Result<bool, StoreError> {
    let found = |table: &Table, key: &Vec<u8>| rows.get(&(*table, key.clone()));
    Ok(match condition {
        Condition::Absent { table, key } => found(table, key).is_none(),
        Condition::Present { table, key } => found(table, key).is_some(),
        Condition::Equals { table, key, value } => found(table, key) == Some(value),
        Condition::Stands { table, key, value } => found(table, key) == value.as_ref(),
        Condition::NoneBegins { table, prefix } => {
            let first = rows.range((*table, prefix.clone())..).next();
            !first.is_some_and(|((of, key), _)| of == table && key.starts_with(prefix))
        }
        Condition::AtMost { counter, most } => count(rows, counter)? <= *most,
    })
}

fn count(rows: &Rows, counter: &str) -> Result<u64, StoreError> {
    let Some(row) = rows.get(&(Table::Counters, counter.as_bytes().to_vec())) else { return Ok(0) };
    let number = row.as_slice().try_into().map(u64::from_be_bytes);
    number.map_err(|_| StoreError::Row { table: Table::Counters.name() })
}
