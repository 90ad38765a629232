//! Runs commands: their output is shown as it comes, and what they say of tests is kept.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use super::steps;
use super::summary::{Outcome, Summary};

/// Starts commands in the root of the repository.
pub(super) struct Runner {
    root: PathBuf,
    cargo: OsString,
}

impl Runner {
    /// For the repository at `root`, with the cargo that started this program.
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), cargo: std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()) }
    }

    /// Runs a step and keeps its closing lines in `summary`.
    ///
    /// # Errors
    /// Cargo cannot be started or read.
    pub(super) fn step(&self, step: &steps::Command, summary: &mut Summary) -> anyhow::Result<Outcome> {
        let mut command = self.command(&self.cargo, step.arguments);
        command.envs(step.environment.iter().copied()).stdout(Stdio::piped());
        let mut child = command.spawn().context("starting cargo")?;
        let before = summary.tests_run();
        let stdout = child.stdout.take().context("cargo has an output")?;
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.context("reading cargo's output")?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            summary.read(&line);
        }
        let status = child.wait().context("waiting for cargo")?;
        Ok(match (status.success(), step.runs_tests && summary.tests_run() == before) {
            (false, _) => Outcome::Failed(status.to_string()),
            (true, true) => Outcome::Failed("no test was run".to_owned()),
            (true, false) => Outcome::Passed,
        })
    }

    /// Runs a command that installs something; its output is shown.
    ///
    /// # Errors
    /// It cannot be started, or it failed.
    pub(super) fn install(&self, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let spoken = format!("{program} {}", arguments.join(" "));
        println!("installing: {spoken}");
        let status = self
            .command(program.as_ref(), arguments)
            .status()
            .with_context(|| format!("starting {spoken}"))?;
        anyhow::ensure!(status.success(), "{spoken}: {status}");
        Ok(())
    }

    /// Whether a command runs and says yes; its output is hidden.
    pub(super) fn says_yes(&self, program: &str, arguments: &[&str]) -> bool {
        let mut command = self.command(program.as_ref(), arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    /// A command in the root. Backtraces cost time in tests and benches that make errors on purpose.
    fn command(&self, program: &std::ffi::OsStr, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.root).env_remove("RUST_BACKTRACE").stdin(Stdio::null());
        command
    }
}
