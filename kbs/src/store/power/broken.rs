//! Stores that lose something: the check must find every one of them.

use std::sync::Arc;

use verifier::time::UnixTime;

use super::super::StoreError;
use super::super::backend::{Backend, Batch, Commit, Each, Row, Table};
use super::super::redb::Redb;
use super::{LINE, Line, Sync, as_it_is};

/// A store that commits the last change of a batch after the others.
#[derive(Debug)]
struct Halves(Redb);

impl Backend for Halves {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        from: &[u8],
        until: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.0.scan(table, from, until, limit)
    }

    fn export(&self, tables: &[Table], each: &mut Each<'_>) -> Result<(), StoreError> {
        self.0.export(tables, each)
    }

    fn commit(&self, mut batch: Batch) -> Result<Commit, StoreError> {
        let last = batch.changes.pop();
        let outcome = self.0.commit(batch)?;
        if outcome == Commit::Done {
            let batch = Batch { changes: last.into_iter().collect(), ..Batch::default() };
            return self.0.commit(batch);
        }
        Ok(outcome)
    }

    fn clock(&self) -> Result<Option<UnixTime>, StoreError> {
        self.0.clock()
    }

    fn check(&self) -> Result<(), StoreError> {
        self.0.check()
    }
}

/// What each of the first seeds finds lost.
fn found(sync: Sync, wrap: fn(Redb) -> Arc<dyn Backend>) -> Vec<Option<String>> {
    (0..SEEDS).map(|seed| lost(Line::new(seed, sync, wrap))).collect()
}

/// What a line finds lost. The database may panic over what a broken disk left of it: then it is found out too.
fn lost(line: Line) -> Option<String> {
    let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| line.run(LINE)));
    ran.map_or_else(|_| Some("the database panicked".to_owned()), Result::err)
}

#[test]
fn a_disk_that_acknowledges_before_it_syncs_is_found_out() {
    for sync in [Sync::Never, Sync::Late] {
        for (seed, lost) in found(sync, as_it_is).into_iter().enumerate() {
            assert!(lost.is_some(), "{sync:?}, seed {seed}: nothing was found");
        }
    }
}

#[test]
fn a_store_that_commits_a_batch_in_two_is_found_out() {
    for (seed, lost) in found(Sync::Honest, |redb| Arc::new(Halves(redb))).into_iter().enumerate() {
        assert!(lost.is_some(), "seed {seed}: nothing was found");
    }
}

#[test]
fn a_store_that_reads_what_a_failed_sync_left_in_the_cache_is_found_out() {
    let lost = (0..8 * SEEDS).filter(|seed| {
        self::lost(Line { forgets: false, ..Line::new(*seed, Sync::Honest, as_it_is) }).is_some()
    });
    assert!(lost.count() >= usize::try_from(SEEDS).unwrap());
}

/// Lines of cuts that must each find it.
const SEEDS: u64 = 8;
