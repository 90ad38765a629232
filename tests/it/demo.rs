//! `vouchsafe demo` as a newcomer runs it.
#![expect(clippy::disallowed_methods, reason = "looks for what the demo leaves behind: files and processes")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use system_tests::binaries;
use tempfile::TempDir;

#[test]
fn demo_does_what_it_says_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(&folder).output().unwrap();
    let story = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        (output.status.code(), String::from_utf8_lossy(&output.stderr)),
        (Some(0), "".into()),
        "{story}"
    );

    let mut rest = story.as_str();
    for line in LINES {
        let Some((_, after)) = rest.split_once(line) else {
            panic!("not found in its place: {line:?}\n{story}")
        };
        rest = after;
    }
    assert!(!story.contains('\u{1b}'), "colour where there is no terminal");
    assert_eq!(left_in(folder.path()), Vec::<String>::new());
    for process in processes(&story) {
        assert!(!runs(process), "process {process} still runs");
    }
}

#[test]
fn interrupted_demo_ends_its_broker_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut demo, broker) = demo_with_broker(&folder);
    let process = Pid::from_raw(demo.id().try_into().unwrap()).unwrap();
    kill_process(process, Signal::INT).unwrap();
    let code = demo.wait().unwrap().code();
    assert_eq!((code, left_in(folder.path()), runs(broker)), (Some(1), Vec::new(), false));
}

#[test]
fn broker_of_a_killed_demo_ends_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (mut demo, broker) = demo_with_broker(&folder);
    demo.kill().unwrap();
    demo.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while runs(broker) {
        assert!(Instant::now() < deadline, "the broker outlives the demo");
        std::thread::yield_now();
    }
}

/// Parts of the story in their order.
const LINES: &[&str] = &[
    "accepted      TDX quote v4",
    "accepted      TDX quote v5",
    "not accepted  TDX quote v4 of a platform with old microcode",
    "not accepted  SGX quote v3",
    "not accepted  SNP report, Milan",
    "not accepted  SNP report, Genoa, from VMPL 1",
    "refused       the first TDX quote with one bit of MRTD changed",
    "A simulated SNP machine",
    "broker        process ",
    "it warns      danger_simulated_roots: danger_demo",
    "sealed        16789561 bytes as 17 chunks",
    "stored        the key at the broker, as kbs:///models/key/demo",
    "released      process ",
    "the same      all 16789561 bytes",
    "refused       process ",
    "appraise.reference-values",
    "nothing       processes ",
    "Every step did what it says.",
];

fn demo(folder: &TempDir) -> Command {
    let mut command = Command::new(binaries::path("vouchsafe"));
    command.arg("demo").env("TMPDIR", folder.path()).env_remove("NO_COLOR").stdin(Stdio::null());
    command
}

/// A demo that has got as far as its broker, and the broker's process.
fn demo_with_broker(folder: &TempDir) -> (Child, u32) {
    let mut child = demo(folder).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let story: BufReader<ChildStdout> = BufReader::new(child.stdout.take().unwrap());
    let mut lines = story.lines().map(Result::unwrap);
    let line = lines.find(|line| line.contains("broker        process ")).unwrap();
    // The story goes on into the void; a demo that stopped at its broken pipe would be a test of something else.
    std::thread::spawn(move || lines.for_each(drop));
    let broker = processes(&line)[0];
    assert!(runs(broker));
    (child, broker)
}

/// The numbers after the word "process".
fn processes(story: &str) -> Vec<u32> {
    let numbers = story.split("process ").skip(1);
    numbers.filter_map(|text| text.split(' ').next()?.parse().ok()).collect()
}

fn runs(process: u32) -> bool {
    // A process that ended and whose parent did not ask for it yet is a zombie: it runs no more.
    fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

fn left_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}
