//! Files and folders into one set of endorsements, with a limit on everything that is read.
#![expect(clippy::disallowed_methods, reason = "reading endorsement files is this module's work")]

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use verifier::endorsements::{EndorsementError, Endorsements};

/// What was read.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The endorsements, parsed.
    pub endorsements: Endorsements,
    /// Every file that was taken, in the order in which it was read.
    pub files: Vec<File>,
    /// Files of a folder that were passed over, with the reason.
    pub skipped: Vec<Skipped>,
    bytes: usize,
}

/// One file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The path as given, or the folder's path and the path below it.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A file of a folder that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// Endorsements that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The operating system refused.
    #[error("{path}: {}", words(*.kind))]
    Io {
        /// What was to be read.
        path: String,
        /// What the system says.
        kind: io::ErrorKind,
    },
    /// A file is larger than what is read of one.
    #[error("{path}: more than the {limit} bytes that are read of one file")]
    FileTooLarge {
        /// The file.
        path: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// All files together are larger than what is read.
    #[error("more than {limit} bytes of endorsements in all")]
    TotalTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// Too many files.
    #[error("more than {limit} endorsement files")]
    TooManyFiles {
        /// The limit.
        limit: usize,
    },
    /// Folders within folders, deeper than any layout of collateral.
    #[error("{path}: folders nested deeper than {limit}")]
    TooDeep {
        /// The folder at which reading stopped.
        path: String,
        /// The limit.
        limit: usize,
    },
    /// The set refuses a file.
    #[error(transparent)]
    Set(#[from] EndorsementError),
}

/// Reads files and folders, folders with everything below them in the order of names.
///
/// Entries whose name begins with a dot are passed over: a mounted Kubernetes volume keeps its versions there.
pub fn load(paths: &[PathBuf]) -> Result<Loaded, FetchError> {
    let mut loaded = Loaded::default();
    for path in paths {
        if fs::metadata(path).map_err(|error| io_error(path, &error))?.is_dir() {
            let found = list(path)?;
            for (path, error) in &found.skipped {
                loaded.skip(path, error);
            }
            for file in found.files {
                match read_file(&file, MAX_FILE) {
                    Ok(bytes) => loaded.take(&file, bytes)?,
                    Err(error) => loaded.skip(&file, &error),
                }
            }
        } else {
            let bytes = read_file(path, MAX_FILE)?;
            loaded.take(path, bytes)?;
        }
    }
    Ok(loaded)
}

/// Reads one file of at most `limit` bytes.
pub fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, FetchError> {
    let file = fs::File::open(path).map_err(|error| io_error(path, &error))?;
    let mut bytes = Vec::new();
    let taken = file.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    taken.map_err(|error| io_error(path, &error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(FetchError::FileTooLarge { path: path.display().to_string(), limit });
    }
    Ok(bytes)
}

/// What lies below a folder.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The files, sorted by path.
    pub(crate) files: Vec<PathBuf>,
    /// What could not be looked at: one broken link must not keep the rest from being read.
    pub(crate) skipped: Vec<(PathBuf, FetchError)>,
}

/// The files below a folder. The folder itself must be readable.
pub(crate) fn list(folder: &Path) -> Result<Found, FetchError> {
    let mut found = Found::default();
    walk(folder, 0, &mut found)?;
    found.files.sort();
    Ok(found)
}

impl Loaded {
    fn take(&mut self, path: &Path, bytes: Vec<u8>) -> Result<(), FetchError> {
        let total = self.bytes;
        let total = total.saturating_add(bytes.len());
        if total > MAX_TOTAL {
            return Err(FetchError::TotalTooLarge { limit: MAX_TOTAL });
        }
        if self.files.len() >= MAX_FILES {
            return Err(FetchError::TooManyFiles { limit: MAX_FILES });
        }
        let name = path.display().to_string();
        self.endorsements.add(&name, &bytes)?;
        self.files.push(File { name, bytes });
        self.bytes = total;
        Ok(())
    }

    fn skip(&mut self, path: &Path, error: &FetchError) {
        let (name, reason) = (path.display().to_string(), error.to_string());
        // Whoever shows it names the file first.
        let reason = reason.strip_prefix(&format!("{name}: ")).map(str::to_owned).unwrap_or(reason);
        self.skipped.push(Skipped { name, reason });
    }
}

fn walk(folder: &Path, depth: usize, found: &mut Found) -> Result<(), FetchError> {
    if depth > MAX_DEPTH {
        return Err(FetchError::TooDeep { path: folder.display().to_string(), limit: MAX_DEPTH });
    }
    for entry in fs::read_dir(folder).map_err(|error| io_error(folder, &error))? {
        let entry = entry.map_err(|error| io_error(folder, &error))?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => match walk(&path, depth.saturating_add(1), found) {
                Err(error @ (FetchError::TooDeep { .. } | FetchError::Io { .. })) => {
                    found.skipped.push((path, error));
                }
                other => other?,
            },
            Ok(metadata) if metadata.is_file() => found.files.push(path),
            Ok(_) => {}
            Err(error) => {
                let error = io_error(&path, &error);
                found.skipped.push((path, error));
            }
        }
        if found.files.len() > MAX_FILES || found.skipped.len() > MAX_FILES {
            return Err(FetchError::TooManyFiles { limit: MAX_FILES });
        }
    }
    Ok(())
}

pub(crate) fn io_error(path: &Path, error: &io::Error) -> FetchError {
    FetchError::Io { path: path.display().to_string(), kind: error.kind() }
}

/// The standard library calls a file that is not there an entity that is not found.
fn words(kind: io::ErrorKind) -> String {
    match kind {
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        other => other.to_string(),
    }
}

/// Bytes of one file; the set of endorsements has the same limit.
const MAX_FILE: u64 = 0x40_0000;
/// Bytes of all files: a fleet of ten thousand VCEKs is about 15 MB.
const MAX_TOTAL: usize = 0x1000_0000;
/// Files of one set.
const MAX_FILES: usize = 0x1_0000;
/// Folders within folders: vendor, product, kind.
const MAX_DEPTH: usize = 4;

#[cfg(test)]
mod tests;
