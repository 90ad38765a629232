//! What the broker keeps: secrets, sessions, decisions and its own keys, in one file.
//!
//! Every write that is acknowledged is durable: a transaction is on the disk before its function returns.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use decision_log::{Digest, Record};
use redb::{Database, ReadableDatabase, ReadableTable, StorageError, WriteTransaction};
use zeroize::Zeroizing;

use crate::admin::Admin;
use crate::grant::Grant;
use crate::seal::{Purpose, SealingKey};
use crate::session::Nonce;
use crate::system::rng;
use kbs_protocol::ResourcePath;
use verifier::time::UnixTime;

mod reserve;
mod session;
mod tables;

use reserve::Reserve;
pub(crate) use session::{Answer, Concluded, Conclusion, Inputs, Session};
use tables::{BLOBS, META, RECORD_IDS, RECORDS, SECRETS, SESSIONS};

/// The store.
pub(crate) struct Store {
    database: Database,
    root: SealingKey,
    denied_limit: u64,
    reserve: Reserve,
    failed: AtomicBool,
}

/// A secret in the clear, wiped when dropped.
pub(crate) struct Secret(Zeroizing<Vec<u8>>);

/// The store cannot do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database refused.
    #[error("the store: {reason}")]
    Database {
        /// What the database says.
        reason: String,
    },
    /// Something in it does not open under the root key.
    #[error("{what} in the store does not open under this root key")]
    Sealed {
        /// What was to be opened.
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
    /// A row cannot be read.
    #[error("a row of the table {table} cannot be read")]
    Row {
        /// The table.
        table: &'static str,
    },
}

impl Store {
    /// Opens the store at `path`, or makes it. `root` opens everything secret in it; attestations that are not affirmed
    /// may fill it up to `denied_limit` bytes, as long as the file system keeps more than `reserve` bytes free.
    pub(crate) fn open(
        path: &Path,
        root: SealingKey,
        denied_limit: u64,
        reserve: u64,
    ) -> Result<Self, StoreError> {
        // Tokens of open sessions are in it: nobody but the broker reads the file.
        let options =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        let file = options.map_err(|error| database(StorageError::Io(error)))?;
        let made = Database::builder().create_file(file).map_err(database)?;
        Self::prepare(made, root, denied_limit, Reserve::of(path, reserve))
    }

    /// Whether writes are taken: after one that failed, none are until the store is opened anew.
    pub(crate) fn is_writable(&self) -> bool {
        !self.failed.load(Ordering::Relaxed)
    }

    /// A store in memory, for tests.
    #[cfg(test)]
    pub(crate) fn in_memory(root: SealingKey, denied_limit: u64) -> Self {
        Self::on(redb::backends::InMemoryBackend::new(), root, denied_limit)
    }

    /// A store on a disk of the test's own.
    #[cfg(test)]
    pub(crate) fn on(backend: impl redb::StorageBackend, root: SealingKey, denied_limit: u64) -> Self {
        let made = Database::builder().create_with_backend(backend).unwrap();
        Self::prepare(made, root, denied_limit, Reserve::none()).unwrap()
    }

    /// A key of the broker's own: made by `make` at the first start, kept sealed from then on.
    pub(crate) fn own_key(
        &self,
        name: &'static str,
        make: impl FnOnce() -> Zeroizing<Vec<u8>>,
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        self.write(|write| {
            let mut meta = write.open_table(META).map_err(database)?;
            let kept = meta.get(name)?.map(|row| row.value().to_vec());
            if let Some(sealed) = kept {
                return self.open_sealed(Purpose::OwnKey, name, &sealed);
            }
            let key = make();
            let sealed = self.seal(Purpose::OwnKey, name, &key)?;
            meta.insert(name, sealed.as_slice())?;
            Ok(key)
        })
    }

    /// The secret that the policy granted; none where there is no such secret.
    pub(crate) fn load(&self, grant: &Grant) -> Result<Option<Secret>, StoreError> {
        let path = grant.path().to_string();
        let read = self.database.begin_read().map_err(database)?;
        let secrets = read.open_table(SECRETS).map_err(database)?;
        let Some(row) = secrets.get(path.as_str()).map_err(database)? else {
            return Ok(None);
        };
        self.open_sealed(Purpose::Secret, &path, row.value()).map(|plain| Some(Secret(plain)))
    }

    /// Stores a secret for an admin, over any former one of that path.
    pub(crate) fn put(&self, _: &Admin, path: &ResourcePath, secret: &Secret) -> Result<(), StoreError> {
        let path = path.to_string();
        let sealed = self.seal(Purpose::Secret, &path, &secret.0)?;
        self.write(|write| {
            let mut secrets = write.open_table(SECRETS).map_err(database)?;
            secrets.insert(path.as_str(), sealed.as_slice()).map_err(database)?;
            Ok(())
        })
    }

    /// Deletes a secret for an admin; whether there was one.
    pub(crate) fn delete(&self, _: &Admin, path: &ResourcePath) -> Result<bool, StoreError> {
        self.write(|write| {
            let mut secrets = write.open_table(SECRETS).map_err(database)?;
            let removed = secrets.remove(path.to_string().as_str()).map_err(database)?;
            Ok(removed.is_some())
        })
    }

    /// The session that a nonce became, if it was decided and is not past its time.
    pub(crate) fn session(&self, nonce: &Nonce, now: UnixTime) -> Result<Option<Session>, StoreError> {
        let read = self.database.begin_read().map_err(database)?;
        let sessions = read.open_table(SESSIONS).map_err(database)?;
        let Some(row) = sessions.get(nonce.as_bytes()).map_err(database)? else {
            return Ok(None);
        };
        let session = Session::decode(row.value())?;
        Ok(Some(session).filter(|session| now < session.expires()))
    }

    /// Records a release and keeps `blobs`. When this returns, the record is durable.
    pub(crate) fn record_release(&self, record: &Record, blobs: &[&[u8]]) -> Result<Digest, StoreError> {
        self.write(|write| {
            tables::keep_blobs(write, blobs)?;
            tables::append_record(write, record).map(|(id, _)| id)
        })
    }

    /// Records a denial and keeps `blobs`, where records of what was not affirmed have room left; its id, or nothing
    /// where there is no room and nothing was written.
    pub(crate) fn record_denial(
        &self,
        record: &Record,
        blobs: &[&[u8]],
    ) -> Result<Option<Digest>, StoreError> {
        let size = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let most = blobs.iter().map(|blob| size(blob)).fold(size(&record.encode()), u64::saturating_add);
        // A look before the transaction: whoever comes when the room is used up causes no write at all.
        if !self.has_room(self.denied_so_far()?, most) {
            return Ok(None);
        }
        self.write(|write| {
            let before = tables::denied_bytes(&write.open_table(META).map_err(database)?)?;
            if !self.has_room(before, most) {
                return Ok(None);
            }
            let added = tables::keep_blobs(write, blobs)?;
            let (id, size) = tables::append_record(write, record)?;
            tables::count_denied(write, before.saturating_add(added).saturating_add(size))?;
            Ok(Some(id))
        })
    }

    /// A record by its id.
    pub(crate) fn record(&self, id: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let read = self.database.begin_read().map_err(database)?;
        let ids = read.open_table(RECORD_IDS).map_err(database)?;
        let Some(number) = ids.get(id.as_bytes()).map_err(database)? else {
            return Ok(None);
        };
        let records = read.open_table(RECORDS).map_err(database)?;
        Ok(records.get(number.value()).map_err(database)?.map(|row| row.value().to_vec()))
    }

    /// A blob by its content's digest.
    pub(crate) fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let read = self.database.begin_read().map_err(database)?;
        let blobs = read.open_table(BLOBS).map_err(database)?;
        Ok(blobs.get(digest.as_bytes()).map_err(database)?.map(|row| row.value().to_vec()))
    }

    fn prepare(
        mut database_: Database,
        root: SealingKey,
        denied_limit: u64,
        reserve: Reserve,
    ) -> Result<Self, StoreError> {
        tables::prepare(&mut database_)?;
        Ok(Self { database: database_, root, denied_limit, reserve, failed: AtomicBool::new(false) })
    }

    /// One durable transaction; an error leaves nothing of it.
    fn write<T>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let attempt = || {
            let write = self.database.begin_write().map_err(database)?;
            let result = change(&write)?;
            write.commit().map_err(database)?;
            Ok(result)
        };
        attempt().inspect_err(|error| {
            if matches!(error, StoreError::Database { .. }) {
                self.failed.store(true, Ordering::Relaxed);
            }
        })
    }

    fn seal(&self, purpose: Purpose, context: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let sealed = self.root.seal(purpose, context.as_bytes(), plain, &mut rng());
        sealed.map_err(|_| StoreError::Sealed { what: context.to_owned() })
    }

    fn open_sealed(
        &self,
        purpose: Purpose,
        context: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let plain = self.root.open(purpose, context.as_bytes(), sealed);
        plain.map_err(|_| StoreError::Sealed { what: context.to_owned() })
    }
}

impl Secret {
    /// A secret from its bytes.
    pub(crate) fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The bytes, to be sealed to a guest's key.
    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

fn database(error: impl Into<redb::Error>) -> StoreError {
    let error: redb::Error = error.into();
    StoreError::Database { reason: error.to_string() }
}

impl From<StorageError> for StoreError {
    fn from(error: StorageError) -> Self {
        database(error)
    }
}

#[cfg(test)]
mod tests;
