//! A backup of a running broker, taken into a new store: all of it is there, and nothing from before it can be replayed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use kbs_protocol::Tee;
use serde_json::Value;
use system_tests::binaries;
use system_tests::broker::{Draft, Settings, attest};

use super::bench::{Bench, RESOURCE, SECRET, bearer, new_key, token_of};

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(binaries::path(program)).args(arguments).output().unwrap()
}

fn kbs(arguments: &[&str]) -> Value {
    let output = run("vouchsafe-kbs", arguments);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {told}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(arguments: &[&str]) -> String {
    let output = run("vouchsafe-kbs", arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The configuration of another store in the same folder, under the same root key.
fn another_config(bench: &Bench, name: &str) -> PathBuf {
    let config = String::from_utf8(bench.site.read("vouchsafe-kbs.toml")).unwrap();
    let config = config.replace("store.redb", &format!("{name}.redb"));
    let config = format!("epoch_file = \"{name}.epoch\"\n{config}");
    bench.site.write(&format!("{name}.toml"), config.as_bytes())
}

/// `vouchsafe admin` with an admin's key of the folder.
fn admin(bench: &Bench, arguments: &[&str]) -> Output {
    let key = bench.site.path("made.key");
    let url = bench.broker.url();
    let mut all = vec!["admin"];
    all.extend(arguments);
    all.extend(["--kbs-url", &url, "--key", text(&key)]);
    run("vouchsafe", &all)
}

/// A broker with an admin key that the command line made.
fn bench() -> Bench {
    let mut bench = Bench::new();
    let key = bench.site.path("made.key");
    assert!(run("vouchsafe", &["admin", "keygen", "--out", text(&key)]).status.success());
    let tables = "[[admin]]\nname = \"made\"\npublic_key = \"made.key.pub\"\n";
    drop(bench.broker);
    bench.broker = bench.site.start(Settings { tables, ..Settings::default() });
    bench
}

#[test]
fn a_restored_store_has_all_of_it_and_takes_nothing_from_before() {
    let mut bench = bench();
    let (session, unanswered, key) = (bench.auth(Tee::Snp), bench.auth(Tee::Snp), new_key());
    let machine = bench.site.amd.machine.clone();
    let backup = bench.site.path("backup");
    let taken = admin(&bench, &["backup", "--to", text(&backup)]);
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    // Spent after the backup, which knows nothing of it.
    let body = Draft::honest(&session, &machine, &key).finish();
    let token = token_of(&attest(bench.broker.address, Some(&session.cookie), &body));
    let config = bench.site.path("vouchsafe-kbs.toml");
    let in_use = refused(&["verify-store", "--config", text(&config)]);
    assert!(in_use.contains("vouchsafe admin backup"), "{in_use}");

    let restored = another_config(&bench, "restored");
    assert_eq!(kbs(&["check-backup", text(&backup)])["header"]["store"], "redb");
    let found = kbs(&["restore", "--config", text(&restored), "--from", text(&backup)]);
    assert_eq!((&found["secrets"], found["epoch"].as_u64() >= Some(1)), (&1.into(), true));
    assert_eq!(kbs(&["verify-store", "--config", text(&restored)]), found);
    let twice = refused(&["restore", "--config", text(&restored), "--from", text(&backup)]);
    assert!(twice.contains("the store is not empty"), "{twice}");

    bench.broker = bench.site.run(&restored);
    for session in [&session, &unanswered] {
        let answer = Draft::honest(session, &machine, &key).send(bench.broker.address);
        let expected = (
            401,
            "AttestationError",
            ["the cookie kbs-session-id is not of this broker's making"].as_slice(),
        );
        bench.refused("a cookie from before", &answer, expected);
    }
    let answer = bench.fetch(RESOURCE, ("authorization", &bearer(&token)));
    assert_eq!(answer.refusal().0, 401, "a token from before the restore");
    bench.honest(&machine);
}

#[test]
fn a_migrated_store_has_all_of_it() {
    let mut bench = bench();
    bench.honest(&bench.site.amd.machine);
    let from = bench.site.path("vouchsafe-kbs.toml");
    let to = another_config(&bench, "migrated");
    let running = refused(&["migrate", "--from-config", text(&from), "--to-config", text(&to)]);
    assert!(running.contains("stop"), "{running}");
    bench.broker.end();
    let before = kbs(&["verify-store", "--config", text(&from)]);
    let after = kbs(&["migrate", "--from-config", text(&from), "--to-config", text(&to)]);
    for what in ["secrets", "records", "blobs"] {
        assert_eq!(after[what], before[what], "{what}");
        assert!(after[what].as_u64() > Some(0), "{what}");
    }
    bench.broker = bench.site.run(&to);
    bench.honest(&bench.site.amd.machine);
}

#[test]
fn a_backup_that_was_cut_off_or_changed_is_refused_and_the_store_stays_empty() {
    let mut bench = bench();
    let config = bench.site.path("vouchsafe-kbs.toml");
    bench.broker.end();
    let backup = bench.site.path("backup");
    kbs(&["backup", "--config", text(&config), "--to", text(&backup)]);
    assert!(refused(&["backup", "--config", text(&config), "--to", text(&backup)]).contains("exists"));
    let restored = another_config(&bench, "restored");
    let whole = bench.site.read("backup");
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    for (name, content) in [("cut off", &whole[..whole.len() - 1]), ("changed", &changed)] {
        let bad = bench.site.write("bad", content);
        let told = refused(&["restore", "--config", text(&restored), "--from", text(&bad)]);
        assert!(told.contains("export"), "{name}: {told}");
    }
    kbs(&["restore", "--config", text(&restored), "--from", text(&backup)]);
}

#[test]
fn a_restore_under_a_wrong_root_key_leaves_the_store_empty_and_makes_no_key() {
    let bench = bench();
    let backup = bench.site.path("backup");
    assert!(admin(&bench, &["backup", "--to", text(&backup)]).status.success());
    let right = another_config(&bench, "new");
    let with_key = |name: &str| {
        let config = String::from_utf8(bench.site.read("new.toml")).unwrap();
        let config = config.replace("\"root.key\"", &format!("\"{name}\""));
        bench.site.write("wrong.toml", config.as_bytes())
    };
    let restore =
        |config: &Path| ["restore", "--config", text(config), "--from", text(&backup)].map(str::to_owned);
    let refused = |config: &Path| refused(&restore(config).each_ref().map(String::as_str));
    // A name that was mistyped.
    let told = refused(&with_key("rot.key"));
    assert!(told.contains("rot.key is not there"), "{told}");
    assert!(!bench.site.path("rot.key").exists());
    // Another key than the backup's.
    let other = with_key("other.key");
    assert!(run("vouchsafe-kbs", &["root-key", "create", "--config", text(&other)]).status.success());
    let told = refused(&other);
    assert!(told.contains("is not taken in, and the store is as it was"), "{told}");
    // The store is still new.
    assert_eq!(kbs(&restore(&right).each_ref().map(String::as_str))["secrets"], 1);
}

#[test]
fn the_configuration_is_checked_as_far_as_the_files_that_it_names() {
    use std::os::unix::fs::PermissionsExt;
    let bench = bench();
    let config = bench.site.path("vouchsafe-kbs.toml");
    let check = || run("vouchsafe-kbs", &["check-config", "--config", text(&config)]);
    assert!(check().status.success());
    std::fs::set_permissions(bench.site.path("root.key"), PermissionsExt::from_mode(0o644)).unwrap();
    let told = refused(&["check-config", "--config", text(&config)]);
    assert!(told.contains("chmod 600") && told.matches("mode 644").count() == 1, "{told}");
    std::fs::set_permissions(bench.site.path("root.key"), PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::rename(bench.site.path("endorsements"), bench.site.path("elsewhere")).unwrap();
    let told = refused(&["check-config", "--config", text(&config)]);
    assert!(told.contains("endorsements"), "{told}");
}

/// The words of whoever finds a store that was put back.
const PUT_BACK: &str = "put back to an older state";

#[test]
fn a_store_that_was_put_back_is_neither_good_nor_taken_anywhere() {
    let mut bench = bench();
    let (store, kept) = (bench.site.path("store.redb"), bench.site.path("kept.redb"));
    bench.broker.end();
    std::fs::copy(&store, &kept).unwrap();
    bench.broker = bench.broker.restart();
    let revoke = ["revocation", "add", "--ppid", &"ab".repeat(16), "--reason", "stolen"];
    assert!(admin(&bench, &revoke).status.success());
    bench.broker.end();
    std::fs::copy(&kept, &store).unwrap();
    let (config, to) = (bench.site.path("vouchsafe-kbs.toml"), another_config(&bench, "moved"));
    let backup = bench.site.path("backup");
    for arguments in [
        vec!["verify-store", "--config", text(&config)],
        vec!["backup", "--config", text(&config), "--to", text(&backup)],
        vec!["migrate", "--from-config", text(&config), "--to-config", text(&to)],
        vec!["accept-clock", "--config", text(&config)],
        vec!["serve", "--config", text(&config)],
    ] {
        let told = refused(&arguments);
        assert!(told.contains(PUT_BACK), "{arguments:?}: {told}");
    }
    assert!(!backup.exists());
}

#[test]
fn a_command_about_a_store_that_is_not_there_makes_none() {
    let mut bench = bench();
    bench.broker.end();
    let (missing, to) = (another_config(&bench, "missing"), another_config(&bench, "moved"));
    let backup = bench.site.path("backup");
    for arguments in [
        vec!["verify-store", "--config", text(&missing)],
        vec!["backup", "--config", text(&missing), "--to", text(&backup)],
        vec!["migrate", "--from-config", text(&missing), "--to-config", text(&to)],
        vec!["accept-clock", "--config", text(&missing)],
    ] {
        let told = refused(&arguments);
        assert!(told.contains("missing.redb: there is no store"), "{arguments:?}: {told}");
    }
    let made = ["missing.redb", "moved.redb", "backup"].map(|name| bench.site.path(name).exists());
    assert_eq!(made, [false; 3]);
}

#[test]
fn the_list_names_secrets_and_never_tells_them() {
    let bench = bench();
    let listed = admin(&bench, &["list", "models/", "--json"]);
    let told = String::from_utf8(listed.stdout).unwrap();
    let secrets: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(secrets[0]["path"], RESOURCE);
    assert_eq!(secrets[0]["versions"][0]["size"], SECRET.len());
    assert!(!told.contains("the key to the weights"));
    let table = String::from_utf8(admin(&bench, &["list"]).stdout).unwrap();
    assert!(table.contains("kbs:///models/key/demo"), "{table}");
    let none = admin(&bench, &["list", "nothing/", "--json"]);
    assert_eq!(String::from_utf8(none.stdout).unwrap().trim(), "[]");
}
