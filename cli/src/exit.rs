//! From arguments to an exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{BenchCommand, Cli, Command, PolicyCommand};
use crate::{admin, bench, demo, explain, manual, policy_check, policy_show, replay, verify, weights};

/// Runs the command that `args` (program name first) ask for.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        // clap prints help and version to stdout with code 0, and usage errors to stderr with code 2.
        Err(error) => error.exit(),
    };
    let outcome = match cli.command {
        Command::Verify(args) => verify::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Bench(BenchCommand::Verify(args)) => bench::run(&args),
        Command::Demo => demo::run(),
        Command::Admin(command) => admin::run(&command),
        Command::Policy(PolicyCommand::Check(args)) => policy_check::check(&args),
        Command::Policy(PolicyCommand::Try(args)) => policy_check::try_out(&args),
        Command::Policy(PolicyCommand::Show(args)) => policy_show::show(&args),
        Command::Policy(PolicyCommand::Advisories(args)) => policy_show::list(&args),
        Command::EncryptWeights(args) => weights::encrypt(&args),
        Command::Completions(args) => manual::completions(&args),
        Command::Man(args) => manual::man(&args),
        Command::DemoBroker(args) => demo::broker(&args),
        Command::DemoGuest(args) => Ok(demo::guest(args)),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("vouchsafe: {}", told(&error));
            ExitCode::from(error.downcast_ref::<admin::Failure>().map_or(USAGE, admin::Failure::exit))
        }
    }
}

/// The error and its causes; a cause whose words stand there already is not said again.
fn told(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Wrong arguments or files that cannot be read.
const USAGE: u8 = 2;

#[cfg(test)]
mod tests;
