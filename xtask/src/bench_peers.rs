//! `cargo xtask bench-peers`: our verifier and its peers on the same real evidence, taking turns in one run.
//!
//! ```text
//! build oracles (ring, RustCrypto) ─┐
//! build oracles (OpenSSL) ──────────┴▶ time in turns ─▶ table, ratios to the limit and to the peers
//!                                    ▶ allocations    ▶ instructions (valgrind), if asked for
//! ```

mod table;

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use clap::Args;
use serde::Deserialize;

use crate::cargo::cargo;
use table::{Allocations, Time};

/// How long, and what more.
#[derive(Args)]
pub(crate) struct BenchPeersArgs {
    /// Turns of each contender; the median counts.
    #[arg(long, default_value_t = 11)]
    rounds: u32,
    /// Milliseconds of a turn, once with one thread and once with two.
    #[arg(long, default_value_t = 300)]
    turn_ms: u32,
    /// Count instructions as well (valgrind, and gungraun-runner from crates.io).
    #[arg(long)]
    instructions: bool,
    /// Fail where a ratio misses its target: on a machine that does nothing else.
    #[arg(long)]
    strict: bool,
}

/// Builds, measures and prints.
///
/// # Errors
/// A program cannot be built or run. A peer that cannot be built here is named and left out.
pub(crate) fn bench_peers(root: &Path, args: &BenchPeersArgs) -> anyhow::Result<()> {
    let oracles = root.join("oracles");
    let (rounds, turn) = (args.rounds.max(1).to_string(), args.turn_ms.max(1).to_string());
    println!("{}", machine());
    build(&oracles, BENCH, &["--features", "ring"])?;
    let times: Vec<Time> = run(&oracles, BENCH, "bench-peers", &[&rounds, &turn])?;
    let mut missed = table::missed(&times);
    print!(
        "{}",
        table::of_times("one build: dcap-qvl with ring and RustCrypto, sev with RustCrypto", &times)
    );
    if Path::new("/usr/include/openssl/ssl.h").exists() {
        build(&oracles, OPENSSL, &["--no-default-features", "--features", "openssl,ring"])?;
        let times: Vec<Time> = run(&oracles, OPENSSL, "bench-peers", &[&rounds, &turn])?;
        missed.extend(table::missed(&times));
        print!("{}", table::of_times("another build: sev with OpenSSL", &times));
    } else {
        println!("\nnot run: sev with OpenSSL (apt-get install libssl-dev pkg-config)");
    }
    let allocations: Vec<Allocations> = run(&oracles, BENCH, "bench-peers-allocations", &[])?;
    print!("{}", table::of_allocations(&allocations));
    if args.instructions {
        instructions(&oracles)?;
    }
    ensure!(!args.strict || missed.is_empty(), "missed: {}", missed.join(", "));
    Ok(())
}

fn build(oracles: &Path, target: &str, features: &[&str]) -> anyhow::Result<()> {
    let build = ["build", "--locked", "--release", "--bins", "--target-dir", target];
    finish(cargo(oracles).args(build).args(features), "building the oracles")
}

/// Runs one of their programs, which prints JSON in lines.
fn run<T: for<'de> Deserialize<'de>>(
    oracles: &Path,
    target: &str,
    program: &str,
    arguments: &[&str],
) -> anyhow::Result<Vec<T>> {
    let path = oracles.join(target).join("release").join(program);
    let mut command = Command::new(path);
    // Backtraces cost time where a peer makes errors on its way.
    command.args(arguments).env_remove("RUST_BACKTRACE").stdout(Stdio::piped());
    let output = command.spawn().and_then(std::process::Child::wait_with_output);
    let output = output.with_context(|| format!("running {program}"))?;
    ensure!(output.status.success(), "{program}: {}", output.status);
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).context("a line of figures")).collect()
}

/// The figures of gungraun are its own table.
fn instructions(oracles: &Path) -> anyhow::Result<()> {
    let version = locked_version(oracles, "gungraun")?;
    let installed = Command::new("gungraun-runner").arg("--version").stdout(Stdio::null()).status();
    if !installed.is_ok_and(|status| status.success()) {
        let install = ["install", "--locked", "gungraun-runner", "--version", &version];
        finish(cargo(oracles).args(install), "installing gungraun-runner")?;
    }
    let bench = ["bench", "--locked", "--features", "ring", "--bench", "instructions", "--target-dir", BENCH];
    finish(cargo(oracles).args(bench), "counting instructions")
}

fn locked_version(oracles: &Path, package: &str) -> anyhow::Result<String> {
    let lock = std::fs::read_to_string(oracles.join("Cargo.lock")).context("oracles/Cargo.lock")?;
    let name = format!("name = \"{package}\"");
    let version = lock.lines().skip_while(|line| *line != name).nth(1);
    let version = version.and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    version.map(str::to_owned).with_context(|| format!("{package} is not in oracles/Cargo.lock"))
}

fn finish(command: &mut Command, what: &str) -> anyhow::Result<()> {
    let status = command.status().with_context(|| what.to_owned())?;
    ensure!(status.success(), "{what}: {status}");
    Ok(())
}

/// What the figures were measured on, and what else it was doing.
fn machine() -> String {
    let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpus = text("/proc/cpuinfo");
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("a processor", |(_, model)| model);
    let load = text("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or("?");
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!("{cores} cores, {model}; load before the run: {load}")
}

const BENCH: &str = "target/bench";
const OPENSSL: &str = "target/bench-openssl";
