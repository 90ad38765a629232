//! The embedded store: one file, every batch on the disk before it is acknowledged.
//!
//! Batches of many requests share a transaction: one thread takes what is waiting, applies it and syncs once. A write
//! that fails closes the database, and the next use opens it anew: when a full disk has room again, so has the broker.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::thread::JoinHandle;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use verifier::time::UnixTime;

use super::StoreError;
use super::backend::{Backend, Batch, Change, Commit, Condition, Each, Row, Table};
use super::reserve::free_bytes;

mod file;

/// The embedded store.
pub(crate) struct Redb {
    shared: Arc<Shared>,
    queue: Mutex<Option<Sender<Job>>>,
    committer: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    open: Box<Open>,
    /// The file, where there is one: what is said about a failed write names it.
    place: Option<PathBuf>,
    database: RwLock<Option<Database>>,
    /// The last write failed, and none has succeeded since.
    failed: AtomicBool,
}

/// Opens the database, at the start and after a write that failed.
type Open = dyn Fn() -> Result<Database, StoreError> + Send + Sync;

struct Job {
    batch: Batch,
    answer: SyncSender<Result<Commit, StoreError>>,
}

impl Redb {
    /// Opens the store at `path`, or makes it.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let place = path.to_owned();
        let path = path.to_owned();
        let opened = AtomicBool::new(false);
        Self::opened_at(
            Some(place),
            Box::new(move || {
                let database = if opened.load(Ordering::Relaxed) {
                    file::open(&path)
                } else {
                    file::open_or_make(&path)
                };
                opened.fetch_or(database.is_ok(), Ordering::Relaxed);
                database
            }),
        )
    }

    /// A store in memory: gone with the process.
    #[cfg(test)]
    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        Self::opened_by(Box::new(|| {
            Database::builder().create_with_backend(redb::backends::InMemoryBackend::new()).map_err(refused)
        }))
    }

    /// A store that `open` opens, for tests.
    #[cfg(test)]
    pub(crate) fn opened_by(open: Box<Open>) -> Result<Self, StoreError> {
        Self::opened_at(None, open)
    }

    /// A store that `open` opens, now and after each write that failed.
    fn opened_at(place: Option<PathBuf>, open: Box<Open>) -> Result<Self, StoreError> {
        let database = RwLock::new(Some(prepared(&*open)?));
        let shared = Arc::new(Shared { open, place, database, failed: AtomicBool::new(false) });
        let (queue, waiting) = channel();
        let own = Arc::clone(&shared);
        let committer = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || own.commit_all(&waiting))
            .map_err(|error| StoreError::Unavailable { reason: error.to_string() })?;
        Ok(Self { shared, queue: Mutex::new(Some(queue)), committer: Mutex::new(Some(committer)) })
    }

    fn send(&self, batch: Batch) -> Option<Receiver<Result<Commit, StoreError>>> {
        let (answer, answered) = sync_channel(1);
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.as_ref()?.send(Job { batch, answer }).ok()?;
        Some(answered)
    }
}

impl Drop for Redb {
    fn drop(&mut self) {
        // The committer ends when nobody can send any more; the database is closed after it.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(committer) = self.committer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = committer.join();
        }
    }
}

impl fmt::Debug for Redb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redb")
    }
}

impl Backend for Redb {
    fn name(&self) -> &'static str {
        "redb"
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.shared.read(|database| {
            let read = database.begin_read().map_err(refused)?;
            let rows = read.open_table(definition(table)).map_err(refused)?;
            Ok(rows.get(key).map_err(refused)?.map(|row| row.value().to_vec()))
        })
    }

    fn scan(
        &self,
        table: Table,
        from: &[u8],
        until: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        if until.is_some_and(|until| until <= from) {
            return Ok(Vec::new());
        }
        self.shared.read(|database| {
            let read = database.begin_read().map_err(refused)?;
            let rows = read.open_table(definition(table)).map_err(refused)?;
            let range = match until {
                Some(until) => rows.range(from..until),
                None => rows.range(from..),
            };
            let mut found = Vec::new();
            for row in range.map_err(refused)?.take(limit) {
                let (key, value) = row.map_err(refused)?;
                found.push(Row { key: key.value().to_vec(), value: value.value().to_vec() });
            }
            Ok(found)
        })
    }

    fn export(&self, tables: &[Table], each: &mut Each<'_>) -> Result<(), StoreError> {
        // The transaction outlives the guard: a write that fails meanwhile need not wait for a slow reader.
        let read = self.shared.read(|database| database.begin_read().map_err(refused))?;
        for table in tables {
            let rows = read.open_table(definition(*table)).map_err(refused)?;
            for row in rows.iter().map_err(refused)? {
                let (key, value) = row.map_err(refused)?;
                each(*table, key.value(), value.value())?;
            }
        }
        Ok(())
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        let stopped = || StoreError::Unavailable { reason: "the store is being closed".to_owned() };
        self.send(batch).ok_or_else(stopped)?.recv().map_err(|_| stopped())?
    }

    fn clock(&self) -> Result<Option<UnixTime>, StoreError> {
        Ok(None)
    }

    fn check(&self) -> Result<(), StoreError> {
        self.get(Table::Meta, b"")?;
        if !self.shared.failed.load(Ordering::Relaxed) {
            return Ok(());
        }
        // Whether a write succeeds now shows by one alone, of the size of an attestation's records: an empty row finds room on a
        // disk where they find none. It does not stay.
        for value in [vec![0; PROBE_BYTES], Vec::new()] {
            let changes = vec![Change::Put { table: Table::Meta, key: PROBE.to_vec(), value }];
            self.commit(Batch { changes, ..Batch::default() }).map(|_| ())?;
        }
        Ok(())
    }
}

impl Shared {
    /// Runs `work` on the open database; opens it first where a failed write had closed it.
    fn read<T>(&self, work: impl FnOnce(&Database) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let guard = self.opened()?;
        match guard.as_ref() {
            Some(database) => work(database),
            None => Err(closed()),
        }
    }

    fn opened(&self) -> Result<RwLockReadGuard<'_, Option<Database>>, StoreError> {
        let guard = self.database.read().unwrap_or_else(PoisonError::into_inner);
        if guard.is_some() {
            return Ok(guard);
        }
        drop(guard);
        {
            let mut slot = self.database.write().unwrap_or_else(PoisonError::into_inner);
            if slot.is_none() {
                *slot = Some(prepared(&*self.open)?);
                tracing::info!("the store is open again");
            }
        }
        Ok(self.database.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A damaged file can make the database panic: that is a failed write like others, and not the end of this thread.
    fn applied(&self, group: &[Job]) -> Result<Vec<Commit>, StoreError> {
        let work = || self.read(|database| apply(database, group));
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
            Err(StoreError::Database {
                reason: "the database cannot go on: its file may be damaged".to_owned(),
            })
        })
    }

    /// Takes what waits, as one transaction, until nobody can send any more.
    fn commit_all(&self, waiting: &Receiver<Job>) {
        while let Ok(first) = waiting.recv() {
            let mut bytes = size(&first.batch);
            let mut group = vec![first];
            while group.len() < GROUP_BATCHES && bytes < GROUP_BYTES {
                let Ok(next) = waiting.try_recv() else { break };
                bytes = bytes.saturating_add(size(&next.batch));
                group.push(next);
            }
            let result = self.applied(&group);
            self.failed.store(result.is_err(), Ordering::Relaxed);
            if let Err(error) = &result {
                // The database refuses everything after a failed write; whoever comes next opens it anew.
                self.database.write().unwrap_or_else(PoisonError::into_inner).take();
                self.complain(error);
            }
            for (place, job) in group.into_iter().enumerate() {
                let answer = match &result {
                    Ok(outcomes) => outcomes.get(place).copied().ok_or_else(closed),
                    Err(error) => Err(error.clone()),
                };
                // Whoever gave up waiting needs no answer.
                let _ = job.answer.send(answer);
            }
        }
    }
}

impl Shared {
    /// Tells the operator of a write that failed, and what to do.
    fn complain(&self, error: &StoreError) {
        let place = self.place.as_deref();
        tracing::error!(
            %error,
            file = place.map(|path| tracing::field::display(path.display())),
            free_mib = place.and_then(free_bytes).map(|bytes| bytes >> 20),
            "a write of the store failed: nothing of it is kept, and nothing is attested or released until one \
             succeeds; make room on its file system, or lift what limits it (no restart is needed)"
        );
    }
}

/// Opens the database with all its tables.
fn prepared(open: &Open) -> Result<Database, StoreError> {
    let database = open()?;
    let write = database.begin_write().map_err(refused)?;
    for table in Table::ALL {
        write.open_table(definition(table)).map_err(refused)?;
    }
    write.commit().map_err(refused)?;
    Ok(database)
}

/// Applies every batch whose conditions hold, and makes all of them durable at once.
fn apply(database: &Database, group: &[Job]) -> Result<Vec<Commit>, StoreError> {
    let mut write = database.begin_write().map_err(refused)?;
    // With one phase, what was not written to its end is told by a checksum that is not cryptographic, and what guests send
    // is among the bytes.
    write.set_two_phase_commit(true);
    let mut outcomes = Vec::with_capacity(group.len());
    for job in group {
        outcomes.push(match broken(&write, &job.batch.conditions)? {
            Some(index) => Commit::Refused(index),
            None => {
                for change in &job.batch.changes {
                    make(&write, change)?;
                }
                Commit::Done
            }
        });
    }
    if outcomes.contains(&Commit::Done) {
        write.commit().map_err(refused)?;
    } else {
        write.abort().map_err(refused)?;
    }
    Ok(outcomes)
}

/// The first condition that does not hold.
fn broken(write: &WriteTransaction, conditions: &[Condition]) -> Result<Option<usize>, StoreError> {
    for (index, condition) in conditions.iter().enumerate() {
        if !holds(write, condition)? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

fn holds(write: &WriteTransaction, condition: &Condition) -> Result<bool, StoreError> {
    match condition {
        Condition::Absent { table, key } => Ok(!is_there(write, *table, key)?),
        Condition::Present { table, key } => is_there(write, *table, key),
        Condition::Equals { table, key, value } => {
            let rows = write.open_table(definition(*table)).map_err(refused)?;
            let found = rows.get(key.as_slice()).map_err(refused)?;
            Ok(found.is_some_and(|row| row.value() == value.as_slice()))
        }
        Condition::Stands { table, key, value } => {
            let rows = write.open_table(definition(*table)).map_err(refused)?;
            let found = rows.get(key.as_slice()).map_err(refused)?;
            Ok(found.as_ref().map(|row| row.value()) == value.as_deref())
        }
        Condition::NoneBegins { table, prefix } => {
            let rows = write.open_table(definition(*table)).map_err(refused)?;
            let mut range = rows.range(prefix.as_slice()..).map_err(refused)?;
            let first = range.next().transpose().map_err(refused)?;
            Ok(!first.is_some_and(|(key, _)| key.value().starts_with(prefix)))
        }
        Condition::AtMost { counter, most } => Ok(count(write, counter)? <= *most),
    }
}

fn is_there(write: &WriteTransaction, table: Table, key: &[u8]) -> Result<bool, StoreError> {
    let rows = write.open_table(definition(table)).map_err(refused)?;
    Ok(rows.get(key).map_err(refused)?.is_some())
}

fn make(write: &WriteTransaction, change: &Change) -> Result<(), StoreError> {
    match change {
        Change::Put { table, key, value } => put(write, *table, key, value),
        Change::Keep { table, key, value } => {
            if is_there(write, *table, key)? {
                Ok(())
            } else {
                put(write, *table, key, value)
            }
        }
        Change::Delete { table, key } => {
            let mut rows = write.open_table(definition(*table)).map_err(refused)?;
            rows.remove(key.as_slice()).map_err(refused)?;
            Ok(())
        }
        Change::Add { counter, amount } => {
            let most = u64::try_from(i64::MAX).unwrap_or(u64::MAX);
            let sum = count(write, counter)?.saturating_add_signed(*amount).min(most);
            put(write, Table::Counters, counter.as_bytes(), &sum.to_be_bytes())
        }
    }
}

fn put(write: &WriteTransaction, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let mut rows = write.open_table(definition(table)).map_err(refused)?;
    rows.insert(key, value).map_err(refused)?;
    Ok(())
}

fn count(write: &WriteTransaction, counter: &str) -> Result<u64, StoreError> {
    let rows = write.open_table(definition(Table::Counters)).map_err(refused)?;
    match rows.get(counter.as_bytes()).map_err(refused)? {
        None => Ok(0),
        Some(row) => super::number(row.value(), Table::Counters),
    }
}

const fn definition(table: Table) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
    TableDefinition::new(table.name())
}

fn size(batch: &Batch) -> usize {
    let sizes = batch.changes.iter().map(|change| match change {
        Change::Put { value, .. } | Change::Keep { value, .. } => value.len(),
        Change::Delete { .. } | Change::Add { .. } => 0,
    });
    sizes.fold(0, usize::saturating_add)
}

fn closed() -> StoreError {
    StoreError::Unavailable { reason: "the database was closed after a write that failed".to_owned() }
}

fn refused(error: impl Into<redb::Error>) -> StoreError {
    let error: redb::Error = error.into();
    StoreError::Database { reason: error.to_string() }
}

/// Batches of one transaction: a burst of guests waits for one sync.
const GROUP_BATCHES: usize = 256;
/// Bytes of values from which on a transaction takes no further batch.
const GROUP_BYTES: usize = 8 << 20;
/// The row that is written to see whether writes succeed.
const PROBE: &[u8] = b"probe";
/// Evidence, endorsements and result of an attestation, with room to spare.
const PROBE_BYTES: usize = 256 << 10;

#[cfg(test)]
pub(crate) mod tests;
