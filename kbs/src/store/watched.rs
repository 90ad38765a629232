//! A database that tells what was read of it and what was written to it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use verifier::time::UnixTime;

use super::StoreError;
use super::backend::{Backend, Batch, Commit, Each, Row, Table};
use super::settings::HEAD;

#[derive(Debug)]
pub(crate) struct Watched {
    inner: Arc<dyn Backend>,
    /// Rows and scans that were read, but for the head of the settings, which every request reads.
    pub(crate) reads: AtomicUsize,
    /// Batches that were made.
    pub(crate) batches: Mutex<Vec<Batch>>,
}

impl Watched {
    pub(crate) fn new(inner: Arc<dyn Backend>) -> Self {
        Self { inner, reads: AtomicUsize::new(0), batches: Mutex::default() }
    }
}

impl Backend for Watched {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.reads.fetch_add(usize::from(key != HEAD), Ordering::SeqCst);
        self.inner.get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        from: &[u8],
        until: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.inner.scan(table, from, until, limit)
    }

    fn export(&self, tables: &[Table], each: &mut Each<'_>) -> Result<(), StoreError> {
        self.inner.export(tables, each)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.batches.lock().unwrap().push(batch.clone());
        self.inner.commit(batch)
    }

    fn clock(&self) -> Result<Option<UnixTime>, StoreError> {
        self.inner.clock()
    }

    fn check(&self) -> Result<(), StoreError> {
        self.inner.check()
    }
}
