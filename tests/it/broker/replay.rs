//! Decisions made again by a fresh process from a record and its blobs, after the broker that made them is gone.
#![expect(
    clippy::disallowed_methods,
    reason = "reads, changes and removes the files that it lets the command read"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use decision_log::{Body, Digest, Record};
use kbs_protocol::{HashAlgorithm, InitData};
use serde_json::Value;
use sim::platform::Machine;
use system_tests::binaries;
use system_tests::broker::{Draft, OTHER_LAUNCH_DIGEST, Settings, Site, tee_of};

use super::bench::{Bench, RESOURCE, SECRET, new_key, opened, token_of};

/// A broker with an auditor who has a key of the command's own making.
fn bench() -> Bench {
    let site = Site::new();
    let key = site.path("auditor.key");
    let made = vouchsafe(&["admin", "keygen", "--out", key.to_str().unwrap()], &site.path(""));
    assert!(made.status.success(), "{}", text(&made));
    let tables = "[[admin]]\nname = \"auditor\"\npublic_key = \"auditor.key.pub\"\n";
    let broker = site.start(Settings { tables, ..Settings::default() });
    assert_eq!(site.operator.store(broker.address, RESOURCE, SECRET).status, 200);
    Bench { site, broker }
}

/// The command with nothing around it but a folder to run in.
fn vouchsafe(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(binaries::path("vouchsafe"));
    command.args(arguments).current_dir(folder).env_clear().output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// An admin command as the auditor.
fn audit(bench: &Bench, arguments: &[&str]) -> Output {
    let key = bench.site.path("auditor.key");
    let url = bench.broker.url();
    let broker = ["--kbs-url", &url, "--key", key.to_str().unwrap()];
    vouchsafe(&[&["admin"], arguments, &broker].concat(), &bench.site.path(""))
}

fn fetch(bench: &Bench, id: &str, name: &str) -> PathBuf {
    let folder = bench.site.path(name);
    let fetched = audit(bench, &["records", "fetch", id, "--to", folder.to_str().unwrap()]);
    assert!(fetched.status.success(), "{}", text(&fetched));
    folder
}

fn replay(record: &Path, blobs: &Path) -> (Option<i32>, Value) {
    let nowhere = tempfile::tempdir().unwrap();
    let [record, blobs] = [record, blobs].map(|path| path.to_str().unwrap());
    let output = vouchsafe(&["replay", "--json", "--record", record, "--blobs", blobs], nowhere.path());
    let object = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
    (output.status.code(), object)
}

/// The id after the last ` name=` of the log.
fn logged(bench: &Bench, line: &str, name: &str) -> String {
    let log = bench.broker.log();
    let line = log.lines().rfind(|entry| entry.contains(line)).unwrap_or_else(|| panic!("{log}"));
    let (_, rest) = line.split_once(&format!(" {name}=")).unwrap();
    rest.split(' ').next().unwrap().to_owned()
}

fn decision_of(token: &str) -> String {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["submods"]["cpu0"]["ear.vouchsafe"]["decision"].as_str().unwrap().to_owned()
}

/// Attests and asks for the secret: the attestation's id, and the status of the answer.
fn decide(bench: &Bench, machine: &Machine, change: impl FnOnce(&mut Draft)) -> (String, u16) {
    let (session, key) = (bench.auth(tee_of(machine)), new_key());
    let mut draft = Draft::honest(&session, machine, &key);
    change(&mut draft);
    let token = token_of(&draft.send(bench.broker.address));
    let (name, value) = session.header();
    let answer = bench.fetch(RESOURCE, (name, &value));
    if answer.status == 200 {
        assert_eq!(opened(&answer, &key), SECRET);
    }
    (decision_of(&token), answer.status)
}

fn with_init_data(draft: &mut Draft) {
    let body = "version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\n\"team\" = \"red\"\n";
    let init_data = InitData { format: "toml".to_owned(), body: body.to_owned() };
    let digest = init_data.digest(HashAlgorithm::Sha256).unwrap();
    draft.guest.host_data = digest.as_bytes().to_vec();
    draft.init_data = Some(init_data);
}

/// What is compared of an attestation.
const ATTESTED: [&str; 8] =
    ["report-data", "host-data", "verified", "tier", "failed", "verdict", "reference-value", "claims"];

fn compared(report: &Value) -> Vec<&str> {
    let compared = report["replayed"]["compared"].as_array().unwrap();
    compared.iter().map(|one| one["what"].as_str().unwrap()).collect()
}

#[test]
fn every_kind_of_decision_comes_to_the_same_in_a_fresh_process_without_its_broker() {
    let bench = bench();
    let mut folders = Vec::new();
    for machine in bench.machines() {
        let tee = tee_of(machine).as_str();
        let (affirmed, status) = decide(&bench, machine, |_| ());
        assert_eq!(status, 200);
        folders.push((affirmed, "attestation", format!("{tee}-affirmed")));
        folders.push((logged(&bench, " released ", "decision"), "release", format!("{tee}-release")));
        let other = |draft: &mut Draft| draft.guest.launch_digest = OTHER_LAUNCH_DIGEST;
        let (warned, status) = decide(&bench, machine, other);
        assert_eq!(status, 403);
        folders.push((warned, "attestation", format!("{tee}-believed")));
        folders.push((logged(&bench, "denied by policy", "denial"), "denial", format!("{tee}-denial")));
    }
    let (bound, _) = decide(&bench, &bench.site.amd.machine, with_init_data);
    folders.push((bound, "attestation", "snp-init-data".to_owned()));
    for (id, _, name) in &folders {
        fetch(&bench, id, name);
    }
    // The broker ends, and what it ran on goes: a record and its blobs are all there is.
    let Bench { site, broker } = bench;
    drop(broker);
    for name in ["store.redb", "root.key", "reference-values.toml", "amd.der", "intel.der"] {
        site.take(name);
    }
    fs::remove_dir_all(site.path("endorsements")).unwrap();
    for (id, kind, name) in folders {
        let folder = site.path(&name);
        let (code, report) = replay(&folder.join(&id), &folder);
        assert_eq!((code, &report["same"]), (Some(0), &Value::Bool(true)), "{name}: {report}");
        assert_eq!((&report["decision"], &report["replayed"]["kind"]), (&id.into(), &kind.into()));
        assert_eq!(report["replayed"]["warnings"], Value::Array(vec![]), "{name}");
        let rests = ATTESTED.map(|what| format!("attestation.{what}"));
        let rests: Vec<&str> = rests.iter().map(String::as_str).collect();
        let wanted = match kind {
            "attestation" => ATTESTED.to_vec(),
            "release" => [rests, vec!["token-time", "epoch", "tee-key", "outcome", "rule"]].concat(),
            _ => [rests, vec!["token-time", "epoch", "outcome", "reason", "detail"]].concat(),
        };
        assert_eq!(compared(&report), wanted, "{name}");
    }
}

/// One release with all that it names, and the site that it came from.
struct Released {
    _site: Site,
    folder: PathBuf,
    id: String,
    attestation: String,
}

impl Released {
    fn new() -> Self {
        let bench = bench();
        let (attestation, status) = decide(&bench, &bench.site.intel.machine, |_| ());
        assert_eq!(status, 200);
        let id = logged(&bench, " released ", "decision");
        let folder = fetch(&bench, &id, "decision");
        Self { _site: bench.site, folder, id, attestation }
    }

    fn record(&self, id: &str) -> Record {
        Record::decode(&fs::read(self.folder.join(id)).unwrap()).unwrap()
    }

    /// Writes a changed record under this name, and replays it.
    fn replay_as(&self, name: &str, record: &Record) -> (Option<i32>, Value) {
        let path = self.folder.join(name);
        let before = fs::read(&path).ok();
        fs::write(&path, record.encode()).unwrap();
        let outcome = replay(&path, &self.folder);
        match before {
            Some(content) => fs::write(&path, content).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        outcome
    }
}

#[test]
fn a_release_names_the_version_and_the_answer_that_left() {
    let bench = bench();
    let machine = &bench.site.intel.machine;
    let (session, key) = (bench.auth(tee_of(machine)), new_key());
    token_of(&Draft::honest(&session, machine, &key).send(bench.broker.address));
    let (name, value) = session.header();
    let mut ids = std::collections::BTreeSet::new();
    // The same request again, most likely within one second: it is another decision, since it is another answer.
    for (number, version) in [1, 1, 2].into_iter().enumerate() {
        if version == 2 {
            assert_eq!(bench.site.operator.store(bench.broker.address, RESOURCE, b"newer").status, 200);
        }
        let answer = bench.fetch(RESOURCE, (name, &value));
        assert_eq!(opened(&answer, &key), if version == 2 { b"newer" } else { SECRET });
        let id = logged(&bench, " released ", "decision");
        let folder = fetch(&bench, &id, &format!("release-{number}"));
        let record = Record::decode(&fs::read(folder.join(&id)).unwrap()).unwrap();
        let Body::Release(release) = record.decision else { panic!("no release") };
        assert_eq!((release.version, release.answer), (Some(version), Some(Digest::of(&answer.body))));
        ids.insert(id);
    }
    assert_eq!(ids.len(), 3);
}

fn differences(report: &Value) -> Vec<&str> {
    let differences = report["differences"].as_array().unwrap();
    differences.iter().map(|one| one["what"].as_str().unwrap()).collect()
}

#[test]
fn one_byte_of_anything_that_a_record_names_is_seen_and_so_is_its_absence() {
    let released = Released::new();
    let record = released.folder.join(&released.id);
    let mut files = 0;
    for entry in fs::read_dir(&released.folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let content = fs::read(&path).unwrap();
        let mut changed = content.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        fs::write(&path, &changed).unwrap();
        let (code, report) = replay(&record, &released.folder);
        assert_eq!(code, Some(3), "{report}");
        let error = report["error"].as_str().unwrap();
        assert!(
            error.contains(&format!("the record names {name}, this content has {}", Digest::of(&changed))),
            "{error}"
        );
        fs::remove_file(&path).unwrap();
        if name != released.id {
            let (code, report) = replay(&record, &released.folder);
            let missing = report["missing"].as_array().unwrap();
            let missing: Vec<&Value> = missing.iter().map(|one| &one["digest"]).collect();
            assert_eq!((code, missing), (Some(4), vec![&Value::String(name)]), "{report}");
        }
        fs::write(&path, &content).unwrap();
        files += 1;
    }
    assert!(files > 10, "{files} files");
    assert_eq!(replay(&record, &released.folder).0, Some(0));
}

#[test]
fn a_record_that_was_edited_is_not_the_one_of_its_id_and_comes_to_something_else() {
    let released = Released::new();
    let attested = |change: fn(&mut decision_log::Attestation)| {
        let mut record = released.record(&released.attestation);
        let Body::Attestation(attestation) = &mut record.decision else { panic!("no attestation") };
        change(attestation);
        record
    };
    let rows: [(Record, &[&str]); 5] = [
        (attested(|record| record.tier = "none".to_owned()), &["tier"]),
        (attested(|record| record.verified = false), &["verified"]),
        (attested(|record| record.failed.push("appraise.debug".to_owned())), &["failed"]),
        (attested(|record| record.report_data = "00".repeat(64)), &["report-data"]),
        (attested(|record| record.host_data = Some("00".repeat(48))), &["host-data"]),
    ];
    for (record, wanted) in rows {
        assert_eq!(released.replay_as(&released.attestation, &record).0, Some(3));
        let (code, report) = released.replay_as("record.json", &record);
        assert_eq!((code, differences(&report)), (Some(1), wanted.to_vec()), "{report}");
    }
    // Judged a day later, the token of the day before is somebody else's: the instant is an input.
    let mut later = released.record(&released.attestation);
    later.at += 86_400;
    let (code, report) = released.replay_as("record.json", &later);
    assert_eq!(code, Some(1), "{report}");
    assert!(differences(&report).contains(&"verdict.at"), "{report}");
}

#[test]
fn a_record_that_names_another_policy_is_forged_and_decides_otherwise() {
    let released = Released::new();
    let policy = b"package policy\nallow := false\n";
    fs::write(released.folder.join(Digest::of(policy).to_string()), policy).unwrap();
    let mut record = released.record(&released.id);
    let Body::Release(release) = &mut record.decision else { panic!("no release") };
    release.resource_policy = Digest::of(policy);
    assert_eq!(released.replay_as(&released.id, &record).0, Some(3));
    let (code, report) = released.replay_as(&record.id().to_string(), &record);
    assert_eq!((code, differences(&report)), (Some(1), vec!["outcome", "rule"]), "{report}");
    // The other policy under the name of the true one.
    let Body::Release(release) = released.record(&released.id).decision else { panic!("no release") };
    let path = released.folder.join(release.resource_policy.to_string());
    let content = fs::read(&path).unwrap();
    fs::write(&path, policy).unwrap();
    assert_eq!(replay(&released.folder.join(&released.id), &released.folder).0, Some(3));
    fs::write(&path, content).unwrap();
}

#[test]
fn a_record_of_a_release_that_was_edited_comes_to_something_else() {
    let released = Released::new();
    let edited = |change: &dyn Fn(&mut decision_log::Release)| {
        let mut record = released.record(&released.id);
        let Body::Release(release) = &mut record.decision else { panic!("no release") };
        change(release);
        released.replay_as("record.json", &record)
    };
    let (code, report) = edited(&|release| release.epoch += 1);
    assert_eq!((code, differences(&report)), (Some(1), vec!["epoch"]), "{report}");
    let policy = |release: &decision_log::Release| release.resource_policy;
    let (code, report) = edited(&|release| release.tee_key = policy(release));
    assert_eq!((code, differences(&report)), (Some(1), vec!["tee-key"]), "{report}");
    let (code, report) = edited(&|release| release.rule = "another".to_owned());
    assert_eq!((code, differences(&report)), (Some(1), vec!["rule"]), "{report}");
    // Of this broker and of another issuer, or of none: nothing that was ever decided.
    let (code, report) = edited(&|release| release.foreign_issuer = Some("evil".to_owned()));
    assert_eq!(code, Some(4), "the foreign token that nobody kept is missing: {report}");
    let (code, report) = edited(&|release| release.attestation = None);
    assert_eq!(code, Some(3), "{report}");
    // A denial that cannot have been made of a token of this broker's.
    let mut record = released.record(&released.id);
    let Body::Release(release) = record.decision else { panic!("no release") };
    record.decision = Body::Denial(decision_log::Denial {
        attestation: release.attestation,
        foreign_issuer: None,
        epoch: release.epoch,
        token: release.token,
        resource: release.resource,
        resource_policy: release.resource_policy,
        reason: "issuer-resources".to_owned(),
        detail: vec![],
        method: release.method,
        query: release.query,
    });
    let (code, report) = released.replay_as("record.json", &record);
    assert_eq!(code, Some(1), "{report}");
    assert!(differences(&report).contains(&"outcome"), "{report}");
}

#[test]
fn claims_that_the_evidence_does_not_bear_out_are_named() {
    let released = Released::new();
    let mut record = released.record(&released.attestation);
    let Body::Attestation(attestation) = &mut record.decision else { panic!("no attestation") };
    let kept = released.folder.join(attestation.claims.unwrap().to_string());
    let claims = fs::read_to_string(kept).unwrap();
    let forged = claims.replacen("\"ear.status\":\"affirming\"", "\"ear.status\":\"warning\"", 1);
    assert_ne!(forged, claims);
    attestation.claims = Some(Digest::of(forged.as_bytes()));
    fs::write(released.folder.join(Digest::of(forged.as_bytes()).to_string()), forged).unwrap();
    let (code, report) = released.replay_as("record.json", &record);
    let wanted = vec!["claims", "claims.submods.cpu0.ear.status"];
    assert_eq!((code, differences(&report)), (Some(1), wanted), "{report}");
}

#[test]
fn a_decision_of_another_version_is_made_again_with_a_warning() {
    let released = Released::new();
    let mut record = released.record(&released.attestation);
    record.software = "vouchsafe-kbs 0.0.0".to_owned();
    let (code, report) = released.replay_as("record.json", &record);
    assert_eq!(code, Some(0), "{report}");
    let warning = report["replayed"]["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("decided by \"vouchsafe-kbs 0.0.0\", and made again by "), "{warning}");
}

#[test]
fn what_is_no_record_and_what_cannot_be_read_have_exit_codes_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let run = |record: &str| {
        let arguments = ["replay", "--record", record, "--blobs", "."];
        vouchsafe(&arguments, folder.path()).status.code()
    };
    fs::write(folder.path().join("text"), "{}").unwrap();
    assert_eq!((run("text"), run("absent")), (Some(3), Some(2)));
}

#[test]
fn holds_are_begun_listed_and_ended_and_a_decision_that_tokens_rest_on_is_not_deleted() {
    let bench = bench();
    let (id, _) = decide(&bench, &bench.site.amd.machine, |_| ());
    let refused = audit(&bench, &["records", "delete", &id]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused).contains("409 Conflict: the record is not deleted: tokens may rest on it until "),
        "{}",
        text(&refused)
    );

    let resource = format!("kbs:///{RESOURCE}");
    let rows: [&[&str]; 3] = [
        &["--decision", &id],
        &["--resource", &resource],
        &["--from", "2026-01-01T00:00:00Z", "--until", "2027-01-01T00:00:00Z"],
    ];
    let mut names = Vec::new();
    for on in rows {
        let begun = audit(&bench, &[&["hold", "add"], on, &["--reason", "case 7"]].concat());
        assert!(begun.status.success(), "{}", text(&begun));
        names.push(String::from_utf8(begun.stdout).unwrap().trim_end().to_owned());
    }
    let listed = |arguments: &[&str]| {
        let output = audit(&bench, &[&["hold", "list"], arguments].concat());
        String::from_utf8(output.stdout).unwrap().lines().count()
    };
    assert_eq!((listed(&[]), listed(&["--all"])), (3, 3));
    let ended = audit(&bench, &["hold", "remove", &names[0], "--reason", "closed"]);
    assert!(ended.status.success(), "{}", text(&ended));
    let again = audit(&bench, &["hold", "remove", &names[0], "--reason", "closed"]);
    assert!(text(&again).contains("404 Not Found: no hold of this name is in force"), "{}", text(&again));
    assert_eq!((listed(&[]), listed(&["--all"])), (2, 3));
    let all = audit(&bench, &["hold", "list", "--all", "--json"]);
    let all: Value = serde_json::from_slice(&all.stdout).unwrap();
    let hold = all.as_array().unwrap().iter().find(|hold| hold["name"] == names[0].as_str()).unwrap();
    assert_eq!((&hold["begun"]["by"], &hold["begun"]["reason"]), (&"auditor".into(), &"case 7".into()));
    assert_eq!((&hold["ended"]["by"], &hold["ended"]["reason"]), (&"auditor".into(), &"closed".into()));
    for wrong in [&["--reason", "r"][..], &["--from", "2026-01-01T00:00:00Z", "--reason", "r"]] {
        assert_eq!(audit(&bench, &[&["hold", "add"], wrong].concat()).status.code(), Some(2));
    }
}
