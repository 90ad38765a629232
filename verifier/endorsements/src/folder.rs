//! A folder of endorsements that is read anew when it changed.
#![expect(
    clippy::disallowed_methods,
    reason = "looking at a folder, and how long ago it was done, is this module's work"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::files::{FetchError, Loaded, list, load};

/// A folder of endorsements and what was read from it last.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    loaded: Arc<Loaded>,
    listing: Vec<Entry>,
    looked: Instant,
}

/// What tells that a file is another one than before.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    path: PathBuf,
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Folder {
    /// Reads the folder for the first time.
    pub fn open(path: &Path) -> Result<Self, FetchError> {
        let state = State::read(path)?;
        Ok(Self { path: path.to_owned(), state: Mutex::new(state) })
    }

    /// What was read last, without looking at the folder.
    pub fn current(&self) -> Arc<Loaded> {
        Arc::clone(&self.lock().loaded)
    }

    /// Looks at the folder unless that was done within the last second, and reads it anew if it changed.
    /// On an error, what was read last stays in place.
    pub fn refresh(&self) -> Result<Arc<Loaded>, FetchError> {
        if self.lock().looked.elapsed() < PAUSE {
            return Ok(self.current());
        }
        self.refresh_now()
    }

    /// Looks at the folder in any case, for when an endorsement is missing that may have just been put there.
    pub fn refresh_now(&self) -> Result<Arc<Loaded>, FetchError> {
        let mut state = self.lock();
        state.looked = Instant::now();
        if listing(&self.path)? != state.listing {
            *state = State::read(&self.path)?;
        }
        Ok(Arc::clone(&state.loaded))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn read(path: &Path) -> Result<Self, FetchError> {
        // The listing is taken first: a file that changes while it is read differs from it at the next look.
        let listing = listing(path)?;
        let loaded = Arc::new(load(&[path.to_owned()])?);
        Ok(Self { loaded, listing, looked: Instant::now() })
    }
}

fn listing(folder: &Path) -> Result<Vec<Entry>, FetchError> {
    let entries = list(folder)?.files.into_iter().filter_map(|path| {
        // A file that went away meanwhile is no part of the listing.
        let metadata = fs::metadata(&path).ok()?;
        Some(Entry { bytes: metadata.len(), modified: metadata.modified().ok(), path })
    });
    Ok(entries.collect())
}

/// Between two looks at an unchanged folder.
const PAUSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
