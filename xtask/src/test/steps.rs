//! The steps, in order.

use std::path::Path;

/// One command of the test run.
pub(super) struct Step {
    /// The heading.
    pub(super) name: &'static str,
    /// What to run.
    pub(super) command: Command,
    /// Why it cannot be run here, if it cannot.
    pub(super) skipped: Option<String>,
}

/// A cargo command.
pub(super) struct Command {
    /// Arguments of cargo.
    pub(super) arguments: &'static [&'static str],
    /// Variables that it needs.
    pub(super) environment: &'static [(&'static str, &'static str)],
    /// Whether it runs tests: then a run without any is a failure.
    pub(super) runs_tests: bool,
}

const fn cargo(name: &'static str, arguments: &'static [&'static str]) -> Step {
    Step { name, command: Command { arguments, environment: &[], runs_tests: false }, skipped: None }
}

const fn tests(name: &'static str, arguments: &'static [&'static str]) -> Step {
    Step { name, command: Command { arguments, environment: &[], runs_tests: true }, skipped: None }
}

/// Every step. What depends on the machine is looked up in `root` and beside it.
pub(super) fn all(root: &Path) -> Vec<Step> {
    vec![
        cargo("packages, as locked", &["fetch", "--locked"]),
        cargo("format", &["fmt", "--all", "--", "--check"]),
        cargo("format of the oracles", &["fmt", "--manifest-path", "oracles/Cargo.toml", "--", "--check"]),
        cargo(
            "format of the WebAssembly module",
            &["fmt", "--manifest-path", "verifier/wasm/Cargo.toml", "--", "--check"],
        ),
        cargo(
            "format of the fuzz targets",
            &["fmt", "--manifest-path", "verifier/fuzz/Cargo.toml", "--", "--check"],
        ),
        cargo("lints", &["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        cargo(
            "lints of the portable verifier",
            &[
                "clippy",
                "--locked",
                "-p",
                "verifier",
                "--no-default-features",
                "--features",
                "portable",
                "--",
                "-D",
                "warnings",
            ],
        ),
        cargo(
            "lints of the oracles and their benchmarks",
            &[
                "clippy",
                "--locked",
                "--manifest-path",
                "oracles/Cargo.toml",
                "--all-targets",
                "--features",
                "ring",
                "--",
                "-D",
                "warnings",
            ],
        ),
        // All at once, so that a test can show that the agent stays free of what its neighbours need.
        cargo(
            "release binaries, the whole workspace at once",
            &["build", "--locked", "--release", "--workspace", "--bins"],
        ),
        tests("tests", &["test", "--locked", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"]),
        cargo(
            "mutation sweep: one per cent of all bits",
            &["xtask", "sweep", "--fraction", "1%", "--seed", "1"],
        ),
        tests("doc tests", &["test", "--locked", "--workspace", "--no-fail-fast", "--doc"]),
        tests(
            "the verifier with both crypto backends",
            &["test", "--locked", "-p", "verifier", "--no-fail-fast", "--features", "portable"],
        ),
        tests(
            "the published vectors with the portable backend",
            &["test", "--locked", "--manifest-path", "verifier/wasm/Cargo.toml", "--tests"],
        ),
        tests("oracles", &["test", "--locked", "--manifest-path", "oracles/Cargo.toml", "--no-fail-fast"]),
        in_node(),
        fuzz_targets(root),
        cargo(
            "cargo deny: licences, bans, sources",
            &["deny", "--locked", "check", "licenses", "bans", "sources"],
        ),
        advisories(),
    ]
}

/// The verifier as a WebAssembly module. It needs the compiler's target for that, and Node.
fn in_node() -> Step {
    let missing = [
        (!super::tools::has_target(crate::wasm::TARGET)).then_some(
            "the compiler has no wasm32-unknown-unknown; `rustup target add wasm32-unknown-unknown` gets it",
        ),
        (!super::tools::is_on_path("node")).then_some("no Node (Debian: nodejs)"),
    ];
    Step {
        skipped: missing.into_iter().flatten().next().map(str::to_owned),
        ..cargo("the verifier in WebAssembly", &["xtask", "wasm"])
    }
}

/// The fuzz targets compile. Their runtime is C++, which nothing else here needs.
fn fuzz_targets(root: &Path) -> Step {
    let arguments = &["check", "--locked", "--manifest-path", "verifier/fuzz/Cargo.toml"];
    // cargo-fuzz's flags are unstable; the pinned compiler takes them under the first variable. The second is cargo-fuzz's too:
    // the broker's targets reach what no user of its library does.
    let environment = &[("RUSTC_BOOTSTRAP", "1"), ("RUSTFLAGS", "--cfg fuzzing")];
    let missing = [
        (!root.join("verifier/fuzz/Cargo.toml").is_file()).then_some("verifier/fuzz is not there"),
        (!super::tools::is_on_path("c++") && !super::tools::is_on_path("g++"))
            .then_some("no C++ compiler (Debian: g++)"),
    ];
    Step {
        name: "fuzz targets compile",
        command: Command { arguments, environment, runs_tests: false },
        skipped: missing.into_iter().flatten().next().map(str::to_owned),
    }
}

/// Known vulnerabilities, from a database that lies on this machine: the run itself fetches none.
fn advisories() -> Step {
    let is_database = |path: &Path| path.join(".git").exists();
    let folder = super::tools::cargo_home().map(|home| home.join("advisory-dbs"));
    let inside = folder.and_then(|folder| folder.read_dir().ok()).into_iter().flatten().flatten();
    let present = inside.map(|entry| entry.path()).any(|path| is_database(&path));
    Step {
        skipped: (!present).then(|| "no local advisory database; `cargo deny fetch db` gets one".to_owned()),
        ..cargo("cargo deny: advisories", &["deny", "--offline", "check", "advisories"])
    }
}
