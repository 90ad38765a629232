//! Rotation of the root key, while the broker serves: what older root keys wrapped is wrapped anew, row by row.

use super::{Store, StoreError};

impl Store {
    /// The newest version of the current root key that was seen: when it changes, there is something to wrap anew.
    pub(crate) fn root_version(&self) -> u64 {
        self.root.newest()
    }

    /// Wraps anew every key of the broker's own and of every secret that another root key than the current one wraps; how
    /// many. A row that others change meanwhile is left to them: they wrap under the current root key. A row that cannot be read
    /// is an error when all others are done.
    pub(crate) fn rewrap(&self) -> Result<usize, StoreError> {
        let mut done = self.rewrap_keys()?;
        let (mut after, mut failed) = (Vec::new(), None);
        loop {
            let page = self.rewrap_secrets(&after, ROWS)?;
            done += page.done;
            failed = failed.or(page.failed);
            match page.next {
                Some(next) => after = next,
                None => return failed.map_or(Ok(done), Err),
            }
            if page.done > 0 {
                tracing::info!(done, "keys wrapped anew under the current root key");
            }
        }
    }
}

/// Rows that are read at once; each may be as large as a secret.
const ROWS: usize = 16;
