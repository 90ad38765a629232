//! Writes the imported files and removes those that are no longer imported.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::Context;

/// Below `fixtures/`, what people write and the importer leaves alone.
const BY_HAND: &[&str] = &["README.md", "LICENSES", "vectors"];

/// What a run changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Files written because they were absent or different.
    pub(crate) written: usize,
    /// Files removed because nothing imports them.
    pub(crate) removed: usize,
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} written, {} removed", self.written, self.removed)
    }
}

/// Makes `to` hold exactly `files` (paths with `/`), besides what people write by hand.
///
/// # Errors
/// An I/O error, naming the path.
pub(crate) fn write(to: &Path, files: &BTreeMap<String, Vec<u8>>) -> anyhow::Result<Changes> {
    let mut changes = Changes::default();
    for (path, bytes) in files {
        let target = to.join(path);
        if std::fs::read(&target).is_ok_and(|present| present == *bytes) {
            continue;
        }
        let folder = target.parent().context("a file has a folder")?;
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        std::fs::write(&target, bytes).with_context(|| format!("writing {}", target.display()))?;
        changes.written += 1;
    }
    for path in present(to, "")? {
        if !files.contains_key(&path) {
            std::fs::remove_file(to.join(&path)).with_context(|| format!("removing {path}"))?;
            changes.removed += 1;
        }
    }
    Ok(changes)
}

fn present(to: &Path, folder: &str) -> anyhow::Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(to.join(folder))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if folder.is_empty() && BY_HAND.contains(&name.as_str()) {
            continue;
        }
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        if entry.file_type()?.is_dir() {
            files.extend(present(to, &path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests;
