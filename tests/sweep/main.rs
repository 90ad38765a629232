//! `cargo xtask sweep`: flips every bit of everything that a verification reads, one at a time, and believes none.
//!
//! ```text
//! fixtures/, ../shared/fixtures/extra ─▶ real ──┐
//! sim ─────────────────────────────────▶ minted ┴▶ pieces ─▶ run (all cores): flip ─▶ trial ─▶ tally ─▶ log
//!                                                                    exempt: what nobody reads, and why
//! ```
//!
//! A flip must be refused: by the parser, for want of an endorsement, by the verification, or by the appraisal with a
//! finding that the unflipped case does not have. What is still accepted must lie in a range of [`exempt`], and its
//! verdict must equal the unflipped one. A panic is a failure.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a developer's tool: reads fixtures, writes its log below target/, measures its own time"
)]

mod exempt;
mod log;
mod minted;
mod piece;
mod real;
mod run;
mod sample;
mod tally;
mod trial;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use clap::Parser;
use system_tests::summary::announce;

use crate::piece::Piece;
use crate::sample::Sample;

/// Flips every bit of every accepted piece of evidence and endorsement, one at a time: none may be accepted.
#[derive(Parser)]
#[command(name = "sweep", bin_name = "cargo xtask sweep")]
struct Arguments {
    /// The part of all bits to try: `1%`, `0.25%`.
    #[arg(long, default_value = "100%", value_parser = sample::parse_fraction)]
    fraction: u32,
    /// Which bits a fraction takes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only the pieces whose name contains this, such as `minted/` or `fixtures/snp`; may be given several times.
    #[arg(long)]
    only: Vec<String>,
    /// Threads; as many as the machine has cores if absent.
    #[arg(long)]
    threads: Option<usize>,
    /// The folder for `log.jsonl` and `summary.md`; `target/sweep` if absent, `target/sweep-sample` for a
    /// fraction.
    #[arg(long)]
    log: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match sweep(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether nothing was accepted that no rule exempts, and nothing panicked.
fn sweep(arguments: &Arguments) -> anyhow::Result<bool> {
    let sample = Sample::new(arguments.fraction, arguments.seed);
    let threads = arguments.threads.map_or_else(std::thread::available_parallelism, |count| {
        std::num::NonZero::new(count).ok_or_else(|| std::io::Error::other("no thread"))
    })?;
    let pieces: Vec<Piece> = pieces(&arguments.only)?;
    anyhow::ensure!(!pieces.is_empty(), "no piece has a name like {:?}", arguments.only);

    let started = Instant::now();
    let swept = run::run(&pieces, sample, threads.get())?;
    let took = started.elapsed();

    let folder = match &arguments.log {
        Some(folder) => folder.clone(),
        // This program lies in target/<profile>.
        // A sample keeps its log apart: the whole takes half an hour to make again.
        None => {
            let name = if sample.is_whole() { "sweep" } else { "sweep-sample" };
            std::env::current_exe()?.ancestors().nth(2).context("target/<profile>")?.join(name)
        }
    };
    let summary = log::write(&folder, &pieces, &swept, sample, threads.get(), took)?;
    println!("{summary}");
    println!("log: {}", folder.join("log.jsonl").display());
    announce(&format!("sweep: {}", log::line(&swept, sample, took)));
    anyhow::ensure!(swept.tried() > 0, "nothing was flipped");
    Ok(swept.failures.is_empty())
}

fn pieces(only: &[String]) -> anyhow::Result<Vec<Piece>> {
    let wanted = |name: &str| only.is_empty() || only.iter().any(|part| name.contains(part));
    let mut pieces = real::pieces("fixtures", &system_tests::fixtures::registry_root(), &wanted)?;
    pieces.extend(real::untrimmed(&wanted)?);
    pieces.extend(minted::pieces(&wanted)?);
    match system_tests::fixtures::extra_root() {
        Some(root) => pieces.extend(real::pieces("extra", &root, &wanted)?),
        None => announce("sweep: extra SKIPPED, ../shared/fixtures/extra is not there"),
    }
    Ok(pieces)
}
