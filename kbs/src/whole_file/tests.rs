use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::scratch::Scratch;

#[test]
fn a_file_is_made_whole_readable_by_its_owner_and_never_over_another() {
    let scratch = Scratch::new("whole-file");
    let path = scratch.path.join("key");
    // What was left by one that was killed.
    scratch.write(unfinished(&path).file_name().unwrap().to_str().unwrap(), b"half and more");
    make(&path, b"whole").unwrap();
    assert_eq!(make(&path, b"other").map_err(|error| error.kind()), Err(io::ErrorKind::AlreadyExists));
    assert_eq!(endorsements::read_file(&path, 100).unwrap(), b"whole");
    assert!(!unfinished(&path).exists());
    let made = scratch.path.join("new");
    make(&made, b"").unwrap();
    assert_eq!(made.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}
