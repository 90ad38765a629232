//! `cargo xtask sweep`: builds the mutation sweep with optimisation and runs it.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use crate::cargo::cargo;

/// Runs the sweep of `root`, the root of the repository, with these arguments of its own.
///
/// # Errors
/// It cannot be built or started, or a flip was accepted.
pub(crate) fn sweep(root: &Path, arguments: &[OsString]) -> anyhow::Result<()> {
    // This program lies in target/<profile>.
    let program = std::env::current_exe().context("this program's path")?;
    let target = program.parent().and_then(Path::parent).context("target/<profile>")?;
    let mut build = cargo(root);
    // With the features of the whole workspace, so that nothing is built a second time after its release binaries.
    build.args([
        "build",
        "--locked",
        "--quiet",
        "--release",
        "--workspace",
        "--bin",
        "sweep",
        "--target-dir",
    ]);
    let status = build.arg(target).status().context("starting cargo")?;
    anyhow::ensure!(status.success(), "building the sweep: {status}");

    let mut sweep = Command::new(target.join("release/sweep"));
    // A backtrace would be taken for every error that a flip provokes.
    sweep.args(arguments).current_dir(root).env_remove("RUST_BACKTRACE");
    let status = sweep.status().context("starting the sweep")?;
    anyhow::ensure!(status.success(), "the sweep: {status}");
    Ok(())
}
