//! The judgement of a server, without one.

use super::facts::Facts;
use super::*;

fn good() -> Facts {
    Facts {
        version: 150_000,
        encoding: "UTF8".to_owned(),
        in_recovery: false,
        fsync: "on".to_owned(),
        full_page_writes: "on".to_owned(),
        synchronous_commit: "on".to_owned(),
        synchronous_standby_names: String::new(),
    }
}

fn with(change: impl FnOnce(&mut Facts)) -> Result<(), String> {
    let mut facts = good();
    change(&mut facts);
    facts.judge().map_err(|failure| failure.into_error().to_string())
}

#[test]
fn a_server_must_commit_at_least_to_its_own_disk_and_its_standbys() {
    let commit = |commit: &str, standbys: &str| {
        with(|facts| {
            facts.synchronous_commit = commit.to_owned();
            facts.synchronous_standby_names = standbys.to_owned();
        })
        .is_ok()
    };
    for (value, alone, with_standbys) in [
        ("on", true, true),
        ("remote_apply", true, true),
        ("remote_write", true, true),
        ("local", true, false),
        ("off", false, false),
        ("", false, false),
    ] {
        assert_eq!((commit(value, ""), commit(value, "ANY 1 (a, b)")), (alone, with_standbys), "{value}");
    }
    // Whatever it is, each connection is set to no less than `on`.
    let needed = |commit: &str| Facts { synchronous_commit: commit.to_owned(), ..good() }.needed_commit();
    assert_eq!(
        ["on", "remote_apply", "remote_write", "local"].map(needed),
        ["on", "remote_apply", "on", "on"]
    );
    assert_eq!(good().took("on"), Ok(()));
    let reason = "synchronous_commit was set to remote_apply and is on".to_owned();
    assert_eq!(good().took("remote_apply"), Err(Failure::Final(StoreError::Database { reason })));
}

#[test]
fn a_server_must_be_known_and_take_writes() {
    assert_eq!(with(|_| {}), Ok(()));
    assert_eq!(
        with(|facts| facts.version = 149_999),
        Err("the store: PostgreSQL 14 is older than 15".to_owned())
    );
    assert_eq!(
        with(|facts| facts.in_recovery = true),
        Err("the store cannot be reached: the server is a standby and takes no writes".to_owned())
    );
}
