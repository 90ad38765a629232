//! The `vouchsafe` command: verify evidence, measure the verifier, watch the main job.
//!
//! A shell: it reads files and the clock once, calls the pure crates and prints what they answer.

mod admin;
mod args;
mod bench;
mod demo;
mod exit;
mod explain;
mod inputs;
mod manual;
mod policy_check;
mod policy_show;
mod replay;
mod report;
mod result;
mod system;
mod verify;
mod weights;

pub use args::{Cli, Command};
pub use exit::run;
