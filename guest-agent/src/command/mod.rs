//! The command line: arguments in, exit code out.

mod args;
mod decrypt;
mod detect;
mod evidence;
mod exit;
mod failure;
mod get;
mod launch;
mod run;

pub use args::{Cli, Command};
pub use exit::Exit;
pub use run::{execute, run};

#[cfg(test)]
mod tests;
