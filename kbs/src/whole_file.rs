//! Files that have their name when they are whole, and keep it when the power fails.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, hard_link, remove_file};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Makes a file that only its owner reads, and that is not there yet.
///
/// Whoever is killed meanwhile leaves no half of it under this name. Of two that make it at once, one does.
pub(crate) fn make(path: &Path, content: &[u8]) -> io::Result<()> {
    let unfinished = unfinished(path);
    let result = write(&unfinished, content).and_then(|()| hard_link(&unfinished, path));
    // Whatever became of it, it is of no more use.
    let _ = remove_file(&unfinished);
    result?;
    sync_folder(path)
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes the names in the folder of `path` durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    OpenOptions::new().read(true).open(folder).and_then(|folder: File| folder.sync_all())
}

/// Of this process alone.
fn unfinished(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".unfinished.{}", std::process::id()));
    PathBuf::from(name)
}

#[cfg(test)]
mod tests;
