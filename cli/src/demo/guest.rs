//! The simulated machine, and guests on it as processes of their own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use guest_agent::system_rng;
use sim::amd::Product;
use sim::platform::Platform;
use sim_agent::write_platform;
use verifier::time::UnixTime;

use super::interrupt::Interrupt;
use super::process::Process;

/// Makes a machine under a simulated vendor of its own and keeps it in `folder/machine`.
pub(crate) fn make_machine(folder: &Path, now: UnixTime) -> anyhow::Result<PathBuf> {
    let platform = Platform::amd(Product::Genoa, &mut system_rng(), now.secs())?;
    let home = folder.join("machine");
    write_platform(&home, &platform)?;
    Ok(home)
}

/// A guest that is to open the weights.
pub(crate) struct Guest<'a> {
    /// The folder of the machine that it runs on.
    pub(crate) machine: &'a Path,
    /// What the machine measured at its launch.
    pub(crate) launch_digest: [u8; 48],
    /// The broker.
    pub(crate) url: &'a str,
    /// The name of the key.
    pub(crate) key: &'a str,
    /// The sealed weights.
    pub(crate) sealed: &'a Path,
    /// Where the opened weights go.
    pub(crate) out: &'a Path,
}

/// What became of a guest.
pub(crate) struct Ended {
    /// Its process.
    pub(crate) id: u32,
    /// Its exit code; none if a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it wrote to standard error.
    pub(crate) messages: String,
}

impl Guest<'_> {
    /// Runs the guest to its end; its messages go through the file `log`.
    pub(crate) fn run(&self, log: &Path, interrupt: &Interrupt) -> anyhow::Result<Ended> {
        let digest = hex::encode(self.launch_digest);
        let [machine, sealed, out] = [self.machine, self.sealed, self.out]
            .map(|path| path.to_str().context("the temporary folder's name is not UTF-8"));
        let args = [
            "demo-guest",
            "--platform",
            machine?,
            "--launch-digest",
            &digest,
            "decrypt-weights",
            "--kbs-url",
            self.url,
            "--key",
            self.key,
            "--in",
            sealed?,
            "--out",
            out?,
        ];
        let process = Process::start("guest", &args, log)?;
        let id = process.id();
        let (status, _, messages) = process.finish(TIMEOUT, interrupt)?;
        Ok(Ended { id, code: status.code(), messages })
    }
}

/// A handshake takes milliseconds; a machine that is busy with something else gets some patience.
const TIMEOUT: Duration = Duration::from_secs(60);
