//! The commands about the store: backup, restore, migration, verification.
#![expect(clippy::disallowed_methods, reason = "these commands read and write the files that they are given")]

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;

use crate::broker::{FirstStart, open_store};
use crate::config::{Config, load};
use crate::epoch_file::EpochFile;
use crate::store::Store;
use crate::store::export::{Summary, check};
use crate::system::Clock;

/// What can be done with a store.
#[derive(Debug, Subcommand)]
pub(super) enum StoreCommand {
    /// Write all that a store keeps to one file, sessions apart. What is secret stays wrapped under the root key: keep
    /// that elsewhere.
    Backup {
        /// The configuration file of the store's broker.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The backup; must not exist yet.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Take a backup into a new store. Sessions and tokens from before it end, and every guest attests again.
    Restore {
        /// The configuration file of the new store's broker.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The backup.
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
    },
    /// Bring all that one store keeps into a new one, of the same kind or another, and verify it there.
    Migrate {
        /// The configuration file of the old store's broker, which must be stopped.
        #[arg(long, value_name = "FILE")]
        from_config: PathBuf,
        /// The configuration file of the new store's broker.
        #[arg(long, value_name = "FILE")]
        to_config: PathBuf,
    },
    /// Open every key, secret and setting of a store, and compare every record and input with its digest.
    VerifyStore {
        /// The configuration file of the store's broker.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Say that this machine's clock is right although the store has a later instant on record: after a clock that ran
    /// ahead was set right.
    AcceptClock {
        /// The configuration file of the store's broker, which must be stopped.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Check that a backup is whole and unchanged, without its root key.
    CheckBackup {
        /// The backup.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Runs a command about the store; what it found goes to stdout as JSON.
pub(super) fn run(command: StoreCommand) -> anyhow::Result<()> {
    match command {
        StoreCommand::Backup { config, to } => tell(&backup(&open(&config)?.0, &to)?),
        StoreCommand::Restore { config, from } => {
            let (store, config) = open(&config)?;
            restore(&store, &config, &from)?;
            tell(&store.verify()?)
        }
        StoreCommand::Migrate { from_config, to_config } => migrate(&from_config, &to_config),
        StoreCommand::VerifyStore { config } => tell(&open(&config)?.0.verify()?),
        StoreCommand::AcceptClock { config } => {
            let now = Clock::system().now();
            open(&config)?.0.accept_instant(now)?;
            tell(&serde_json::json!({"newest_instant": now}))
        }
        StoreCommand::CheckBackup { file } => {
            let file = File::open(&file).with_context(|| file.display().to_string())?;
            tell(&check(&mut BufReader::new(file))?)
        }
    }
}

fn open(file: &Path) -> anyhow::Result<(Store, Config)> {
    let config = load(file).with_context(|| file.display().to_string())?;
    let store = open_store(&config, FirstStart::Refused)?;
    Ok((store, config))
}

/// The backup is whole under its name, or there is none.
fn backup(store: &Store, to: &Path) -> anyhow::Result<Summary> {
    if to.exists() {
        bail!("{} exists already", to.display());
    }
    let mut unfinished = to.as_os_str().to_owned();
    unfinished.push(".part");
    let unfinished = PathBuf::from(unfinished);
    let write = || {
        let file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        let mut file = BufWriter::new(file);
        let summary = store.export(&mut file, Clock::system().now())?;
        file.flush()?;
        file.get_ref().sync_all()?;
        // A reader's eyes, before it is called a backup.
        let read = check(&mut BufReader::new(File::open(&unfinished)?))?;
        if read != summary {
            bail!("what was written is not what is read back");
        }
        fs::rename(&unfinished, to)?;
        Ok(summary)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&unfinished);
    })
}

fn restore(store: &Store, config: &Config, from: &Path) -> anyhow::Result<()> {
    let open = || File::open(from).with_context(|| from.display().to_string());
    // To its end first: a file that is not whole, or of another root key, leaves the store as it is.
    store
        .check_import(&mut BufReader::new(open()?))
        .with_context(|| format!("{} is not taken in, and the store is as it was", from.display()))?;
    let seen = EpochFile::open(&config.epoch_file)?;
    store.import(&mut BufReader::new(open()?), seen.highest(), Clock::system().now())?;
    seen.keep(store.settings()?.epoch()).context("epoch_file")
}

fn migrate(from_config: &Path, to_config: &Path) -> anyhow::Result<()> {
    let (from, _) = open(from_config)?;
    let (to, config) = open(to_config)?;
    let mut unfinished = config.epoch_file.as_os_str().to_owned();
    unfinished.push(".migration");
    let file = PathBuf::from(unfinished);
    let moved = backup(&from, &file).and_then(|_| restore(&to, &config, &file));
    let _ = fs::remove_file(&file);
    moved?;
    let (mut before, after) = (from.verify()?, to.verify()?);
    // The new store's epoch and challenge key are its own.
    before.epoch = after.epoch;
    before.keys = after.keys;
    if before != after {
        bail!("the new store does not have what the old one has: {before:?}, {after:?}");
    }
    tell(&after)
}

fn tell(found: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout();
    serde_json::to_writer_pretty(&mut stdout, found)?;
    writeln!(stdout)?;
    Ok(())
}
