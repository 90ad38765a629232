//! The highest epoch of the settings that this broker has seen, kept outside of the database: whoever can put the
//! database back to an older state cannot put this file back.
#![expect(clippy::disallowed_methods, reason = "keeping this file is the module's work")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use endorsements::{FetchError, read_file};

use crate::config::ConfigError;

/// The file, and what it says.
#[derive(Debug)]
pub(crate) struct EpochFile {
    path: PathBuf,
    kept: Mutex<u64>,
}

impl EpochFile {
    /// Reads the file; without one no epoch was seen yet. It must be writable: an epoch that cannot be kept is
    /// forgotten at the next start.
    pub(crate) fn open(path: &Path) -> Result<Self, ConfigError> {
        let kept = match read_file(path, FILE_LIMIT) {
            Ok(text) => number(&text).ok_or_else(|| ConfigError::Content {
                key: "epoch_file",
                path: path.display().to_string(),
                wanted: "a decimal number",
            })?,
            Err(FetchError::Io { kind: io::ErrorKind::NotFound, .. }) => 0,
            Err(source) => return Err(ConfigError::Read { key: "epoch_file", source }),
        };
        write(path, kept).map_err(|error| unwritable(path, &error))?;
        Ok(Self { path: path.to_owned(), kept: Mutex::new(kept) })
    }

    /// The highest epoch that was seen.
    pub(crate) fn highest(&self) -> u64 {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an epoch, if it is higher than what is kept.
    pub(crate) fn keep(&self, epoch: u64) -> Result<(), ConfigError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if epoch > *kept {
            write(&self.path, epoch).map_err(|error| unwritable(&self.path, &error))?;
            *kept = epoch;
        }
        Ok(())
    }
}

fn unwritable(path: &Path, error: &io::Error) -> ConfigError {
    ConfigError::Write { key: "epoch_file", path: path.display().to_string(), kind: error.kind() }
}

fn number(text: &[u8]) -> Option<u64> {
    str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}

/// The new content is whole under its name, or the old one is.
fn write(path: &Path, epoch: u64) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    // Of this process alone: replicas of one folder do not write into each other's.
    unfinished.push(format!(".{}", std::process::id()));
    let unfinished = PathBuf::from(unfinished);
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    writeln!(file, "{epoch}")?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

/// Twenty digits and a line end.
const FILE_LIMIT: u64 = 64;

#[cfg(test)]
mod tests;
