//! The first trip: `vouchsafe-kbs` and `vouchsafe-agent-sim` as processes.
#![expect(clippy::disallowed_methods, reason = "reads what the agent wrote")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use kbs_protocol::Tee;
use sim::platform::Platform;
use system_tests::broker::{Draft, OTHER_LAUNCH_DIGEST, agent, tee_of};

use super::bench::{Bench, RESOURCE, SECRET, bearer, new_key, opened, token_of};

/// Runs the agent on a simulated machine, with the arguments of the simulation first.
fn get(bench: &Bench, platform: &Platform, simulation: &[&str], resource: &str, out: &Path) -> Output {
    let folder = bench.site.path(tee_of(&platform.machine).as_str());
    if !folder.exists() {
        sim_agent::write_platform(&folder, platform).unwrap();
    }
    Command::new(agent())
        .arg("--platform")
        .arg(folder)
        .args(simulation)
        .arg("get")
        .arg(format!("kbs:///{resource}"))
        .args(["--kbs-url", &bench.broker.url(), "--out"])
        .arg(out)
        .output()
        .unwrap()
}

#[test]
fn guests_on_both_kinds_of_hardware_get_the_secret_byte_for_byte_in_a_file_of_their_own() {
    let bench = Bench::new();
    for platform in [&bench.site.amd, &bench.site.intel] {
        let tee = tee_of(&platform.machine).as_str();
        let out = bench.site.path(&format!("{tee}.secret"));
        let output = get(&bench, platform, &[], RESOURCE, &out);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!((fs::read(&out).unwrap(), output.stdout), (SECRET.to_vec(), Vec::new()));
        assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o7777, 0o600);
    }
    let log = bench.broker.log();
    for danger in ["danger_simulated_roots: danger_amd", "appraisal.danger_accept_simulated"] {
        assert!(log.contains(danger), "{danger} is not in\n{log}");
    }
}

#[test]
fn refused_guest_leaves_no_file_and_names_the_check() {
    let bench = Bench::new();
    let digest = hex::encode(OTHER_LAUNCH_DIGEST);
    for platform in [&bench.site.amd, &bench.site.intel] {
        let out = bench.site.path("nothing");
        let output = get(&bench, platform, &["--launch-digest", &digest], RESOURCE, &out);
        let messages = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{messages}");
        assert!(messages.contains("appraise.reference-values"), "{messages}");
        assert!(!out.exists() && output.stdout.is_empty());
    }
    let out = bench.site.path("absent");
    let output = get(&bench, &bench.site.amd, &[], "models/key/absent", &out);
    assert_eq!((output.status.code(), out.exists()), (Some(3), false));
}

#[test]
fn the_cookie_and_the_token_open_the_same_secret_again_and_again() {
    let bench = Bench::new();
    let (session, key) = (bench.auth(Tee::Snp), new_key());
    let machine = &bench.site.amd.machine;
    let token = token_of(&Draft::honest(&session, machine, &key).send(bench.broker.address));
    let cookie = session.header();
    for _ in 0..2 {
        assert_eq!(opened(&bench.fetch(RESOURCE, (cookie.0, &cookie.1)), &key), SECRET);
        assert_eq!(opened(&bench.fetch(RESOURCE, ("authorization", &bearer(&token))), &key), SECRET);
    }
}
