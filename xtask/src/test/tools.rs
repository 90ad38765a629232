//! What the steps need besides cargo: installed where that is allowed, else named.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::run::Runner;

/// The version whose checks deny.toml is written for.
const CARGO_DENY: &str = "0.20.2";

/// Looks for every tool and installs what is missing.
///
/// # Errors
/// A tool is missing and cannot be installed here; the message says how to.
pub(super) fn ensure(runner: &Runner) -> anyhow::Result<()> {
    println!("== tools ==");
    ensure_c_compiler(runner)?;
    ensure_softhsm(runner)?;
    for (tool, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !runner.says_yes("cargo", &[tool, "--version"]) {
            runner.install("rustup", &["component", "add", component])?;
        }
    }
    if !runner.says_yes("cargo", &["deny", "--version"]) {
        runner.install("cargo", &["install", "cargo-deny", "--locked", "--version", CARGO_DENY])?;
    }
    println!("gcc, SoftHSM, rustfmt, clippy and cargo-deny are here");
    Ok(())
}

/// aws-lc is C; it needs a compiler and the headers of the C library, and nothing more.
fn ensure_c_compiler(runner: &Runner) -> anyhow::Result<()> {
    let headers = Path::new("/usr/include/stdlib.h").exists();
    if is_on_path("gcc") && headers {
        return Ok(());
    }
    install_packages(runner, "a C compiler with headers", &["gcc", "libc6-dev"])
}

/// Whether the compiler can build for this target: its standard library is there.
pub(super) fn has_target(target: &str) -> bool {
    let mut rustc = std::process::Command::new("rustc");
    let folder = rustc.args(["--print", "target-libdir", "--target", target]).output();
    folder.is_ok_and(|said| Path::new(String::from_utf8_lossy(&said.stdout).trim()).is_dir())
}

/// The HSM of the tests, which fail without it.
fn ensure_softhsm(runner: &Runner) -> anyhow::Result<()> {
    if is_on_path("softhsm2-util") {
        return Ok(());
    }
    install_packages(runner, "SoftHSM", &["softhsm2"])
}

fn install_packages(runner: &Runner, what: &str, packages: &[&str]) -> anyhow::Result<()> {
    if !is_root() || !is_on_path("apt-get") {
        bail!("{what} is missing: apt-get install {}", packages.join(" "));
    }
    runner.install("apt-get", &["update", "-q"])?;
    let install = ["install", "-q", "-y", "--no-install-recommends"];
    runner.install("apt-get", &[&install, packages].concat())
}

/// Whether `PATH` has the program.
pub(super) fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Cargo's own folder.
pub(super) fn cargo_home() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo"));
    std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home)
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}
