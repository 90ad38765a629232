//! Space on the disk that is left for releases.

use std::path::{Path, PathBuf};

/// How much of the store's file system stays free of what strangers can cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reserve(Option<(PathBuf, u64)>);

impl Reserve {
    /// `bytes` of the file system that holds the file at `path`.
    pub(crate) fn of(path: &Path, bytes: u64) -> Self {
        Self(Some((path.to_owned(), bytes)))
    }

    /// A store without a file system of this machine.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Whether more than the reserve is free. A file system that does not tell has nothing free.
    pub(crate) fn holds(&self) -> bool {
        let Some((path, bytes)) = &self.0 else { return true };
        free_bytes(path).is_some_and(|free| free > *bytes)
    }
}

/// Bytes that are free on the file system of a path, if it tells.
pub(super) fn free_bytes(path: &Path) -> Option<u64> {
    rustix::fs::statvfs(path)
        .map(|found| found.f_bavail.saturating_mul(found.f_frsize))
        .inspect_err(|error| {
            tracing::warn!(path = %path.display(), %error, "the free space of the store is not known");
        })
        .ok()
}
