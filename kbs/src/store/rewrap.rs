//! Rotation of the root key, while the broker serves: what older root keys wrapped is wrapped anew, row by row.

use super::{Store, StoreError};

impl Store {
    /// The newest version of the current root key that was seen: when it changes, there is something to wrap anew.
    pub(crate) fn root_version(&self) -> u64 {
        self.root.newest()
    }

    /// Wraps anew every key of the broker's own and of every secret that another root key than the current one wraps; how
    /// many. A row that others change meanwhile is left to them: they wrap under the current root key.
    pub(crate) fn rewrap(&self) -> Result<usize, StoreError> {
        let mut done = self.rewrap_keys()?;
        let mut after = Vec::new();
        loop {
            let (count, next) = self.rewrap_secrets(&after, ROWS)?;
            done += count;
            match next {
                Some(next) => after = next,
                None => return Ok(done),
            }
            if count > 0 {
                tracing::info!(done, "keys wrapped anew under the current root key");
            }
        }
    }
}

/// Rows that are read at once; each may be as large as a secret.
const ROWS: usize = 16;
