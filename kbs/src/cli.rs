//! The command line of `vouchsafe-kbs`.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};

mod root_key;
mod store;

use crate::config::{Config, load};
use crate::dev::{Dev, DevArgs, announce};
use crate::server::serve;
use crate::system::Clock;

/// The key broker: releases secrets to attested guests over the CoCo protocol.
#[derive(Debug, Parser)]
#[command(name = "vouchsafe-kbs", version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until SIGTERM or SIGINT.
    Serve {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Write the bound address to this file once requests are taken.
        #[arg(long, value_name = "FILE")]
        port_file: Option<PathBuf>,
    },
    /// Serve a development broker: made of nothing, believes what proves nothing, gone at its end.
    Dev(DevArgs),
    /// Check a configuration file and print what it comes to.
    CheckConfig {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    #[command(flatten)]
    Store(store::StoreCommand),
    /// Make or try the key that opens the store.
    #[command(subcommand)]
    RootKey(root_key::RootKeyCommand),
}

/// Runs the program with these arguments, the program's name first: 0 done, 1 failed, 2 usage.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    match command(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "vouchsafe-kbs: {}", chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error with its causes. Many an error repeats its cause in its own words: what was said is not said again.
fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn command(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve { config, port_file } => {
            log_to_stderr();
            let config = read(&config)?;
            serve_until_stopped(config, port_file.as_deref(), &[])
        }
        Command::Dev(args) => {
            log_to_stderr();
            let Dev { config, folder, dangers } = Dev::make(&args, Clock::system().now())?;
            let served = serve_until_stopped(config, args.port_file.as_deref(), &dangers);
            folder.close().context("the temporary folder")?;
            served
        }
        Command::CheckConfig { config } => {
            let config = read(&config)?;
            check_files(&config)?;
            std::io::stdout().write_all(config.effective().as_bytes())?;
            Ok(())
        }
        Command::Store(command) => {
            log_to_stderr();
            store::run(command)
        }
        Command::RootKey(command) => root_key::run(&command),
    }
}

/// What `serve` would refuse at its start: the folder of endorsements, and the file of the root key if it is there.
fn check_files(config: &Config) -> anyhow::Result<()> {
    if let Some(folder) = &config.endorsements {
        endorsements::Folder::open(folder).context("endorsements")?;
    }
    crate::root_key::check_file(&config.root_key)?;
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<Config> {
    load(file).with_context(|| file.display().to_string())
}

/// `dev` holds the dangers that a development broker tells on its standard output, and nothing for any other.
fn serve_until_stopped(config: Config, port_file: Option<&Path>, dev: &[String]) -> anyhow::Result<()> {
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let mut told = Ok(());
    serve(config, Clock::system(), |address| {
        told = tell(scheme, address, port_file);
        if told.is_ok() && !dev.is_empty() {
            told = announce(dev);
        }
    })?;
    told.context("--port-file")
}

/// One line on stdout, and the address in a file that appears whole or not at all.
fn tell(scheme: &str, address: SocketAddr, port_file: Option<&Path>) -> std::io::Result<()> {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on {scheme}://{address}")?;
    stdout.flush()?;
    let Some(path) = port_file else { return Ok(()) };
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".new");
    write_file(Path::new(&unfinished), &format!("{address}\n"))?;
    std::fs::rename(&unfinished, path)
}

#[expect(clippy::disallowed_methods, reason = "--port-file asks for this file")]
fn write_file(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::write(path, text)
}

/// `RUST_LOG` chooses what is logged, as everywhere.
fn log_to_stderr() {
    use tracing_subscriber::EnvFilter;
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn"));
    // A second call, in a process that embeds this library, leaves the first one's choice in place.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
}

/// Shown below the help text.
const EXIT_CODES: &str = "\
Exit codes:
  0  done; of serve and dev: stopped by SIGTERM or SIGINT
  1  failed: the message says what, and what mends it
  2  usage";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_was_told_is_not_told_again() {
        let cause = std::io::Error::other("no room");
        let told = anyhow::Error::new(cause).context("b.toml: no room").context("config");
        assert_eq!(chain(&told), "config: b.toml: no room");
        let untold = anyhow::Error::msg("no room").context("b.toml");
        assert_eq!(chain(&untold), "b.toml: no room");
    }
}
