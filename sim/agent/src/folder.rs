//! The shell: a platform's folder, and the clock.
#![expect(clippy::disallowed_methods, reason = "reads and writes a platform's folder, reads the clock")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sim::MintError;
use sim::platform::{MACHINE_FILE, Machine, Platform};

/// Why a platform's folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A file or folder cannot be read or made.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The file is larger than any machine's.
    #[error("{} has more than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// Nothing can be minted, or the file is not a machine's.
    #[error("the simulated machine cannot be used")]
    Mint(#[from] MintError),
}

/// Writes a platform into a folder, which is made if need be; a machine that is there already stays as it is.
pub fn write_platform(folder: &Path, platform: &Platform) -> Result<(), FolderError> {
    let mut files = platform.files()?;
    // The hardware first: where there is one already, nothing else is touched.
    files.sort_by_key(|file| !file.private);
    for file in files {
        let path = folder.join(&file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(io_error("make", parent))?;
        }
        let mut options = OpenOptions::new();
        options.write(true).mode(if file.private { 0o600 } else { 0o644 });
        if file.private {
            options.create_new(true)
        } else {
            options.create(true).truncate(true)
        };
        let mut out = options.open(&path).map_err(io_error("make", &path))?;
        out.write_all(&file.content).map_err(io_error("write", &path))?;
    }
    Ok(())
}

/// Reads the machine from a platform's folder.
pub fn read_machine(folder: &Path) -> Result<Machine, FolderError> {
    let path = folder.join(MACHINE_FILE);
    let file = File::open(&path).map_err(io_error("read", &path))?;
    let mut json = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut json).map_err(io_error("read", &path))?;
    if u64::try_from(json.len()).is_ok_and(|size| size > LIMIT) {
        return Err(FolderError::TooLarge { path, limit: LIMIT });
    }
    Ok(Machine::from_json(&json)?)
}

/// The time of this moment, in seconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn io_error<'a>(action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> FolderError + 'a {
    move |source| FolderError::Io { action, path: path.to_owned(), source }
}

/// A machine's file has about 10 kB; this is far more.
const LIMIT: u64 = 1 << 20;
