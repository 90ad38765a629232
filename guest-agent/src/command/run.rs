//! From arguments to an exit code.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use kbs_protocol::Tee;

use super::args::{BrokerArgs, Cli, Command};
use super::failure::{self, Failure, NoAttester};
use super::{decrypt, detect, evidence, get, launch};
use crate::attester::{Attester, Attesters};
use crate::broker::{Broker, BrokerOptions};
use crate::system::protect_memory;

/// A whole agent: reads `args` (the program's name first), and asks for the attesters only once they are needed.
///
/// Results go to standard output or a file, everything else to standard error.
pub fn run<A>(args: impl IntoIterator<Item = OsString>, attesters: A) -> ExitCode
where
    A: FnOnce() -> Attesters,
{
    match Cli::try_parse_from(args) {
        Ok(cli) => execute(cli.command, attesters),
        Err(error) => {
            // Safe: where standard error is closed there is nobody to tell.
            drop(error.print());
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
    }
}

/// One command, for binaries with a command line of their own around it.
pub fn execute<A>(command: Command, attesters: A) -> ExitCode
where
    A: FnOnce() -> Attesters,
{
    if let Some(warning) = protect_memory() {
        eprintln!("{warning}");
    }
    let done = |()| ExitCode::SUCCESS;
    let outcome = match command {
        Command::Get(args) => get::get(&args, attesters).map(done),
        Command::Token(args) => get::token(&args, attesters).map(done),
        Command::Run(args) => launch::run(&args, attesters).map(ExitCode::from),
        Command::Evidence(args) => evidence::evidence(&args, attesters).map(done),
        Command::Detect(args) => detect::detect(&args).map(done),
        Command::DecryptWeights(args) => decrypt::decrypt(&args, attesters).map(done),
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("{}", failure.report());
            failure.exit().into()
        }
    }
}

/// The attester to use: the first of the wanted TEE, or the first there is.
pub(super) fn choose<A>(wanted: Option<Tee>, attesters: A) -> Result<Box<dyn Attester>, Failure>
where
    A: FnOnce() -> Attesters,
{
    let there = attesters()?;
    let present = there.iter().map(|attester| attester.tee()).collect();
    there
        .into_iter()
        .find(|attester| wanted.is_none_or(|tee| attester.tee() == tee))
        .ok_or(Failure::NoAttester(NoAttester { wanted, present }))
}

/// The broker that the arguments name; its options are checked before any hardware is asked.
pub(super) fn broker(args: &BrokerArgs) -> Result<Broker, Failure> {
    let init_data = args.init_data.as_deref().map(get::init_data).transpose()?;
    Ok(Broker::new(BrokerOptions {
        url: args.kbs_url.clone(),
        ca_certificate: args.ca_cert.clone(),
        danger_plain_http: args.danger_plain_http,
        init_data,
        patience: Duration::from_secs(args.wait.into()),
        waiting: |error, delay| {
            eprintln!("{}; trying again in {:.1} s", failure::chain(error), delay.as_secs_f64());
        },
    })?)
}
