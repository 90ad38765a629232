//! What the operator revoked is accepted no more, until he lifts it; and an auditor's replay says the same.

use std::process::Output;

use sim::platform::Machine;
use system_tests::binaries;
use system_tests::broker::{Answer, Draft, KNOWN, Settings, Site, tee_of};

use super::bench::{Bench, RESOURCE, SECRET, bearer, new_key};

/// A broker with an admin whose key `vouchsafe admin` has.
fn bench() -> Bench {
    let site = Site::new();
    let made = vouchsafe(&site, &["admin", "keygen", "--out", "operator.key"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    // A resource policy that asks nothing, which a revocation holds against too.
    site.write("allow-all.rego", b"package policy\nallow := true");
    let keys = "resource_policy = \"allow-all.rego\"";
    let tables = "[[admin]]\nname = \"operator\"\npublic_key = \"operator.key.pub\"\n";
    let broker = site.start(Settings { keys, tables, ..Settings::default() });
    assert_eq!(site.operator.store(broker.address, RESOURCE, SECRET).status, 200);
    Bench { site, broker }
}

fn vouchsafe(site: &Site, arguments: &[&str]) -> Output {
    let mut command = std::process::Command::new(binaries::path("vouchsafe"));
    command.args(arguments).current_dir(site.path("")).output().unwrap()
}

/// A command of `vouchsafe admin revocation`: what it printed.
fn operate(bench: &Bench, arguments: &[&str]) -> String {
    let broker = ["--kbs-url", &bench.broker.url(), "--key", "operator.key"];
    let output = vouchsafe(&bench.site, &[&["admin", "revocation"], arguments, &broker].concat());
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A guest's try to be attested: the answer.
fn tried(bench: &Bench, machine: &Machine) -> Answer {
    let session = bench.auth(tee_of(machine));
    Draft::honest(&session, machine, &new_key()).send(bench.broker.address)
}

fn revoked(check: &str) -> (u16, &'static str, [&str; 2]) {
    (401, "AttestationError", ["the operator of this broker has revoked the machine or the image", check])
}

#[test]
fn a_revoked_machine_or_image_gets_nothing_until_the_revocation_is_lifted() {
    let bench = bench();
    let [amd, intel] = bench.machines();
    let Machine::Amd(chip) = amd else { panic!("an AMD machine") };
    let Machine::Intel(platform) = intel else { panic!("an Intel machine") };
    let extension = &platform.machine.extension;
    let instance = hex::encode(extension.platform_instance_id.unwrap());
    let image = hex::encode(KNOWN.launch_digest);
    let (machine, image_check) = ("appraise.deny.machine", "appraise.deny.image");
    for (kind, id, denied, check) in [
        ("--chip", hex::encode(chip.chip.id), [true, false], machine),
        ("--ppid", hex::encode(extension.ppid), [false, true], machine),
        ("--platform-instance", instance, [false, true], machine),
        ("--launch-digest", image, [true, true], image_check),
        ("--mr-enclave", "11".repeat(32), [false, false], image_check),
    ] {
        let name = operate(&bench, &["add", kind, &id, "--reason", "case 9"]);
        let name = name.trim_end();
        assert_eq!(name, format!("{}-{id}", &kind[2..]));
        for (machine, denied) in [amd, intel].into_iter().zip(denied) {
            let answer = tried(&bench, machine);
            if denied {
                let (status, error, words) = revoked(check);
                bench.refused(kind, &answer, (status, error, &words));
            } else {
                assert_eq!(answer.status, 200, "{kind}");
            }
        }
        operate(&bench, &["remove", name, "--reason", "found"]);
        bench.honest(amd);
        bench.honest(intel);
    }
    assert_eq!(operate(&bench, &["list"]), "");
    let all = operate(&bench, &["list", "--all"]);
    assert_eq!(all.lines().count(), 5);
    assert!(all.lines().all(|line| line.contains("by operator: case 9  lifted")), "{all}");
}

#[test]
fn a_token_from_before_a_revocation_opens_nothing_and_the_next_names_the_check() {
    let bench = bench();
    let Machine::Amd(chip) = &bench.site.amd.machine else { panic!("an AMD machine") };
    let token = bearer(&bench.honest(&bench.site.amd.machine));
    operate(&bench, &["add", "--chip", &hex::encode(chip.chip.id), "--reason", "stolen"]);
    let over = (401, "TokenVerifierError", &["a revocation has changed since the token was issued"][..]);
    bench.refused("the older token", &bench.fetch(RESOURCE, ("authorization", &token)), over);
    // After a restart too.
    let Bench { site, broker } = bench;
    let bench = Bench { broker: broker.kill_and_restart(), site };
    let answer = tried(&bench, &bench.site.amd.machine);
    let (status, error, words) = revoked("appraise.deny.machine");
    let decision = bench.refused("the new one", &answer, (status, error, &words)).decision.unwrap();
    // An auditor comes to the same, from the record alone.
    let url = bench.broker.url();
    let fetch =
        ["admin", "records", "fetch", &decision, "--to", "taken", "--kbs-url", &url, "--key", "operator.key"];
    assert!(vouchsafe(&bench.site, &fetch).status.success());
    let record = format!("taken/{decision}");
    let replayed = vouchsafe(&bench.site, &["replay", "--record", &record, "--blobs", "taken"]);
    assert_eq!(replayed.status.code(), Some(0), "{}", String::from_utf8_lossy(&replayed.stdout));
}
