//! Development tasks: `cargo xtask test`, `sweep`, `planted`, `vectors`, `wasm`, `bench-peers` and `import-fixtures`.

#![expect(clippy::disallowed_methods, reason = "a developer's tool: reads and writes the working tree")]

mod bench_peers;
mod cargo;
mod import;
mod planted;
#[cfg(test)]
mod scratch;
mod sweep;
mod test;
mod vectors;
mod wasm;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs everything that must hold: format, lints, all tests, oracles, licences.
    Test,
    /// Times our verifier and its peers on the same evidence, in turns, and counts what they allocate.
    BenchPeers(bench_peers::BenchPeersArgs),
    /// Flips every bit of the evidence and endorsements of fixtures/, one at a time: none may be accepted.
    #[command(disable_help_flag = true)]
    Sweep {
        /// Options of the sweep; `--help` lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Plants a bug for each fuzz target and runs the target until it finds it (needs cargo-fuzz).
    Planted(planted::PlantedArgs),
    /// Writes the minted cases of the tests to vectors/, for other verifiers.
    Vectors,
    /// Builds the verifier as a WebAssembly module and compares its verdicts in Node with the native program's.
    Wasm,
    /// Copies the evidence that tests use into fixtures/, with its provenance.
    ImportFixtures {
        /// The folder that holds MANIFEST.tsv.
        #[arg(long)]
        from: PathBuf,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Test => test::test(root()),
        Task::BenchPeers(args) => bench_peers::bench_peers(root(), &args),
        Task::Sweep { arguments } => sweep::sweep(root(), &arguments),
        Task::Planted(args) => planted::planted(root(), &args),
        Task::Vectors => vectors::vectors(root()),
        Task::Wasm => wasm::wasm(root()),
        Task::ImportFixtures { from } => import::import(&from, &root().join("fixtures")),
    };
    // Without a backtrace: the last lines of a test run are its counts and what failed.
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the repository: the folder above this package.
fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}
