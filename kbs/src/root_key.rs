//! The file of the key that opens the store: made at the first start, readable by its owner alone.
#![expect(clippy::disallowed_methods, reason = "reading and making the key file is this module's work")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use endorsements::{FetchError, read_file};
use zeroize::Zeroizing;

use crate::config::ConfigError;
use crate::seal::SealingKey;
use crate::system::rng;

/// Reads the root key, or makes it when neither key nor store exist yet.
pub(crate) fn read_or_make(path: &Path, store: &Path) -> Result<SealingKey, ConfigError> {
    match read_file(path, FILE_LIMIT).map(Zeroizing::new) {
        Ok(text) => {
            check_mode(path)?;
            read(path, &text)
        }
        Err(FetchError::Io { kind: io::ErrorKind::NotFound, .. }) if !store.exists() => make(path),
        Err(FetchError::Io { kind: io::ErrorKind::NotFound, .. }) => {
            Err(ConfigError::RootKeyLost { path: path.display().to_string() })
        }
        Err(source) => Err(ConfigError::Read { key: "root_key", source }),
    }
}

fn read(path: &Path, text: &[u8]) -> Result<SealingKey, ConfigError> {
    let refused = || ConfigError::Content {
        key: "root_key",
        path: path.display().to_string(),
        wanted: "64 hexadecimal digits",
    };
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim_ascii(), key.as_mut()).map_err(|_| refused())?;
    SealingKey::from_bytes(key.as_ref()).ok_or_else(refused)
}

fn check_mode(path: &Path) -> Result<(), ConfigError> {
    let mode = fs::metadata(path).map_err(|error| write_error(path, &error))?.permissions().mode() & 0o777;
    if mode & OPEN_TO_OTHERS != 0 {
        return Err(ConfigError::RootKeyMode { path: path.display().to_string(), mode });
    }
    Ok(())
}

fn make(path: &Path) -> Result<SealingKey, ConfigError> {
    let key = SealingKey::generate(&mut rng());
    let text = Zeroizing::new(hex::encode(key.expose()));
    write(path, text.as_bytes()).map_err(|error| write_error(path, &error))?;
    Ok(key)
}

/// The key must survive whatever the store survives: the file and its entry in the folder are synced.
fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
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
