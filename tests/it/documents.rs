//! Every command that the documents show is run, on the page's own words.
#![expect(clippy::disallowed_methods, reason = "a test that reads the documents and runs a shell")]

use std::path::Path;
use std::process::{Command, Output};

use system_tests::binaries;

#[test]
fn the_operators_page_goes_from_nothing_to_a_released_key() {
    run_page("docs/operator.md");
}

#[test]
fn the_pods_page_runs() {
    run_page("docs/pod.md");
}

#[test]
fn the_inference_clients_page_runs() {
    run_page("docs/inference-client.md");
}

#[test]
fn the_auditors_page_runs() {
    run_page("docs/auditor.md");
}

#[test]
fn the_page_of_the_checks_runs() {
    run_page("docs/checks.md");
}

#[test]
fn the_page_on_attestation_results_runs() {
    run_page("docs/attestation-result.md");
}

#[test]
fn the_page_on_event_logs_runs() {
    run_page("docs/event-log.md");
}

/// The README's own blocks: two are whole jobs that other tests and CI run, the others are run here.
#[test]
fn the_readme_shows_commands_that_run() {
    let mut jobs = Vec::new();
    for block in blocks("README.md") {
        match block.script.trim() {
            job @ ("cargo run --release --bin vouchsafe -- demo" | "cargo xtask test") => {
                jobs.push(job.to_owned());
            }
            script => {
                // The binaries of this test's profile stand in for a release build.
                let script = script.replace("cargo build --release\n", "").replace("target/release/", "");
                succeeds("README.md", &bash(&script, binaries::root()));
            }
        }
    }
    assert_eq!(jobs, ["cargo run --release --bin vouchsafe -- demo", "cargo xtask test"]);
    let ci = read(".ci/run");
    assert!(ci.contains("cargo xtask test"), "CI runs what the README says");
}

#[test]
fn the_readme_leads_to_documents_that_exist() {
    for page in [
        "README.md",
        "docs/operator.md",
        "docs/pod.md",
        "docs/inference-client.md",
        "docs/auditor.md",
        "docs/checks.md",
        "docs/attestation-result.md",
        "docs/verdict.md",
        "docs/event-log.md",
        "docs/performance.md",
    ] {
        let folder = binaries::root().join(page).parent().expect("a folder").to_owned();
        let text = read(page);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let local = !link.starts_with("http");
            let file = link.split('#').next().unwrap_or_default();
            assert!(!local || folder.join(file).exists(), "{page} links to {link}");
        }
    }
}

struct Block {
    /// The page says that it needs a confidential VM.
    hardware: bool,
    script: String,
}

/// Runs the page's blocks as one script in an empty folder; those that need hardware must say that there is none.
fn run_page(page: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::os::unix::fs::symlink(binaries::root().join("fixtures"), folder.path().join("fixtures"))
        .expect("a link");
    let blocks = blocks(page);
    assert!(!blocks.is_empty(), "{page} shows no command");
    let script: String =
        blocks.iter().filter(|block| !block.hardware).map(|block| block.script.as_str()).collect();
    succeeds(page, &bash(&script, folder.path()));
    if blocks.iter().any(|block| block.hardware) {
        // The artefact that such a page opens.
        let name = "--out model.sealed --key-out k --key-uri kbs:///m/key/k";
        let seal = format!("echo weights > w && vouchsafe encrypt-weights --in w {name}");
        succeeds(page, &bash(&seal, folder.path()));
    }
    for block in blocks.iter().filter(|block| block.hardware) {
        let output = bash(&block.script, folder.path());
        assert_eq!(output.status.code(), Some(4), "{page}: {}\n{}", block.script, text(&output));
    }
}

fn bash(script: &str, folder: &Path) -> Output {
    let programs =
        ["vouchsafe", "vouchsafe-kbs", "vouchsafe-agent", "vouchsafe-agent-sim"].map(binaries::path);
    let bin = programs[0].parent().expect("a folder").display().to_string();
    let path = format!("{bin}:{}", std::env::var("PATH").unwrap_or_default());
    // What a page starts in the background ends with the page.
    let script = format!("trap 'jobs -p | xargs -r kill 2>/dev/null || true' EXIT\n{script}");
    // A page that waits for what never comes fails, and does not stop everything.
    let mut command = Command::new("timeout");
    command.args(["600", "bash", "-euo", "pipefail", "-c", &script]).current_dir(folder).env("PATH", path);
    command.env_remove("VOUCHSAFE_KBS_URL").output().expect("bash starts")
}

fn succeeds(page: &str, output: &Output) {
    assert!(output.status.success(), "{page}: {}\n{}", output.status, text(output));
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The fenced blocks of shell commands.
fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in read(page).lines() {
        match (line.trim(), &mut open) {
            ("```", Some(_)) => blocks.extend(open.take()),
            ("```sh", None) => open = Some(Block { hardware: false, script: String::new() }),
            ("```sh hardware", None) => open = Some(Block { hardware: true, script: String::new() }),
            (_, Some(block)) => {
                block.script.push_str(line);
                block.script.push('\n');
            }
            (_, None) => {}
        }
    }
    assert!(open.is_none(), "{page} has a block without an end");
    blocks
}

fn read(path: &str) -> String {
    std::fs::read_to_string(binaries::root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
