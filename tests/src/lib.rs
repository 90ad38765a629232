//! What the system tests share: the fixtures with their expectations, minted evidence, a broker as a process.
//!
//! ```text
//! fixtures/ ─────────────────┐
//! ../shared/fixtures/extra/ ─┴▶ fixtures::index, fixtures::negatives ─▶ it/ (one test binary)
//! sim ─▶ minted ─▶ broker::{Site, Broker, Draft} ◀─ binaries ──────────────▶
//! ```

pub mod binaries;
pub mod broker;
pub mod coco;
pub mod minted;
pub mod postgres;
pub mod proxy;
pub mod summary;

pub use fixtures;
