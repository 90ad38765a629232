//! `cargo xtask test`: everything that must hold before a change lands, in one command.
//!
//! ```text
//! tools ─▶ format ─▶ lints ─▶ release binaries ─▶ tests, sweep, doc tests, both crypto backends, oracles ─▶ cargo deny
//!                                                                       └▶ closing lines, summed
//! ```
//!
//! A failed step does not stop the others. What is not run is named, with the reason.

mod run;
mod steps;
mod summary;
mod tools;

use std::path::Path;
use std::time::Instant;

use run::Runner;
use summary::{Outcome, Summary};

/// Runs every step in `root`, the root of the repository.
///
/// # Errors
/// A tool is missing and may not be installed, or a step failed: the names of those that did.
pub(crate) fn test(root: &Path) -> anyhow::Result<()> {
    let started = Instant::now();
    let runner = Runner::new(root);
    let mut summary = Summary::default();
    tools::ensure(&runner)?;
    for step in steps::all(root) {
        println!("\n== {} ==", step.name);
        let step_started = Instant::now();
        let outcome = match step.skipped {
            Some(reason) => {
                println!("skipped: {reason}");
                Outcome::Skipped(reason)
            }
            None => runner.step(&step.command, &mut summary)?,
        };
        summary.record(step.name, outcome, step_started.elapsed());
    }
    println!("\n{}", summary.closing_lines(started.elapsed()));
    summary.verdict()
}
