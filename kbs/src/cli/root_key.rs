//! The commands about the root key: making one outside of `serve`, and trying those that are configured.

use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;

use crate::root_key::{RootKeys, create};

/// What can be done with a root key.
#[derive(Debug, Subcommand)]
pub(super) enum RootKeyCommand {
    /// Make the configured root key, in its token (PKCS#11) or in its file, where there is none; print its id.
    Create {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Try every configured root key; print their ids, the current one first.
    Check {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

/// Runs a command about the root key.
pub(super) fn run(command: &RootKeyCommand) -> anyhow::Result<()> {
    let ids = match command {
        RootKeyCommand::Create { config } => vec![create(&super::read(config)?.root_key)?],
        RootKeyCommand::Check { config } => {
            let config = super::read(config)?;
            // Nothing is made here: a key file that is missing is a finding.
            RootKeys::open(&config.root_key, &config.previous_root_keys, false)?.ids()
        }
    };
    for id in ids {
        writeln!(std::io::stdout(), "{id}")?;
    }
    Ok(())
}
