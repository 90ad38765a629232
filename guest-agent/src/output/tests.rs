#![expect(clippy::disallowed_methods, reason = "tests read what was written")]

use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::system::system_rng;
use crate::testing::Folder;

fn write(target: &Path, force: bool, bytes: &[u8]) -> Result<(), OutputError> {
    prepare(Some(target), force, &mut system_rng())?.write_all(bytes)
}

#[test]
fn makes_a_file_that_only_its_owner_may_read() {
    let folder = Folder::new("out-mode");
    let target = folder.path().join("key");
    write(&target, false, b"secret").unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"secret");
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(folder.files(), ["key"]);
}

#[test]
fn does_not_replace_what_stands_there() {
    let folder = Folder::new("out-exists");
    let target = folder.path().join("key");
    fs::write(&target, b"old").unwrap();
    assert!(matches!(write(&target, false, b"new"), Err(OutputError::Exists { .. })));
    assert_eq!((fs::read(&target).unwrap(), folder.files()), (b"old".to_vec(), vec!["key".to_owned()]));
}

#[test]
fn does_not_replace_what_appears_meanwhile() {
    let folder = Folder::new("out-meanwhile");
    let target = folder.path().join("key");
    let out = prepare(Some(&target), false, &mut system_rng()).unwrap();
    fs::write(&target, b"other").unwrap();
    assert!(matches!(out.write_all(b"new"), Err(OutputError::Exists { .. })));
    assert_eq!((fs::read(&target).unwrap(), folder.files()), (b"other".to_vec(), vec!["key".to_owned()]));
}

#[test]
fn follows_no_link_even_to_nowhere() {
    let folder = Folder::new("out-link");
    let target = folder.path().join("key");
    symlink(folder.path().join("elsewhere"), &target).unwrap();
    assert!(matches!(write(&target, false, b"new"), Err(OutputError::Exists { .. })));
    assert_eq!(folder.files(), ["key"]);
}

#[test]
fn force_replaces_the_link_and_not_what_it_points_to() {
    let folder = Folder::new("out-force");
    let (target, elsewhere) = (folder.path().join("key"), folder.path().join("elsewhere"));
    fs::write(&elsewhere, b"old").unwrap();
    symlink(&elsewhere, &target).unwrap();
    write(&target, true, b"new").unwrap();
    assert!(!fs::symlink_metadata(&target).unwrap().is_symlink());
    assert_eq!(
        (fs::read(&target).unwrap(), fs::read(&elsewhere).unwrap()),
        (b"new".to_vec(), b"old".to_vec())
    );
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o7777, 0o600);
}

#[test]
fn leaves_nothing_behind_when_the_end_is_not_reached() {
    let folder = Folder::new("out-dropped");
    let mut out = prepare(Some(&folder.path().join("key")), false, &mut system_rng()).unwrap();
    out.append(b"half").unwrap();
    assert_eq!(folder.files().len(), 1);
    drop(out);
    assert_eq!(folder.files(), Vec::<String>::new());
}

#[test]
fn refuses_a_path_without_a_name() {
    assert!(matches!(write(Path::new("/"), false, b""), Err(OutputError::NoName { .. })));
}
