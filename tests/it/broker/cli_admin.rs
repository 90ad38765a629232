//! `vouchsafe admin` as operators and their scripts see it: keys, words and exit codes.
#![expect(clippy::disallowed_methods, reason = "a test that opens a key to others")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use sim::x509::pem;
use system_tests::binaries;
use system_tests::broker::{Settings, agent};

use super::bench::{Bench, RESOURCE};

fn admin(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(binaries::path("vouchsafe"));
    command.arg("admin").args(arguments).current_dir(folder).env_clear().output().unwrap()
}

/// The exit code and what stands on stderr.
fn told(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8(output.stderr.clone()).unwrap())
}

/// A folder with a key in it.
fn with_key() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let made = admin(folder.path(), &["keygen", "--out", "admin.key"]);
    assert_eq!(told(&made), (Some(0), "wrote admin.key and admin.key.pub\n".to_owned()));
    folder
}

#[test]
fn a_key_that_others_may_use_is_refused_with_what_mends_it() {
    let folder = with_key();
    let key = folder.path().join("admin.key");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&key), mode(&key.with_extension("key.pub")) & 0o600), (0o600, 0o600));
    let token = || admin(folder.path(), &["token", "--key", "admin.key"]);
    for (mode, taken) in [(0o600, true), (0o400, true), (0o640, false), (0o620, false), (0o604, false)] {
        fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
        let refused = format!(
            "vouchsafe: admin.key has mode {mode:o}, which lets others at a private key: chmod 600 admin.key\n"
        );
        let wanted = if taken { (Some(0), String::new()) } else { (Some(2), refused) };
        assert_eq!(told(&token()), wanted, "{mode:o}");
    }
    // Whoever takes the other file is not told to close that.
    let public = told(&admin(folder.path(), &["token", "--key", "admin.key.pub"]));
    assert_eq!(public, (Some(2), "vouchsafe: admin.key.pub: no PEM block PRIVATE KEY\n".to_owned()));
}

#[test]
fn a_key_is_never_replaced_and_none_is_made_without_its_public_half() {
    let folder = with_key();
    let refused = |name: &str| {
        let next = "name another file with --out, or move this one away first";
        (Some(2), format!("vouchsafe: {name} is there, and a key is never replaced: {next}\n"))
    };
    let again = || told(&admin(folder.path(), &["keygen", "--out", "admin.key"]));
    let key = fs::read(folder.path().join("admin.key")).unwrap();
    assert_eq!(again(), refused("admin.key"));
    assert_eq!(fs::read(folder.path().join("admin.key")).unwrap(), key);
    fs::remove_file(folder.path().join("admin.key")).unwrap();
    assert_eq!(again(), refused("admin.key.pub"));
    assert!(!folder.path().join("admin.key").exists());
}

#[test]
fn a_hold_names_what_it_is_on() {
    let folder = with_key();
    let add = |on: &[&str]| {
        let common = ["--reason", "r", "--kbs-url", "http://127.0.0.1:9", "--key", "admin.key"];
        told(&admin(folder.path(), &[&["hold", "add"], on, &common].concat()))
    };
    let (code, words) = add(&[]);
    assert_eq!(code, Some(2), "{words}");
    let wanted = "<--decision <ID>|--resource <URI>|--from <RFC3339>|--until <RFC3339>>";
    assert!(words.contains(wanted), "{words}");
    let (from, until) = (["--from", "2026-03-01T00:00:00Z"], ["--until", "2026-02-01T00:00:00Z"]);
    let resource = ["--resource", "kbs:///a/b/c"];
    for half in [from.to_vec(), until.to_vec(), [resource, from].concat(), [resource, until].concat()] {
        assert_eq!(add(&half).0, Some(2), "{half:?}");
    }
    let order = "the hold ends at 2026-02-01T00:00:00Z, before it begins at 2026-03-01T00:00:00Z";
    assert_eq!(add(&[from, until].concat()), (Some(2), format!("vouchsafe: {order}\n")));
    // What is whole goes on to the broker, which is not there.
    assert_eq!(add(&resource).0, Some(5));
}

#[test]
fn a_role_that_no_broker_knows_is_refused_with_those_that_there_are() {
    let folder = with_key();
    let token = |role| admin(folder.path(), &["token", "--key", "admin.key", "--role", role]);
    for role in ["admin", "secret-writer", "policy-author", "reader", "auditor"] {
        assert_eq!(told(&token(role)), (Some(0), String::new()), "{role}");
    }
    let (code, words) = told(&token("foo"));
    assert_eq!(code, Some(2), "{words}");
    assert!(
        words.contains("[possible values: admin, secret-writer, policy-author, reader, auditor]"),
        "{words}"
    );
}

#[test]
fn the_exit_code_tells_what_a_script_can_do() {
    let bench = Bench::new();
    let folder = with_key();
    let known = bench.site.path("made.key");
    let known = known.to_str().unwrap();
    assert!(admin(folder.path(), &["keygen", "--out", known]).status.success());
    drop(bench.broker);
    let tables =
        "[[admin]]\nname = \"made\"\npublic_key = \"made.key.pub\"\nroles = [\"admin\", \"reader\"]\n";
    let broker = bench.site.start(Settings { tables, ..Settings::default() });
    let url = broker.url();
    let run = |arguments: &[&str], key: &str, role: &str| {
        let common = ["--kbs-url", &url, "--key", key, "--role", role];
        told(&admin(folder.path(), &[arguments, &common].concat()))
    };
    let coded = |code, begins: &str, told: (Option<i32>, String)| {
        assert_eq!((told.0, told.1.starts_with(begins)), (Some(code), true), "{begins}: {}", told.1);
    };
    let missing = "kbs:///models/key/missing";
    coded(0, "", run(&["list"], known, "admin"));
    coded(1, "vouchsafe: the broker refused: 401 Unauthorized: ", run(&["list"], "admin.key", "admin"));
    coded(1, "vouchsafe: the broker refused: 403 Forbidden: ", run(&["list"], known, "reader"));
    coded(3, "vouchsafe: the broker refused: 404 Not Found: ", run(&["delete", missing], known, "admin"));
    let put = ["put", missing, "--in", "missing.file"];
    coded(2, "vouchsafe: cannot read missing.file: ", run(&put, known, "admin"));
    coded(2, "vouchsafe: cannot read missing.key: ", run(&["list"], "missing.key", "admin"));
    coded(0, "", run(&["rotate-key", "token"], known, "admin"));
    coded(1, "vouchsafe: the broker refused: 409 Conflict: ", run(&["rotate-key", "token"], known, "admin"));
    drop(broker);
    coded(5, "vouchsafe: the broker cannot be reached: ", run(&["list"], known, "admin"));
}

#[test]
fn https_to_a_broker_of_plain_http_names_the_url_that_was_meant() {
    let bench = Bench::new();
    let folder = with_key();
    fs::write(folder.path().join("ca.pem"), pem("CERTIFICATE", &bench.site.amd.root)).unwrap();
    let url = bench.broker.url();
    let tls = url.replace("http://", "https://");
    let words =
        format!("what answers there speaks no TLS; if the broker speaks plain HTTP, its URL is {url}\n");
    let broker = ["--kbs-url", &tls, "--ca-cert", "ca.pem"];
    let listed = admin(folder.path(), &[&["list", "--key", "admin.key"][..], &broker].concat());
    assert_eq!(told(&listed), (Some(5), format!("vouchsafe: {words}")));
    let mut guest = Command::new(agent());
    guest.args(["get", &format!("kbs:///{RESOURCE}"), "--sample"]).args(broker).current_dir(folder.path());
    let (code, told) = told(&guest.output().unwrap());
    let wanted = format!("error: auth: the broker cannot be reached: {words}");
    assert_eq!((code, told.ends_with(&wanted)), (Some(5), true), "{told}");
}
