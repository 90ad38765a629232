//! The workspace's programs, built before a test starts one.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of tests: runs cargo"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The path of a program of this workspace, such as `vouchsafe-kbs`, built in the profile of the running test.
///
/// The first call builds every program, so that a test never meets one of an older source.
///
/// # Panics
/// Cargo cannot build them.
pub fn path(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(build);
    let path = folder.join(name);
    assert!(path.is_file(), "{} is no program of this workspace", path.display());
    path
}

/// The repository's root folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace")
}

fn build() -> PathBuf {
    // A test binary lies in target/<profile>/deps.
    let test = std::env::current_exe().expect("the test binary's path");
    let folder = test.parent().and_then(Path::parent).expect("target/<profile>").to_owned();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--workspace", "--bins", "--locked", "--quiet"]).current_dir(root());
    if folder.file_name().is_some_and(|name| name == "release") {
        cargo.arg("--release");
    }
    let target = folder.parent().expect("target");
    let status = cargo.arg("--target-dir").arg(target).status().expect("cargo starts");
    if !status.success() {
        panic!("cargo cannot build the workspace's programs: {status}");
    }
    folder
}
