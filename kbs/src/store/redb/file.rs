//! The file of the embedded store: it gets its name when it is whole, and its name is as durable as its content.

use std::fs::{OpenOptions, Permissions, TryLockError, rename};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use redb::Database;
use rustix::fs::{Advice, fadvise};

use super::refused;
use crate::store::StoreError;
use crate::whole_file::sync_folder;

/// Opens the store at `path`, or makes it.
///
/// An error names the file.
pub(super) fn open_or_make(path: &Path) -> Result<Database, StoreError> {
    made_or_open(path).map_err(|error| named(path, error))
}

/// Opens the store at `path`. One that is gone is not made anew: what was acknowledged was in it.
pub(super) fn open(path: &Path) -> Result<Database, StoreError> {
    open_there(path).map_err(|error| named(path, error))
}

fn named(path: &Path, error: StoreError) -> StoreError {
    let StoreError::Database { reason } = error else { return error };
    let in_use = reason == redb::DatabaseError::DatabaseAlreadyOpen.to_string();
    let reason = if in_use { IN_USE } else { &reason };
    StoreError::Database { reason: format!("{}: {reason}", path.display()) }
}

/// A database that is made where it will stay, and is cut off in that, has a length and no header: it opens never again.
/// So it is made under another name.
fn made_or_open(path: &Path) -> Result<Database, StoreError> {
    if is_there(path).map_err(broken)? {
        return open_there(path);
    }
    let path = &target(path);
    let unfinished = unfinished(path);
    let file = options().create(true).truncate(false).open(&unfinished).map_err(broken)?;
    // Of two brokers that start at once, one makes it.
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(refused(redb::DatabaseError::DatabaseAlreadyOpen));
        }
        Err(TryLockError::Error(error)) => return Err(broken(error)),
    }
    // Whoever had the lock before may have made it meanwhile, and this be its file.
    if is_there(path).map_err(broken)? {
        return Err(refused(redb::DatabaseError::DatabaseAlreadyOpen));
    }
    file.set_len(0).and_then(|()| file.set_permissions(Permissions::from_mode(MODE))).map_err(broken)?;
    let database = Database::builder().create_file(file).map_err(refused)?;
    // What is acknowledged from now on is in the file: the name must not be lost with the power.
    rename(&unfinished, path).and_then(|()| sync_folder(path)).map_err(broken)?;
    Ok(database)
}

fn open_there(path: &Path) -> Result<Database, StoreError> {
    let file = options().open(path).map_err(broken)?;
    // After a sync that failed the kernel has what it could not write still in its cache, and calls it clean: it is read
    // as if it were on the disk, and is never written again. What is read from here on is what the disk has.
    fadvise(&file, 0, None, Advice::DontNeed).map_err(|error| broken(error.into()))?;
    Database::builder().create_file(file).map_err(refused)
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(MODE);
    options
}

/// Whether there is a store. An empty file is none.
fn is_there(path: &Path) -> io::Result<bool> {
    match path.metadata() {
        Ok(found) => Ok(found.len() > 0),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Where a name leads that is a link to a file which is not there yet: the store is made there and not in the link's place.
fn target(path: &Path) -> PathBuf {
    match path.read_link() {
        Ok(link) => path.with_file_name(link),
        Err(_) => path.to_owned(),
    }
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    path.with_file_name(name)
}

fn broken(error: io::Error) -> StoreError {
    refused(redb::StorageError::Io(error))
}

const IN_USE: &str = "another broker has it open: stop that one, or ask it (`vouchsafe admin backup`); many brokers share a PostgreSQL";
/// Tokens of open sessions are in it: nobody but the broker reads the file.
const MODE: u32 = 0o600;

#[cfg(test)]
mod tests;
