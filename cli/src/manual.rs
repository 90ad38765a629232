//! `vouchsafe completions` and `vouchsafe man`: made from the command line's own definition, so that they never differ.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_mangen::Man;

use crate::args::{Cli, CompletionsArgs, ManArgs};

/// Prints the completions of one shell.
pub(crate) fn completions(args: &CompletionsArgs) -> anyhow::Result<ExitCode> {
    // Into memory first: the generator panics where a write fails, and standard output may be closed.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut public(), NAME, &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the manual page, or writes all of them into a folder.
pub(crate) fn man(args: &ManArgs) -> anyhow::Result<ExitCode> {
    match &args.out {
        Some(folder) => clap_mangen::generate_to(public(), folder)
            .with_context(|| format!("cannot write into {}", folder.display()))?,
        None => {
            let mut page = Vec::new();
            Man::new(public()).render(&mut page)?;
            io::stdout().lock().write_all(&page)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The command line without the subcommands that only the program itself uses.
fn public() -> clap::Command {
    let whole = Cli::command();
    let subcommands: Vec<_> =
        whole.get_subcommands().filter(|command| !command.is_hide_set()).cloned().collect();
    let mut named = clap::Command::new(NAME).version(env!("CARGO_PKG_VERSION")).subcommand_required(true);
    if let Some(about) = whole.get_about() {
        named = named.about(about.clone());
    }
    named.subcommands(subcommands)
}

const NAME: &str = "vouchsafe";

#[cfg(test)]
mod tests;
