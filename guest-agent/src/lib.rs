//! The guest's side: collects hardware evidence, asks a key broker for secrets, opens weights.
//!
//! ```text
//!  kernel (configfs-tsm, /dev/sev-guest) ──▶ Attester ──┐ evidence that covers nonce and key
//!                                                       ▼
//!  command line ──▶ command ──▶ Broker::get ──▶ /auth, /attest, /resource ──▶ secret ──▶ stdout or a file of mode 0600
//!                                                                                   └──▶ weights, opened
//! ```
//!
//! # Example: another attester
//!
//! ```
//! use guest_agent::{AttestError, Attester, EvidenceJson};
//! use kbs_protocol::{Tee, evidence::Sample};
//!
//! struct Toy;
//!
//! impl Attester for Toy {
//!     fn tee(&self) -> Tee {
//!         Tee::Sample
//!     }
//!     fn evidence(&self, report_data: &[u8; 64]) -> Result<EvidenceJson, AttestError> {
//!         Ok(Sample::new(report_data, "1").to_json()?)
//!     }
//! }
//!
//! // `guest_agent::run(std::env::args_os(), || Ok(vec![Box::new(Toy)]))` is a whole agent.
//! # assert!(Toy.evidence(&[7; 64]).unwrap().get().starts_with("{\"report_data\""));
//! ```
//!
//! # Invariants
//!
//! - Secrets are wiped when dropped, go to the place that was asked for and nowhere else: no log, no message, no copy.
//! - A file appears under its name only when it is complete and authentic, with mode 0600; what stands there already is
//!   neither followed nor replaced unless `--force` says so.
//! - Every network call has a deadline and a limit of bytes. Plain HTTP goes to this machine alone.
//! - There is no verifier and no simulation in here: what is measured stays small.

mod attester;
mod broker;
mod command;
pub mod hardware;
mod init_data;
mod output;
mod system;
#[cfg(test)]
mod testing;

pub use attester::{AttestError, Attester, Attesters, EvidenceJson};
pub use broker::{
    Answered, Broker, BrokerError, BrokerOptions, HttpError, Step, UrlError, is_without_tls, tls_config,
};
pub use command::{Cli, Command, Exit, execute, run};
pub use init_data::InitDataRefusal;
pub use output::OutputError;
pub use system::system_rng;
