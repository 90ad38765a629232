//! Where a secret goes: standard output, or a file that appears whole, with mode 0600, and follows no link.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rand_core::CryptoRng;

/// A place that is ready to be written to; what is dropped before [`Output::write_all`] leaves no file.
#[derive(Debug)]
pub(crate) enum Output {
    /// Standard output.
    Stdout,
    /// A file that does not have its name yet.
    File(Pending),
}

/// A file under a temporary name in the folder of its later one.
#[derive(Debug)]
pub(crate) struct Pending {
    file: File,
    temporary: Temporary,
    target: PathBuf,
    force: bool,
}

/// Removes the file of this name when dropped.
#[derive(Debug)]
struct Temporary(PathBuf);

/// Why the result could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// Something stands there already.
    #[error("{} exists; --force replaces it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The path ends in no file name.
    #[error("{} names no file", path.display())]
    NoName {
        /// The path.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Standard output cannot be written to.
    #[error("cannot write to standard output")]
    Stdout(#[source] io::Error),
}

/// Makes ready to write to `target`, or to standard output.
pub(crate) fn prepare(
    target: Option<&Path>,
    force: bool,
    rng: &mut impl CryptoRng,
) -> Result<Output, OutputError> {
    let Some(target) = target else { return Ok(Output::Stdout) };
    let name = target.file_name().ok_or_else(|| OutputError::NoName { path: target.to_owned() })?;
    // Said early, before a secret is fetched in vain; `publish` is what decides.
    if !force && fs::symlink_metadata(target).is_ok() {
        return Err(OutputError::Exists { path: target.to_owned() });
    }
    let mut random = [0; 8];
    rng.fill_bytes(&mut random);
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}.tmp", hex::encode(random)));
    let temporary = target.with_file_name(temporary);
    // `create_new` is O_EXCL: a link of that name is not followed, a file of that name is not taken over.
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .map_err(io_error("create", &temporary))?;
    Ok(Output::File(Pending { file, temporary: Temporary(temporary), target: target.to_owned(), force }))
}

impl Output {
    /// Appends, without an end yet.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        match self {
            Self::Stdout => io::stdout().lock().write_all(bytes).map_err(OutputError::Stdout),
            Self::File(pending) => {
                pending.file.write_all(bytes).map_err(io_error("write", &pending.temporary.0))
            }
        }
    }

    /// Appends the last bytes and gives a file its name.
    pub(crate) fn write_all(mut self, bytes: &[u8]) -> Result<(), OutputError> {
        self.append(bytes)?;
        match self {
            Self::Stdout => io::stdout().lock().flush().map_err(OutputError::Stdout),
            Self::File(pending) => pending.publish(),
        }
    }
}

impl Pending {
    /// Gives the file its name in one step; the bytes are on the disk before.
    fn publish(self) -> Result<(), OutputError> {
        let Self { file, temporary, target, force } = self;
        file.sync_all().map_err(io_error("write", &temporary.0))?;
        if force {
            // Replaces a link itself, never what it points to.
            return fs::rename(&temporary.0, &target).map_err(io_error("replace", &target));
        }
        // Unlike a rename, a second name for the file cannot replace anything.
        match fs::hard_link(&temporary.0, &target) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(OutputError::Exists { path: target })
            }
            Err(error) => Err(io_error("create", &target)(error)),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is nothing of that name.
        drop(fs::remove_file(&self.0));
    }
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OutputError {
    let path = path.to_owned();
    move |source| OutputError::Io { action, path, source }
}

#[cfg(test)]
mod tests;
