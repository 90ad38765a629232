//! What the system tests share: the fixtures with their expectations.
//!
//! ```text
//! fixtures/ ─────────────────┐
//! ../shared/fixtures/extra/ ─┴▶ fixtures::index, fixtures::negatives ─▶ it/ (one test binary)
//! ```

pub mod binaries;
pub mod fixtures;
pub mod minted;
pub mod summary;
