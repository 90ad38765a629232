//! What the broker keeps: secrets, sessions, decisions, settings and its own keys.
//!
//! ```text
//! Store ── everything that the broker keeps, sealed and authenticated here
//!   └─ Backend ── rows and batches: redb (one file), PostgreSQL (many replicas)
//! ```
//!
//! Every write that is acknowledged is durable: a batch is on the disk before its function returns. The backend is not
//! trusted with what is secret, nor with what settings say.

use std::path::Path;
use std::sync::{Arc, Mutex};

use verifier::time::UnixTime;

use crate::config;
use crate::root_key::RootKeys;

pub(crate) mod backend;
pub(crate) mod export;
mod holds;
mod instants;
mod keys;
mod postgres;
mod records;
mod redb;
mod reserve;
mod retention;
mod revocations;
mod rewrap;
mod secret;
mod session;
mod settings;
mod verify;

use backend::{Backend, Batch, Change, Commit, Table};
pub(crate) use keys::{KeyPurpose, OwnKey};
pub(crate) use records::Inputs;
pub(crate) use reserve::Reserve;
pub(crate) use retention::{Deletion, Retention};
pub(crate) use revocations::revoked;
pub(crate) use secret::Secret;
pub(crate) use session::{Answer, Concluded, Conclusion, Session};
use settings::Known;
pub(crate) use settings::{SettingKind, Settings};

/// The store.
pub(crate) struct Store {
    backend: Arc<dyn Backend>,
    root: Arc<RootKeys>,
    denied_limit: u64,
    reserve: Reserve,
    known: Mutex<Known>,
    /// From which record on the next round of retention looks.
    retention_cursor: Mutex<Vec<u8>>,
}

/// The store cannot do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database refused.
    #[error("the store: {reason}")]
    Database {
        /// What the database says.
        reason: String,
    },
    /// The store cannot be reached now.
    #[error("the store cannot be reached: {reason}")]
    Unavailable {
        /// What happened.
        reason: String,
    },
    /// Something in it does not open under the root key.
    #[error("{what} in the store does not open under this root key")]
    Sealed {
        /// What was to be opened.
        what: String,
    },
    /// The root key cannot be used now.
    #[error("the root key: {reason}")]
    RootKey {
        /// What its keeper says.
        reason: String,
    },
    /// Somebody changed the store who has not the root key.
    #[error(
        "{what} in the store was changed by somebody else than this broker, or put back to an older state"
    )]
    Tampered {
        /// What was changed.
        what: String,
    },
    /// Something that should be in it is not.
    #[error("{what} is not in the store")]
    Missing {
        /// What is missing.
        what: String,
    },
    /// Others changed the same thing at the same time, again and again.
    #[error("{what} is being changed by others; try again")]
    Contended {
        /// What was to be changed.
        what: String,
    },
    /// The store was made by another version.
    #[error("the store has format {actual}, this version reads {expected}")]
    Format {
        /// What this version reads.
        expected: u64,
        /// What the store says.
        actual: u64,
    },
    /// An export was not taken in to its end.
    #[error(
        "an export was taken into the store and not to its end: begin anew with another `store`, or an empty database"
    )]
    HalfImported,
    /// A row cannot be read.
    #[error("a row of the table {table} cannot be read")]
    Row {
        /// The table.
        table: &'static str,
    },
}

impl Store {
    /// Opens the embedded store at `path`, or makes it. Attestations that are not affirmed may fill it up to
    /// `denied_limit` bytes, as long as the file system keeps more than `reserve` bytes free.
    pub(crate) fn open(
        path: &Path,
        root: RootKeys,
        denied_limit: u64,
        reserve: u64,
    ) -> Result<Self, StoreError> {
        let backend = redb::Redb::open(path)?;
        Self::over(Arc::new(backend), root, denied_limit, Reserve::of(path, reserve))
    }

    /// Opens the store of many replicas. Its disks are the database's own concern: nothing is reserved on them.
    pub(crate) fn open_postgres(
        settings: &config::Postgres,
        root: RootKeys,
        denied_limit: u64,
    ) -> Result<Self, StoreError> {
        let backend = postgres::Postgres::open(settings)?;
        Self::over(Arc::new(backend), root, denied_limit, Reserve::none())
    }

    /// A store over any backend.
    pub(crate) fn over(
        backend: Arc<dyn Backend>,
        root: RootKeys,
        denied_limit: u64,
        reserve: Reserve,
    ) -> Result<Self, StoreError> {
        check_format(&*backend)?;
        export::check_whole(&*backend)?;
        let (known, retention_cursor) = (Mutex::default(), Mutex::default());
        Ok(Self { backend, root: Arc::new(root), denied_limit, reserve, known, retention_cursor })
    }

    /// Whether the store can be read and takes writes now. May write.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        self.backend.check()
    }

    /// That what was read before this is as durable as what is acknowledged. Writes, where the store has standbys.
    pub(crate) fn confirm(&self) -> Result<(), StoreError> {
        self.backend.confirm()
    }

    /// The store's own clock, where it has one.
    pub(crate) fn clock(&self) -> Result<Option<UnixTime>, StoreError> {
        self.backend.clock()
    }

    /// A store in memory, for tests.
    #[cfg(test)]
    pub(crate) fn in_memory(root: RootKeys, denied_limit: u64) -> Self {
        Self::over(Arc::new(redb::Redb::in_memory().unwrap()), root, denied_limit, Reserve::none()).unwrap()
    }

    /// A store on a disk of the test's own.
    #[cfg(test)]
    pub(crate) fn on(
        disk: impl Fn() -> Box<dyn ::redb::StorageBackend> + Send + Sync + 'static,
        root: RootKeys,
        denied_limit: u64,
    ) -> Self {
        let backend = redb::tests::on_disk(disk).unwrap();
        Self::over(Arc::new(backend), root, denied_limit, Reserve::none()).unwrap()
    }
}

/// Marks a new store with the format; refuses one of another.
fn check_format(backend: &dyn Backend) -> Result<(), StoreError> {
    let mark =
        Change::Keep { table: Table::Meta, key: FORMAT_KEY.to_vec(), value: FORMAT.to_be_bytes().to_vec() };
    if backend.get(Table::Meta, FORMAT_KEY)?.is_none() {
        make_all(backend, vec![mark])?;
    }
    let row = backend.get(Table::Meta, FORMAT_KEY)?.unwrap_or_default();
    match number(&row, Table::Meta)? {
        FORMAT => Ok(()),
        actual => Err(StoreError::Format { expected: FORMAT, actual }),
    }
}

/// Makes changes that nothing has to hold for.
fn make_all(backend: &dyn Backend, changes: Vec<Change>) -> Result<(), StoreError> {
    match backend.commit(Batch { changes, ..Batch::default() })? {
        Commit::Done => Ok(()),
        Commit::Refused(_) => Err(StoreError::Contended { what: "the store".to_owned() }),
    }
}

/// A number as rows have it: eight bytes, the highest first.
fn number(bytes: &[u8], table: Table) -> Result<u64, StoreError> {
    bytes.try_into().map(u64::from_be_bytes).map_err(|_| StoreError::Row { table: table.name() })
}

fn size_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn row_error(table: Table) -> impl Fn(serde_json::Error) -> StoreError {
    move |_| StoreError::Row { table: table.name() }
}

/// 2: one set of tables for every backend.
const FORMAT: u64 = 2;
const FORMAT_KEY: &[u8] = b"format";
/// The tenant of everything that comes without one.
pub(crate) const DEFAULT_TENANT: &str = "default";
/// How often a change is tried while others change the same thing.
const ATTEMPTS: u32 = 16;

#[cfg(test)]
mod power;
#[cfg(test)]
mod suite;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod watched;
