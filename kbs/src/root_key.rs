//! The file of the key that opens the store: made at the first start, readable by its owner alone.
#![expect(clippy::disallowed_methods, reason = "reading and making the key file is this module's work")]

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use endorsements::{FetchError, read_file};
use zeroize::Zeroizing;

use crate::config::ConfigError;
use crate::seal::{Purpose, SealingKey};
use crate::system::rng;

/// Keeps the key that opens the store, and wraps other keys with it.
pub(crate) trait RootKey: Send + Sync + fmt::Debug {
    /// Which root key it is: never secret.
    fn id(&self) -> String;
    /// Wraps a key; `context` is authenticated with it.
    fn wrap(&self, key: &[u8], context: &[u8]) -> Result<Vec<u8>, RootKeyError>;
    /// Unwraps what [`RootKey::wrap`] wrapped for the same context.
    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, RootKeyError>;
}

/// A root key cannot do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RootKeyError {
    /// Another root key wrapped it, or for another context.
    #[error("not wrapped by this root key for this use")]
    NotWrappedHere,
    /// Its keeper cannot be asked now.
    #[error("{reason}")]
    Unavailable {
        /// What the keeper says.
        reason: String,
    },
}

/// The root key in use, and those before it, which unwrap alone.
#[derive(Debug)]
pub(crate) struct RootKeys {
    current: Box<dyn RootKey>,
    previous: Vec<Box<dyn RootKey>>,
}

/// A root key in a file.
pub(crate) struct FileKey(SealingKey);

impl RootKeys {
    /// A root key without any before it.
    pub(crate) fn new(current: Box<dyn RootKey>) -> Self {
        Self { current, previous: Vec::new() }
    }

    /// A root key of these bytes.
    pub(crate) fn of_key(key: SealingKey) -> Self {
        Self::new(Box::new(FileKey(key)))
    }

    /// Wraps a key under the current root key.
    pub(crate) fn wrap(&self, key: &[u8], context: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        self.current.wrap(key, context)
    }

    /// Unwraps a key that any of the root keys wrapped.
    pub(crate) fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, RootKeyError> {
        let mut result = self.current.unwrap(wrapped, context);
        for previous in &self.previous {
            if result.is_ok() {
                break;
            }
            result = previous.unwrap(wrapped, context);
        }
        result
    }

    /// Whether the current root key wrapped it.
    pub(crate) fn is_current(&self, _wrapped: &[u8]) -> bool {
        self.previous.is_empty()
    }

    /// Wraps anew under the current root key.
    pub(crate) fn rewrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        self.wrap(&self.unwrap(wrapped, context)?, context)
    }
}

impl RootKey for FileKey {
    fn id(&self) -> String {
        "file".to_owned()
    }

    fn wrap(&self, key: &[u8], context: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        self.0.seal(Purpose::OwnKey, context, key, &mut rng()).map_err(|_| RootKeyError::NotWrappedHere)
    }

    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, RootKeyError> {
        self.0.open(Purpose::OwnKey, context, wrapped).map_err(|_| RootKeyError::NotWrappedHere)
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey(..)")
    }
}

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

/// Reads the root key that all replicas have: none of them makes it, or each would have another.
pub(crate) fn read_shared(path: &Path) -> Result<SealingKey, ConfigError> {
    let text = read_file(path, FILE_LIMIT).map(Zeroizing::new);
    let text = text.map_err(|source| ConfigError::Read { key: "root_key", source })?;
    check_mode(path)?;
    read(path, &text)
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
