//! `vouchsafe demo`: the main job on real evidence and on a simulated machine, with everything that it needs inside.
//!
//! ```text
//!  this process                 broker, a process of its own           guest, a process of its own
//!  1 real evidence ─▶ verdicts
//!  2 a simulated machine: its root, its endorsements ─▶ configuration
//!  3 weights ─▶ sealed; key ──────────▶ store
//!  4                                     challenge, verdict, key ◀────▶ evidence, opens the weights
//!  5                                     refusal ◀────────────────────▶ the same with another launch digest
//!  6 nothing is left: folder, processes
//! ```
//!
//! Both other processes are this program, started again with a hidden subcommand; they end when their standard input
//! does, so that they never outlive it.

mod broker;
mod evidence;
mod guest;
mod interrupt;
mod material;
mod process;
mod roles;
mod story;
mod trip;

pub(crate) use roles::{BrokerArgs, GuestArgs, broker, guest};
pub(crate) use trip::run;
