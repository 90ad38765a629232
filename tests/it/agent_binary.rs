//! The product's agent cannot mint evidence: its release binary has none of the simulation's symbols and words.

use std::path::PathBuf;
use std::process::Command;

use system_tests::{binaries, fixtures};

/// Parts of what only the minting code brings into a binary: mangled paths of its crates, and its words.
const MINTING: &[&str] = &[
    "3sim3amd",
    "3sim5intel",
    "3sim8platform",
    "9sim_agent",
    "SIMULATED HARDWARE",
    "Make a new simulated machine",
    "platform.json",
    "SEV-VCEK",
    "a simulated machine of kind",
];

/// The release programs, made all at once as for a release: what one needs must not get into another.
fn release(name: &str) -> Vec<u8> {
    static FOLDER: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let target = test.ancestors().nth(3).unwrap().to_owned();
        let mut cargo = Command::new(option_env!("CARGO").unwrap_or("cargo"));
        cargo.args(["build", "--locked", "--quiet", "--release", "--workspace", "--bins", "--target-dir"]);
        let status = cargo.arg(&target).current_dir(binaries::root()).status().unwrap();
        assert!(status.success(), "cargo cannot build the release programs");
        target.join("release")
    });
    fixtures::read(&folder.join(name))
}

fn found(binary: &[u8]) -> Vec<&'static str> {
    let holds = |mark: &&&str| binary.windows(mark.len()).any(|window| window == mark.as_bytes());
    MINTING.iter().filter(holds).copied().collect()
}

#[test]
fn release_agent_contains_no_minting_code() {
    let (agent, simulation) = (release("vouchsafe-agent"), release("vouchsafe-agent-sim"));
    // The symbols are there to be found: `strip = "debuginfo"` leaves them.
    for (name, binary) in [("vouchsafe-agent", &agent), ("vouchsafe-agent-sim", &simulation)] {
        let symbols = binary.windows(b"11guest_agent".len()).any(|window| window == b"11guest_agent");
        assert!(symbols, "{name} has no symbols");
    }
    assert_eq!(found(&simulation), MINTING);
    assert_eq!(found(&agent), Vec::<&str>::new());
}
