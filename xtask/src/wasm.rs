//! `cargo xtask wasm`: builds the verifier as a WebAssembly module and runs it in Node beside the native program.

use std::path::Path;
use std::process::Command;

use anyhow::Context;

use crate::cargo::cargo;

/// What the module is built for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Builds the module of `root`, the root of the repository, and the native program, and compares their verdicts in Node.
///
/// # Errors
/// Something cannot be built or started, or a verdict differs.
pub(crate) fn wasm(root: &Path) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("this program's path")?;
    let target = program.parent().and_then(Path::parent).context("target/<profile>")?;
    let module = target.join(TARGET).join("release/vouchsafe_wasm.wasm");
    let mut build = cargo(root);
    build.args([
        "build",
        "--locked",
        "--release",
        "--target",
        TARGET,
        "--manifest-path",
        "verifier/wasm/Cargo.toml",
    ]);
    run(build.arg("--target-dir").arg(target), "building the module")?;
    // As the step before builds it in a whole test run.
    let mut build = cargo(root);
    build.args(["build", "--locked", "--release", "--workspace", "--bins", "--target-dir"]).arg(target);
    run(&mut build, "building the native program")?;
    let mut node = Command::new("node");
    node.arg("verifier/wasm/test.mjs").arg(module).arg(target.join("release/vouchsafe"));
    run(node.current_dir(root), "the module in Node")
}

fn run(command: &mut Command, what: &'static str) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("{what}: starting {command:?}"))?;
    anyhow::ensure!(status.success(), "{what}: {status}");
    Ok(())
}
