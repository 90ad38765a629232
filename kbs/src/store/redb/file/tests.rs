use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::scratch::Scratch;

fn already_open() -> StoreError {
    refused(redb::DatabaseError::DatabaseAlreadyOpen)
}

/// The names in a folder.
#[expect(clippy::disallowed_methods, reason = "the test looks at the folder that it made")]
fn names(scratch: &Scratch) -> Vec<String> {
    let names = std::fs::read_dir(&scratch.path).unwrap();
    names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_store_whose_making_was_cut_off_is_made_anew() {
    let scratch = Scratch::new("redb-file-cut");
    // As a process leaves it that was killed: a length, and no header.
    scratch.write("store.unfinished", &[0; 1 << 16]);
    let path = scratch.path.join("store");
    drop(open_or_make(&path).unwrap());
    assert_eq!(names(&scratch), ["store"]);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    open_or_make(&path).unwrap();
}

#[test]
fn an_empty_file_is_no_store() {
    let scratch = Scratch::new("redb-file-empty");
    let path = scratch.write("store", b"");
    drop(open_or_make(&path).unwrap());
    open(&path).unwrap();
}

#[test]
fn a_store_that_is_gone_is_not_made_by_who_had_it_open() {
    let scratch = Scratch::new("redb-file-gone");
    let path = scratch.path.join("store");
    let gone = broken(io::Error::from_raw_os_error(2));
    assert_eq!(open(&path).err(), Some(named(&path, gone)));
    assert_eq!(names(&scratch), [""; 0]);
}

#[test]
fn of_two_brokers_that_start_at_once_one_makes_the_store() {
    let scratch = Scratch::new("redb-file-two");
    let path = scratch.path.join("store");
    let other = options().create(true).truncate(false).open(unfinished(&path)).unwrap();
    other.try_lock().unwrap();
    assert_eq!(open_or_make(&path).err(), Some(named(&path, already_open())));
    // It is made, and the second is still at the name that it had.
    drop(other);
    let first = open_or_make(&path).unwrap();
    assert_eq!(open_or_make(&path).err(), Some(named(&path, already_open())));
    drop(first);
    open_or_make(&path).unwrap();
}

#[test]
fn a_store_is_made_where_a_link_leads() {
    let scratch = Scratch::new("redb-file-link");
    scratch.write("elsewhere", b"");
    let (elsewhere, path) = (scratch.path.join("elsewhere"), scratch.path.join("store"));
    std::os::unix::fs::symlink("elsewhere", &path).unwrap();
    drop(open_or_make(&path).unwrap());
    assert!(path.is_symlink() && elsewhere.metadata().unwrap().len() > 0);
    open_or_make(&path).unwrap();
}

#[test]
fn whoever_finds_the_store_in_use_or_unreadable_is_told_which_file_and_what_to_do() {
    let scratch = Scratch::new("redb-file-named");
    let path = scratch.path.join("store");
    let told = |error: StoreError| error.to_string().replace(&path.display().to_string(), "FILE");
    let first = open_or_make(&path).unwrap();
    assert_eq!(
        told(open_or_make(&path).err().unwrap()),
        "the store: FILE: another broker has it open: stop that one, or ask it (`vouchsafe admin backup`); many brokers \
         share a PostgreSQL"
    );
    drop(first);
    scratch.write("store", b"something else");
    assert_eq!(
        told(open_or_make(&path).err().unwrap()),
        "the store: FILE: I/O error: Not a redb database: magic number mismatch"
    );
}
