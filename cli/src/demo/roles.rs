//! What the other processes do: each is this program with a hidden subcommand.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use anyhow::Context as _;
use clap::Args;
use kbs::{Clock, Running};

/// Arguments of the broker's process.
#[derive(Debug, Args)]
pub struct BrokerArgs {
    /// The broker's configuration
    #[arg(long, value_name = "FILE")]
    pub(super) config: PathBuf,
}

/// Arguments of the guest's process: those of `vouchsafe-agent-sim`.
#[derive(Debug, Args)]
pub struct GuestArgs {
    /// Everything that follows
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(super) args: Vec<OsString>,
}

/// Serves until standard input ends; says on standard output what weakens it and where it listens.
pub(crate) fn broker(args: &BrokerArgs) -> anyhow::Result<ExitCode> {
    let config = kbs::config::load(&args.config)?;
    let dangers = config.dangers();
    let running = Running::start(config, Clock::system()).context("the broker cannot start")?;
    let mut stdout = io::stdout();
    for danger in dangers {
        writeln!(stdout, "{DANGER}{danger}")?;
    }
    writeln!(stdout, "{LISTENING}{}", running.address())?;
    stdout.flush()?;
    wait_for_the_end(io::stdin());
    running.stop();
    Ok(ExitCode::SUCCESS)
}

/// A guest agent on simulated hardware; given up when standard input ends.
pub(crate) fn guest(args: GuestArgs) -> ExitCode {
    thread::spawn(|| {
        wait_for_the_end(io::stdin());
        // Whoever wanted the answer is gone, and the agent's output files remove themselves only when it is done.
        std::process::exit(1);
    });
    sim_agent::run(std::iter::once(OsString::from("vouchsafe-agent-sim")).chain(args.args))
}

/// Reads what nobody sends until the other side closes; an error is an end, too.
fn wait_for_the_end(mut input: impl io::Read) {
    let mut nothing = [0; 64];
    while matches!(input.read(&mut nothing), Ok(count) if count > 0) {}
}

/// Before each setting that weakens the broker.
pub(super) const DANGER: &str = "danger ";
/// Before the address, once requests are taken; nothing follows.
pub(super) const LISTENING: &str = "listening on ";
