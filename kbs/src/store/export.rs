//! All that a store keeps, as one file: for backups, and for the way from one kind of store to another.
//!
//! ```text
//! "vouchsafe export 1\n"  header as JSON, "\n"
//! { table: u8 from 1, key: u32 length and bytes, value: u32 length and bytes } ...
//! 0: u8  rows: u64  SHA-256 of all bytes before it
//! ```
//!
//! Numbers are big-endian. What is secret is in it as it is in the store: wrapped under the root key. Sessions are not in
//! it: they are of this hour, and their tokens are nobody's to keep.

use std::io::{self, Read, Write};

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use verifier::time::UnixTime;

use super::backend::{Backend, Batch, Change, Commit, Condition, Row, Table};
use super::{FORMAT, KeyPurpose, Store, StoreError, make_all};
use crate::challenge_key::new_key;

/// What an export says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    /// The format of the rows.
    pub format: u64,
    /// When it was made, in seconds since 1970.
    pub at: i64,
    /// Who made it.
    pub software: String,
    /// The kind of store that it comes from.
    pub store: String,
}

/// What was written or read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    /// Its header.
    pub header: Header,
    /// Rows.
    pub rows: u64,
    /// SHA-256 of all bytes but its own, in hexadecimal.
    pub sha256: String,
}

/// Why an export cannot be written, read or taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    /// The file.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bytes are no export, or not all of one.
    #[error("not a whole export of a store: {reason}")]
    Form {
        /// What is wrong.
        reason: &'static str,
    },
    /// Its bytes are not those that were written.
    #[error("the export was changed: its SHA-256 is {actual}, it says {expected}")]
    Digest {
        /// What it says.
        expected: String,
        /// What it is.
        actual: String,
    },
    /// The rows are of another format.
    #[error("the export has format {actual}, this version reads {expected}")]
    Format {
        /// What this version reads.
        expected: u64,
        /// What it has.
        actual: u64,
    },
    /// There is something in the store already.
    #[error(
        "the store is not empty: an export is taken in by a new store alone; name another `store` (or database), and another \
         `epoch_file`, in the configuration"
    )]
    NotEmpty,
}

impl Store {
    /// Writes all rows but those of sessions, as they were at one instant.
    pub(crate) fn export(&self, to: &mut dyn Write, now: UnixTime) -> Result<Summary, ExportError> {
        let header = Header {
            format: FORMAT,
            at: now.secs(),
            software: SOFTWARE.to_owned(),
            store: self.backend.name().to_owned(),
        };
        let mut to = Hashed { inner: to, hash: Context::new(&SHA256) };
        to.write_all(MAGIC)?;
        to.write_all(&serde_json::to_vec(&header).map_err(io::Error::from)?)?;
        to.write_all(b"\n")?;
        let mut rows = 0_u64;
        let mut failed = None;
        let done = self.backend.export(&EXPORTED, &mut |table, key, value| {
            rows = rows.saturating_add(1);
            write_row(&mut to, table, key, value).map_err(|error| {
                // The backend carries only errors of its own: this one is given out in its place.
                failed = Some(error);
                StoreError::Unavailable { reason: "the export cannot be written".to_owned() }
            })
        });
        if let Some(error) = failed {
            return Err(error.into());
        }
        done?;
        to.write_all(&[END])?;
        to.write_all(&rows.to_be_bytes())?;
        let Hashed { inner, hash } = to;
        let digest = hash.finish();
        inner.write_all(digest.as_ref())?;
        inner.flush()?;
        Ok(Summary { header, rows, sha256: hex::encode(digest) })
    }

    /// Takes an export into a new store. Sessions from before it are over: a new key seals challenges, and an epoch begins
    /// that is above `least`, above any that the export knows, and no less than the seconds since 1970: above any that
    /// began after the export was made, since no store begins one in every second of its life. No token from before holds.
    ///
    /// The store opens again after [`Store::finish_import`] alone.
    pub(crate) fn import(
        &self,
        from: &mut dyn Read,
        least: u64,
        now: UnixTime,
    ) -> Result<Summary, ExportError> {
        self.check_empty()?;
        // Of two that begin at once, one does.
        let (table, key) = (Table::Meta, IMPORTING.to_vec());
        let conditions = vec![Condition::Absent { table, key: key.clone() }];
        let changes = vec![Change::Put { table, key, value: Vec::new() }];
        if self.backend.commit(Batch { conditions, changes, exclusive: false })? != Commit::Done {
            return Err(ExportError::NotEmpty);
        }
        // A broker that found the store before it was marked has made its keys.
        if !self.is_new()? {
            return Err(ExportError::NotEmpty);
        }
        let mut batch = Batch::default();
        let mut bytes = 0;
        let summary = read(from, &mut |table, key, value| {
            bytes += key.len() + value.len();
            batch.changes.push(Change::Put { table, key, value });
            if bytes < BATCH_BYTES && batch.changes.len() < BATCH_ROWS {
                return Ok(());
            }
            bytes = 0;
            make_all(&*self.backend, std::mem::take(&mut batch.changes))
        })?;
        make_all(&*self.backend, batch.changes)?;
        let newest = self.rotate(KeyPurpose::Challenge, now, new_key)?;
        self.forget_keys(KeyPurpose::Challenge, newest)?;
        let seconds = u64::try_from(now.secs()).unwrap_or_default();
        self.raise_epoch(least.max(seconds), now)?;
        Ok(summary)
    }

    /// From now on a broker opens the store.
    pub(crate) fn finish_import(&self) -> Result<(), StoreError> {
        make_all(&*self.backend, vec![Change::Delete { table: Table::Meta, key: IMPORTING.to_vec() }])
    }

    /// Whether no broker has used the store yet.
    pub(crate) fn is_new(&self) -> Result<bool, StoreError> {
        Ok(self.backend.scan(Table::Keys, b"", None, 1)?.is_empty())
    }

    /// Whether an export can be taken in: the store is new, the export whole, and the root key that of its keys.
    pub(crate) fn check_import(&self, from: &mut dyn Read) -> Result<Summary, ExportError> {
        self.check_empty()?;
        read(from, &mut |table, key, value| {
            if table == Table::Keys {
                self.open_key(&Row { key, value })?;
            }
            Ok(())
        })
    }

    fn check_empty(&self) -> Result<(), ExportError> {
        for table in EXPORTED {
            let own = |key: &[u8]| table == Table::Meta && key != IMPORTING;
            let rows = self.backend.scan(table, b"", None, 8)?;
            if rows.iter().any(|row| !own(&row.key)) {
                return Err(ExportError::NotEmpty);
            }
        }
        Ok(())
    }
}

/// Refuses a store that an import left half.
pub(super) fn check_whole(backend: &dyn Backend) -> Result<(), StoreError> {
    match backend.get(Table::Meta, IMPORTING)? {
        None => Ok(()),
        Some(_) => Err(StoreError::HalfImported),
    }
}

/// Reads an export to its end and checks it, without keeping anything of it.
pub(crate) fn check(from: &mut dyn Read) -> Result<Summary, ExportError> {
    read(from, &mut |_, _, _| Ok(()))
}

/// Gives every row to `each`; what it said of itself. An error may come after rows were given.
fn read(
    from: &mut dyn Read,
    each: &mut dyn FnMut(Table, Vec<u8>, Vec<u8>) -> Result<(), StoreError>,
) -> Result<Summary, ExportError> {
    let mut from = Hashed { inner: from, hash: Context::new(&SHA256) };
    let mut magic = [0; MAGIC.len()];
    from.read_exact(&mut magic).map_err(short)?;
    if magic != *MAGIC {
        return Err(ExportError::Form { reason: "it does not begin as one" });
    }
    let header: Header = serde_json::from_slice(&header_line(&mut from)?)
        .map_err(|_| ExportError::Form { reason: "its header cannot be read" })?;
    if header.format != FORMAT {
        return Err(ExportError::Format { expected: FORMAT, actual: header.format });
    }
    let mut rows = 0_u64;
    loop {
        let [code] = fixed::<1>(&mut from)?;
        if code == END {
            break;
        }
        let table = usize::from(code).checked_sub(1).and_then(|place| EXPORTED.get(place));
        let table = table.ok_or(ExportError::Form { reason: "a row of an unknown table" })?;
        let key = sized(&mut from, KEY_BYTES)?;
        let value = sized(&mut from, VALUE_BYTES)?;
        each(*table, key, value)?;
        rows = rows.saturating_add(1);
    }
    if u64::from_be_bytes(fixed(&mut from)?) != rows {
        return Err(ExportError::Form { reason: "rows are missing" });
    }
    let Hashed { inner, hash } = from;
    let (actual, expected) = (hex::encode(hash.finish()), hex::encode(fixed::<32>(inner)?));
    if actual != expected {
        return Err(ExportError::Digest { expected, actual });
    }
    let mut rest = [0];
    if inner.read(&mut rest)? != 0 {
        return Err(ExportError::Form { reason: "something follows its end" });
    }
    Ok(Summary { header, rows, sha256: actual })
}

fn write_row(to: &mut dyn Write, table: Table, key: &[u8], value: &[u8]) -> io::Result<()> {
    let place = EXPORTED.iter().position(|exported| *exported == table);
    let code = place.and_then(|place| u8::try_from(place).ok()).map_or(END, |place| place.saturating_add(1));
    to.write_all(&[code])?;
    for part in [key, value] {
        let length = u32::try_from(part.len()).map_err(|_| io::ErrorKind::InvalidData)?;
        to.write_all(&length.to_be_bytes())?;
        to.write_all(part)?;
    }
    Ok(())
}

fn header_line(from: &mut dyn Read) -> Result<Vec<u8>, ExportError> {
    let mut line = Vec::new();
    for _ in 0..HEADER_BYTES {
        match fixed::<1>(from)? {
            [b'\n'] => return Ok(line),
            [byte] => line.push(byte),
        }
    }
    Err(ExportError::Form { reason: "its header is longer than any" })
}

fn fixed<const N: usize>(from: &mut dyn Read) -> Result<[u8; N], ExportError> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).map_err(short)?;
    Ok(bytes)
}

/// Bytes after their length. Memory grows with what comes, not with what is announced.
fn sized(from: &mut dyn Read, most: u32) -> Result<Vec<u8>, ExportError> {
    let length = u32::from_be_bytes(fixed(from)?);
    if length > most {
        return Err(ExportError::Form { reason: "a row is longer than any" });
    }
    let mut bytes = Vec::new();
    from.take(u64::from(length)).read_to_end(&mut bytes)?;
    if u32::try_from(bytes.len()) != Ok(length) {
        return Err(ExportError::Form { reason: "it ends too early" });
    }
    Ok(bytes)
}

fn short(error: io::Error) -> ExportError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ExportError::Form { reason: "it ends too early" },
        _ => error.into(),
    }
}

/// Reads or writes and hashes what passes.
struct Hashed<T> {
    inner: T,
    hash: Context,
}

impl Write for Hashed<&mut dyn Write> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl Read for Hashed<&mut dyn Read> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.hash.update(bytes.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// What is exported; the place in this list is the number in the file, so that nothing may be put between.
const EXPORTED: [Table; 10] = [
    Table::Meta,
    Table::Keys,
    Table::Settings,
    Table::Secrets,
    Table::SecretVersions,
    Table::Records,
    Table::RecordTimes,
    Table::Blobs,
    Table::BlobUses,
    Table::Counters,
];
const MAGIC: &[u8; 19] = b"vouchsafe export 1\n";
const END: u8 = 0;
const SOFTWARE: &str = concat!("vouchsafe-kbs ", env!("CARGO_PKG_VERSION"));
/// The mark of a store that is taking in an export.
const IMPORTING: &[u8] = b"importing";
/// Ours have about a hundred bytes.
const HEADER_BYTES: usize = 4096;
/// Keys hold a path or two digests.
const KEY_BYTES: u32 = 64 << 10;
/// The largest content is an endorsement file.
const VALUE_BYTES: u32 = 256 << 20;
/// Bytes and rows of one batch.
const BATCH_BYTES: usize = 8 << 20;
const BATCH_ROWS: usize = 4096;

#[cfg(test)]
mod tests;
