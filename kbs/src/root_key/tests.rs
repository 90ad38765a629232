use super::*;
use crate::scratch::Scratch;

#[test]
fn makes_a_key_once_for_its_owner_alone() {
    let scratch = Scratch::new("root-key-made");
    let (path, store) = (scratch.path.join("key"), scratch.path.join("store"));
    let made = read_or_make(&path, &store).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    scratch.write("store", b"");
    assert_eq!(read_or_make(&path, &store).unwrap().expose(), made.expose());
}

#[test]
fn rejects_a_key_file_that_others_may_read() {
    let scratch = Scratch::new("root-key-open");
    let path = scratch.write("key", "00".repeat(32).as_bytes());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
    let refusal = read_or_make(&path, &scratch.path.join("store")).err();
    assert_eq!(refusal, Some(ConfigError::RootKeyMode { path: path.display().to_string(), mode: 0o604 }));
}

#[test]
fn makes_no_new_key_for_a_store_that_has_one() {
    let scratch = Scratch::new("root-key-lost");
    let store = scratch.write("store", b"");
    let path = scratch.path.join("key");
    let refusal = read_or_make(&path, &store).err();
    assert_eq!(refusal, Some(ConfigError::RootKeyLost { path: path.display().to_string() }));
}

#[test]
fn rejects_a_key_file_of_another_length() {
    let scratch = Scratch::new("root-key-short");
    let path = scratch.write("key", "00".repeat(31).as_bytes());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let refusal = read_or_make(&path, &scratch.path.join("store")).err();
    let path = path.display().to_string();
    assert_eq!(
        refusal,
        Some(ConfigError::Content { key: "root_key", path, wanted: "64 hexadecimal digits" })
    );
}
