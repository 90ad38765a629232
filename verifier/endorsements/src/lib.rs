//! Reads endorsements from files and folders; it fetches, it never decides.
//!
//! ```text
//! paths ─ load ─▶ Loaded { endorsements, files, skipped }
//! folder ─ Folder::open ─▶ Folder ─ refresh ─▶ Arc<Loaded>, read anew when the folder's listing changed
//! ```
//!
//! ```no_run
//! let loaded = endorsements::load(&["collateral".into()])?;
//! println!("{} certificates", loaded.endorsements.certificates().len());
//! # Ok::<(), endorsements::FetchError>(())
//! ```
//!
//! Invariants: every read has a byte limit; what a file holds is recognised by its content and never by its name;
//! a folder that cannot be read anew leaves the former content in place.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod files;
mod folder;
#[cfg(test)]
mod scratch;

pub use files::{FetchError, File, Loaded, Skipped, load, read_file};
pub use folder::Folder;
