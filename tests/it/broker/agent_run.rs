//! `run`: a command with its secrets, as processes.
#![expect(clippy::disallowed_methods, reason = "reads what the command wrote")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use kbs_protocol::HashAlgorithm;
use system_tests::broker::agent;

use super::bench::{Bench, RESOURCE, SECRET};

/// A folder in memory, gone with the test.
struct Memory(PathBuf);

impl Memory {
    fn new(name: &str) -> Self {
        let path = Path::new("/dev/shm").join(format!("vouchsafe-it-{}-{name}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn is_empty(&self) -> bool {
        fs::read_dir(&self.0).unwrap().next().is_none()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// The agent on a simulated machine that runs `script`, the secret in a file.
fn run(bench: &Bench, memory: &Memory, simulation: &[&str], options: &[&str], script: &str) -> Command {
    let folder = bench.site.path("snp");
    if !folder.exists() {
        sim_agent::write_platform(&folder, &bench.site.amd).unwrap();
    }
    let mut command = Command::new(agent());
    command.arg("--platform").arg(folder).args(simulation);
    command.args(["run", "--kbs-url", &bench.broker.url(), "--memory"]).arg(&memory.0);
    command
        .args(["--file", &format!("key=kbs:///{RESOURCE}")])
        .args(options)
        .args(["--", "sh", "-c", script]);
    command
}

fn wait_for(path: &Path) {
    let began = Instant::now();
    while !path.exists() {
        assert!(began.elapsed() < Duration::from_secs(30), "{} did not come", path.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_command_has_its_secret_gets_its_signals_and_leaves_nothing() {
    let (bench, memory) = (Bench::new(), Memory::new("signals"));
    let (copy, ready) = (bench.site.path("copy"), bench.site.path("ready"));
    let script = format!(
        "cp \"$VOUCHSAFE_SECRETS/key\" {}; trap 'exit 9' TERM; trap 'touch {ready}.usr1' USR1; touch {ready}; \
         while :; do sleep 0.05; done",
        copy.display(),
        ready = ready.display()
    );
    let mut child = run(&bench, &memory, &[], &[], &script).spawn().unwrap();
    wait_for(&ready);
    assert!(!memory.is_empty());
    signal(&child, "USR1");
    wait_for(&ready.with_extension("usr1"));
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(9));
    assert_eq!(fs::read(&copy).unwrap(), SECRET);
    assert!(memory.is_empty());
}

#[test]
fn a_guest_that_was_launched_with_other_init_data_sends_nothing() {
    let (bench, memory) = (Bench::new(), Memory::new("init-data"));
    let document = "version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\n\"team\" = \"red\"\n";
    let path = bench.site.path("init-data.toml");
    fs::write(&path, document).unwrap();
    let options = ["--init-data", path.to_str().unwrap()];
    let digest = hex::encode(HashAlgorithm::Sha256.digest(document.as_bytes()).unwrap().as_bytes());
    let launched = |simulation: &[&str]| run(&bench, &memory, simulation, &options, "true").output().unwrap();
    assert_eq!(launched(&["--host-data", &digest]).status.code(), Some(0));
    let other = "11".repeat(32);
    for (simulation, said) in [
        (&[][..], "this guest was launched with no init-data: HOST_DATA is 0000"),
        (&["--host-data", &other][..], "this guest was launched with other init-data: HOST_DATA is 1111"),
    ] {
        let output = launched(simulation);
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(messages.contains(said) && messages.contains(&digest), "{messages}");
        assert_eq!((output.status.code(), memory.is_empty()), (Some(2), true));
    }
}
