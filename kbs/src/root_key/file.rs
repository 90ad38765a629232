//! A root key in a file: made at the first start, readable by its owner alone.
//!
//! Whoever reads the file reads the store; what seal.rs does with it bounds no number of messages.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use endorsements::{FetchError, read_file};
use zeroize::Zeroizing;

use super::{RootKey, RootKeyError};
use crate::config::ConfigError;
use crate::seal::{Purpose, SealingKey};
use crate::system::rng;
use crate::whole_file;

/// A root key in this process's memory.
pub(super) struct FileKey {
    key: SealingKey,
    id: String,
}

/// Reads the root key, or makes it when neither key nor store exist yet.
pub(super) fn read_or_make(path: &Path, store_is_new: bool) -> Result<FileKey, ConfigError> {
    match read("root_key", path) {
        Err(ConfigError::Read { source: FetchError::Io { kind: io::ErrorKind::NotFound, .. }, .. }) => {
            if store_is_new {
                make(path)
            } else {
                Err(ConfigError::RootKeyLost { path: path.display().to_string() })
            }
        }
        other => other,
    }
}

/// Reads the root key that `setting` of the configuration names.
pub(super) fn read(setting: &'static str, path: &Path) -> Result<FileKey, ConfigError> {
    let text = read_file(path, FILE_LIMIT)
        .map(Zeroizing::new)
        .map_err(|source| ConfigError::Read { key: setting, source })?;
    check_mode(path)?;
    let refused = || ConfigError::Content {
        key: setting,
        path: path.display().to_string(),
        wanted: "64 hexadecimal digits",
    };
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim_ascii(), key.as_mut()).map_err(|_| refused())?;
    SealingKey::from_bytes(key.as_ref()).map(FileKey::new).ok_or_else(refused)
}

impl FileKey {
    pub(super) fn new(key: SealingKey) -> Self {
        let id = format!("file:{}", hex::encode(key.fingerprint()));
        Self { key, id }
    }
}

impl RootKey for FileKey {
    fn id(&self) -> String {
        self.id.clone()
    }

    fn wrap(&self, key: &[u8], context: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        self.key
            .seal(Purpose::WrappedKey, context, key, &mut rng())
            .map_err(|_| RootKeyError::Broken { id: self.id() })
    }

    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, RootKeyError> {
        self.key.open(Purpose::WrappedKey, context, wrapped).map_err(|_| RootKeyError::NotWrappedHere)
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileKey({})", self.id)
    }
}

fn check_mode(path: &Path) -> Result<(), ConfigError> {
    let mode = fs::metadata(path).map_err(|error| write_error(path, &error))?.permissions().mode() & 0o777;
    if mode & OPEN_TO_OTHERS != 0 {
        return Err(ConfigError::RootKeyMode { path: path.display().to_string(), mode });
    }
    Ok(())
}

/// Makes a key in a file that is not there yet.
pub(super) fn make(path: &Path) -> Result<FileKey, ConfigError> {
    let key = SealingKey::generate(&mut rng());
    let text = Zeroizing::new(hex::encode(key.expose()));
    let line = Zeroizing::new([text.as_bytes(), b"\n"].concat());
    // The key must survive whatever the store survives.
    whole_file::make(path, &line).map_err(|error| write_error(path, &error))?;
    Ok(FileKey::new(key))
}

fn write_error(path: &Path, error: &io::Error) -> ConfigError {
    ConfigError::Write { key: "root_key", path: path.display().to_string(), kind: error.kind() }
}

/// 64 digits and a line end.
const FILE_LIMIT: u64 = 128;
/// Anything for others; writing for the group.
const OPEN_TO_OTHERS: u32 = 0o027;

#[cfg(test)]
mod tests;
