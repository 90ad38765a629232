//! The commands about the store: backup, restore, migration, verification.
#![expect(clippy::disallowed_methods, reason = "these commands read and write the files that they are given")]

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use verifier::time::UnixTime;

use crate::broker::{Absent, StartError, open_store};
use crate::config::load;
use crate::epoch_file::EpochFile;
use crate::store::Store;
use crate::store::export::{Summary, check};
use crate::system::Clock;
use crate::whole_file::sync_folder;

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
    /// ahead was set right. Every session and token from before ends.
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
        StoreCommand::Backup { config, to } => {
            tell(&backup(&existing(&config)?.store, &to, Clock::system().now())?)
        }
        StoreCommand::Restore { config, from } => {
            let new = open(&config, Absent::MakeStore)?;
            restore(&new, &from)?;
            new.store.finish_import()?;
            tell(&new.store.verify()?)
        }
        StoreCommand::Migrate { from_config, to_config } => migrate(&from_config, &to_config),
        StoreCommand::VerifyStore { config } => tell(&existing(&config)?.store.verify()?),
        StoreCommand::AcceptClock { config } => {
            let (opened, now) = (existing(&config)?, Clock::system().now());
            let epoch = opened.store.accept_clock(opened.epoch.highest(), now)?;
            opened.epoch.keep(epoch).context("epoch_file")?;
            tell(&serde_json::json!({"newest_instant": now, "epoch": epoch}))
        }
        StoreCommand::CheckBackup { file } => {
            let file = File::open(&file).with_context(|| file.display().to_string())?;
            tell(&check(&mut BufReader::new(file))?)
        }
    }
}

/// A store with the highest epoch that its broker saw of it.
struct Opened {
    store: Store,
    epoch: EpochFile,
    place: PathBuf,
}

/// A store that a broker has used, and that nobody put back to an older state.
fn existing(file: &Path) -> anyhow::Result<Opened> {
    let opened = open(file, Absent::Refuse)?;
    if opened.store.is_new()? {
        return Err(StartError::NoStore { place: file.display().to_string() })
            .context("the database is empty");
    }
    opened.store.expect_epoch(opened.epoch.highest());
    opened.store.settings()?;
    Ok(opened)
}

fn open(file: &Path, absent: Absent) -> anyhow::Result<Opened> {
    let config = load(file).with_context(|| file.display().to_string())?;
    let store = open_store(&config, absent)?;
    let (epoch, place) = (EpochFile::open(&config.epoch_file)?, config.epoch_file);
    Ok(Opened { store, epoch, place })
}

/// The backup is whole under its name, or there is none.
fn backup(store: &Store, to: &Path, now: UnixTime) -> anyhow::Result<Summary> {
    if to.exists() {
        bail!("{} exists already: a backup does not replace another", to.display());
    }
    let mut unfinished = to.as_os_str().to_owned();
    unfinished.push(format!(".part.{}", std::process::id()));
    let unfinished = PathBuf::from(unfinished);
    let write = || {
        let file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        let mut file = BufWriter::new(file);
        let summary = store.export(&mut file, now)?;
        file.flush()?;
        file.get_ref().sync_all()?;
        // A reader's eyes, before it is called a backup.
        let read = check(&mut BufReader::new(File::open(&unfinished)?))?;
        if read != summary {
            bail!("what was written is not what is read back");
        }
        // Nothing that was made meanwhile is replaced, and the name is as durable as the content.
        fs::hard_link(&unfinished, to)?;
        sync_folder(to)?;
        Ok(summary)
    };
    let written = write();
    let _ = fs::remove_file(&unfinished);
    written
}

/// Takes a backup in. The store stays marked as unfinished.
fn restore(new: &Opened, from: &Path) -> anyhow::Result<()> {
    let open = || File::open(from).with_context(|| from.display().to_string());
    // To its end first: a file that is not whole, or of another root key, leaves the store as it is.
    new.store
        .check_import(&mut BufReader::new(open()?))
        .with_context(|| format!("{} is not taken in, and the store is as it was", from.display()))?;
    new.store.import(&mut BufReader::new(open()?), new.epoch.highest(), Clock::system().now())?;
    new.epoch.keep(new.store.settings()?.epoch()).context("epoch_file")
}

/// The new store opens when it has all that the old one has, and nobody wrote to that meanwhile.
fn migrate(from_config: &Path, to_config: &Path) -> anyhow::Result<()> {
    let (from, to) = (existing(from_config)?, open(to_config, Absent::MakeStore)?);
    let mut unfinished = to.place.as_os_str().to_owned();
    unfinished.push(".migration");
    let (file, now) = (PathBuf::from(unfinished), Clock::system().now());
    let moved = backup(&from.store, &file, now).and_then(|moved| restore(&to, &file).map(|()| moved));
    let _ = fs::remove_file(&file);
    let moved = moved?;
    let (mut before, after) = (from.store.verify()?, to.store.verify()?);
    // The new store's epoch and challenge key are its own.
    before.epoch = after.epoch;
    before.keys = after.keys;
    if before != after {
        bail!("the new store does not have what the old one has: {before:?}, {after:?}");
    }
    if from.store.export(&mut std::io::sink(), now)? != moved {
        bail!(
            "the old store was written to while it was moved: stop its brokers, and begin anew with an empty store"
        );
    }
    to.store.finish_import()?;
    tell(&after)
}

fn tell(found: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout();
    serde_json::to_writer_pretty(&mut stdout, found)?;
    writeln!(stdout)?;
    Ok(())
}
