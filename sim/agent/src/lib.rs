//! The guest agent with simulated hardware: for tests and demonstrations only.
//!
//! ```text
//!  init ──▶ folder: root.pem, endorsements/…  ──▶ a broker that pins the root under a `danger_` name
//!                   platform.json (the keys)  ──▶ SimulatedAttester ──▶ guest_agent::execute ──▶ the same trip
//! ```
//!
//! The command line is the product agent's, with the options of the simulation beside it. The product's agent does
//! not depend on this crate, so that what is measured cannot mint evidence.
//!
//! # Example
//!
//! ```
//! use guest_agent::Attester;
//! use sim::intel::QuoteForm;
//! use sim::platform::{GuestConfig, Platform};
//! use sim_agent::SimulatedAttester;
//!
//! let platform = Platform::intel(QuoteForm::TdxV4, &mut guest_agent::system_rng(), 1_772_323_200)?;
//! let attester = SimulatedAttester::new(platform.machine, GuestConfig::default());
//! let evidence = kbs_protocol::evidence::Tdx::parse(&attester.evidence(&[7; 64])?)?;
//! assert_eq!(evidence.quote()?[..2], [4, 0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Invariants
//!
//! - Whoever runs it is told on standard error that the hardware is simulated, at every command.
//! - `init` never replaces a machine; `platform.json` is made with mode 0600.

mod attester;
mod command;
mod folder;

pub use attester::{SampleAttester, SimulatedAttester};
pub use command::run;
pub use folder::{FolderError, now, read_machine, write_platform};

#[cfg(test)]
mod tests;
