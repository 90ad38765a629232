//! What the pure packages must not contain and `cargo metadata` does not show: `async fn`, and a lint lifted over the
//! clock, the system's randomness, files or environment.
#![expect(clippy::disallowed_methods, reason = "reads the sources of the workspace")]

use std::path::{Path, PathBuf};

/// The sources of the pure packages, below the root of the repository.
const PURE: &[&str] = &[
    "vendor-certs/src",
    "reference-values/src",
    "verifier/src",
    "kbs/protocol/src",
    "kbs/decision-log/src",
    "weights/src",
    "sim/src",
];

/// Simulated ARKs are RSA, and aws-lc-rs takes no generator as an argument for RSA keys and PSS salts.
const EXCEPTIONS: &[(&str, &str)] = &[("sim/src/rsa.rs", "disallowed_methods")];

/// What stands in a source and must not.
fn impurities(source: &str) -> Vec<&'static str> {
    ["async fn", "disallowed_methods", "std::fs", "std::env", "std::net", "std::process"]
        .into_iter()
        .filter(|what| source.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(what)))
        .collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a package has sources") {
        let path = entry.expect("an entry").path();
        let is_test = path.file_stem().is_some_and(|stem| stem == "tests" || stem == "testing");
        if path.is_dir() && !is_test {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            found.push(path);
        }
    }
}

#[test]
fn the_pure_packages_hold_no_async_function_and_lift_no_ban() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for package in PURE {
        sources(&root.join(package), &mut found);
    }
    assert!(found.len() > PURE.len(), "the sources are there");
    let mut impure = Vec::new();
    for path in found {
        let source = std::fs::read_to_string(&path).expect("a source is text");
        let path = path.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
        for what in impurities(&source) {
            if !EXCEPTIONS.contains(&(&path, what)) {
                impure.push(format!("{path}: {what}"));
            }
        }
    }
    assert_eq!(impure, Vec::<String>::new());
}

#[test]
fn an_async_function_and_a_lifted_ban_are_found_and_comments_are_not() {
    let source = "// async fn in words\npub async fn fetch() {}\n#![expect(clippy::disallowed_methods)]\n";
    assert_eq!(impurities(source), ["async fn", "disallowed_methods"]);
    assert_eq!(impurities("/// No std::fs here.\nfn pure() {}\n"), Vec::<&str>::new());
}
