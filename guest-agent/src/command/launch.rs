//! `run`: a command with secrets, which are gone when it ends.
//!
//! ```text
//! attest once ─▶ every secret ─▶ variables, and files of a folder in memory ─▶ command ─▶ its exit code
//!                                                  └── removed ◀────────────────┘
//! ```
#![expect(clippy::disallowed_methods, reason = "a shell: reads templates, makes files, starts a command")]

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::str;

use kbs_protocol::ResourceUri;
use kbs_protocol::limits::SECRET_BYTES;
use rand_core::CryptoRng;
use rustix::process::{Pid, Signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::Signals;
use zeroize::Zeroizing;

use super::args::{Named, RunArgs};
use super::failure::Failure;
use super::run::{broker, choose};
use crate::attester::Attesters;
use crate::system::system_rng;

mod template;

use template::{Part, TemplateError};

/// Why a command was not started with its secrets.
#[derive(Debug, thiserror::Error)]
pub(super) enum LaunchError {
    /// Two secrets under one name.
    #[error("{name} is given twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// A local file has no such form.
    #[error("the template {}", path.display())]
    Template {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: TemplateError,
    },
    /// A secret that no environment variable can hold.
    #[error("the secret for {name} is no text without zero bytes: give it as a file")]
    NoText {
        /// The variable.
        name: String,
    },
    /// The place for files is a disk.
    #[error("{} is not memory (tmpfs): secrets in it would lie on a disk", path.display())]
    NotMemory {
        /// The folder.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Signals cannot be handed on.
    #[error("signals cannot be received")]
    Signals(#[source] io::Error),
}

type Secrets = BTreeMap<String, Zeroizing<Vec<u8>>>;

/// The command's exit code, or what the shells say of one that a signal ended or that cannot be started.
pub(super) fn run<A>(args: &RunArgs, attesters: A) -> Result<u8, Failure>
where
    A: FnOnce() -> Attesters,
{
    // 1. Everything that can be wrong here is said before a secret is fetched.
    check_names(args)?;
    let templates = args.templates.iter().map(read_template).collect::<Result<Vec<_>, _>>()?;
    let wants_folder = !(args.files.is_empty() && templates.is_empty());
    if wants_folder {
        check_memory(&args.memory)?;
    }
    let mut rng = system_rng();
    let mut broker = broker(&args.broker)?;
    let attester = choose(args.broker.tee.tee, attesters)?;

    // 2. One handshake, each secret once.
    let mut secrets = Secrets::new();
    for uri in wanted(args, &templates) {
        if let Entry::Vacant(place) = secrets.entry(uri.to_string()) {
            place.insert(broker.get(uri, attester.as_ref(), &mut rng)?);
        }
    }

    // 3. From here on a signal ends the command and not the agent, which has files to take away.
    let signals = Signals::new(HANDED_ON).map_err(LaunchError::Signals)?;
    let folder = wants_folder.then(|| Folder::make(&args.memory, &mut rng)).transpose()?;

    // 4. The command with its variables and files.
    let (program, rest) =
        args.command.split_first().ok_or_else(|| LaunchError::Signals(io::Error::other("no command")))?;
    let mut command = Command::new(program);
    command.args(rest);
    for Named { name, of } in &args.variables {
        let text = secrets.get(&of.to_string()).and_then(|secret| str::from_utf8(secret).ok());
        let text = text.filter(|text| !text.contains('\0'));
        command.env(name, text.ok_or_else(|| LaunchError::NoText { name: name.clone() })?);
    }
    if let Some(folder) = &folder {
        for Named { name, of } in &args.files {
            let secret = secrets.get(&of.to_string()).map(|secret| secret.as_slice());
            folder.write(name, secret.unwrap_or_default())?;
        }
        for Named { name, of } in &templates {
            folder.write(name, &template::fill(of, &secrets))?;
        }
        command.env("VOUCHSAFE_SECRETS", &folder.0);
    }
    drop(secrets);
    let ended = start(&mut command, signals)?;
    drop(command);
    drop(folder);
    Ok(ended)
}

fn check_names(args: &RunArgs) -> Result<(), LaunchError> {
    let files =
        args.files.iter().map(|named| &named.name).chain(args.templates.iter().map(|named| &named.name));
    for names in [args.variables.iter().map(|named| &named.name).collect::<Vec<_>>(), files.collect()] {
        let again = names
            .iter()
            .enumerate()
            .find(|(place, name)| names.iter().take(*place).any(|other| other == *name));
        if let Some((_, name)) = again {
            return Err(LaunchError::Twice { name: (*name).clone() });
        }
    }
    Ok(())
}

fn read_template(named: &Named<PathBuf>) -> Result<Named<Vec<Part>>, Failure> {
    let Named { name, of: path } = named;
    let failed = |source| Failure::Input { path: path.clone(), source };
    let limit = u64::try_from(SECRET_BYTES).unwrap_or(u64::MAX);
    let mut text = String::new();
    File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text)).map_err(failed)?;
    let parts =
        template::parse(&text).map_err(|source| LaunchError::Template { path: path.clone(), source })?;
    Ok(Named { name: name.clone(), of: parts })
}

fn wanted<'a>(args: &'a RunArgs, templates: &'a [Named<Vec<Part>>]) -> impl Iterator<Item = &'a ResourceUri> {
    let named = args.variables.iter().chain(&args.files).map(|named| &named.of);
    let inside = templates.iter().flat_map(|template| &template.of).filter_map(|part| match part {
        Part::Secret(uri) => Some(uri),
        Part::Text(_) => None,
    });
    named.chain(inside)
}

/// Runs the command to its end and hands signals on to it, those too that came before its start.
fn start(command: &mut Command, mut signals: Signals) -> Result<u8, LaunchError> {
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("error: cannot start {}: {error}", command.get_program().display());
            return Ok(if error.kind() == io::ErrorKind::NotFound { NO_COMMAND } else { NOT_STARTED });
        }
    };
    let process = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // A terminal sends these to the command by itself.
    let from_terminal = if io::stdin().is_terminal() { [SIGINT, SIGQUIT].as_slice() } else { &[] };
    let handle = signals.handle();
    let hand_on = std::thread::spawn(move || {
        for signal in signals.forever().filter(|signal| !from_terminal.contains(signal)) {
            if let (Some(process), Some(signal)) = (process, Signal::from_named_raw(signal)) {
                // Safe: a command that has just ended needs no signal.
                let _ = rustix::process::kill_process(process, signal);
            }
        }
    });
    let ended = wait(&mut child);
    handle.close();
    // Safe: the thread ends with its signals and has nothing to say.
    let _ = hand_on.join();
    ended.map(code)
}

fn wait(child: &mut Child) -> Result<ExitStatus, LaunchError> {
    child.wait().map_err(|source| LaunchError::Io { action: "wait for", path: "the command".into(), source })
}

/// As shells say it.
fn code(status: ExitStatus) -> u8 {
    let signal = status.signal().map(|signal| signal.saturating_add(128));
    status.code().or(signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// Whether files of this folder lie in memory.
fn check_memory(folder: &Path) -> Result<(), LaunchError> {
    let path = || folder.to_owned();
    let system = rustix::fs::statfs(folder).map_err(|error| LaunchError::Io {
        action: "look at",
        path: path(),
        source: error.into(),
    })?;
    if [TMPFS, RAMFS].contains(&system.f_type) {
        Ok(())
    } else {
        Err(LaunchError::NotMemory { path: path() })
    }
}

/// A folder in memory for this command alone; it goes with all that is in it when dropped.
struct Folder(PathBuf);

impl Folder {
    fn make(memory: &Path, rng: &mut impl CryptoRng) -> Result<Self, LaunchError> {
        let mut random = [0; 8];
        rng.fill_bytes(&mut random);
        let path = memory.join(format!("vouchsafe-{}", hex::encode(random)));
        DirBuilder::new().mode(0o700).create(&path).map_err(|source| LaunchError::Io {
            action: "make a folder in",
            path: memory.to_owned(),
            source,
        })?;
        Ok(Self(path))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), LaunchError> {
        let path = self.0.join(name);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o400).open(&path);
        let written = file.and_then(|mut file| file.write_all(bytes));
        written.map_err(|source| LaunchError::Io { action: "write", path, source })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("error: the secrets in {} could not be removed: {error}", self.0.display());
        }
    }
}

/// Linux, magic.h: TMPFS_MAGIC.
const TMPFS: rustix::fs::FsWord = 0x0102_1994;
/// Linux, magic.h: RAMFS_MAGIC.
const RAMFS: rustix::fs::FsWord = 0x8584_58f6;
/// Signals that the command gets as if they had been sent to it.
const HANDED_ON: [i32; 7] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH];
/// POSIX, exit status of `env` and shells: there is no such command.
const NO_COMMAND: u8 = 127;
/// The same: there is one that cannot be started.
const NOT_STARTED: u8 = 126;
