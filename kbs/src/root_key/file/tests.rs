use super::*;
use crate::scratch::Scratch;

impl FileKey {
    /// A key of a test.
    pub(crate) fn from_bytes(key: [u8; 32]) -> Self {
        Self::new(SealingKey::from_bytes(&key).unwrap())
    }
}

#[test]
fn makes_a_key_once_for_its_owner_alone() {
    let scratch = Scratch::new("root-key-made");
    let path = scratch.path.join("key");
    let made = read_or_make(&path, true).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    assert_eq!(read_or_make(&path, false).unwrap().key.expose(), made.key.expose());
    assert_eq!(read_or_make(&path, true).unwrap().key.expose(), made.key.expose());
}

#[test]
fn rejects_a_key_file_that_others_may_read() {
    let scratch = Scratch::new("root-key-open");
    let path = scratch.write("key", "00".repeat(32).as_bytes());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
    let refusal = read_or_make(&path, true).err();
    assert_eq!(refusal, Some(ConfigError::RootKeyMode { path: path.display().to_string(), mode: 0o604 }));
}

#[test]
fn makes_no_new_key_for_a_store_that_has_one() {
    let scratch = Scratch::new("root-key-lost");
    let path = scratch.path.join("key");
    let refusal = read_or_make(&path, false).err();
    assert_eq!(refusal, Some(ConfigError::RootKeyLost { path: path.display().to_string() }));
}

#[test]
fn rejects_a_key_file_of_another_length() {
    let scratch = Scratch::new("root-key-short");
    let path = scratch.write("key", "00".repeat(31).as_bytes());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let refusal = read_or_make(&path, true).err();
    let path = path.display().to_string();
    assert_eq!(
        refusal,
        Some(ConfigError::Content { key: "root_key", path, wanted: "64 hexadecimal digits" })
    );
}

#[test]
fn a_former_key_is_read_and_never_made() {
    let scratch = Scratch::new("root-key-former");
    let path = scratch.path.join("key");
    let refusal = read("previous_root_keys", &path).err();
    let source = FetchError::Io { path: path.display().to_string(), kind: io::ErrorKind::NotFound };
    assert_eq!(refusal, Some(ConfigError::Read { key: "previous_root_keys", source }));
    let made = read_or_make(&path, true).unwrap();
    assert_eq!(read("previous_root_keys", &path).unwrap().id(), made.id());
}

#[test]
fn the_id_tells_keys_apart_and_holds_no_byte_of_one() {
    let (one, other) = (FileKey::from_bytes([1; 32]), FileKey::from_bytes([2; 32]));
    assert_ne!(one.id(), other.id());
    assert_eq!(one.id(), FileKey::from_bytes([1; 32]).id());
    assert_eq!(one.id().len(), "file:".len() + 32);
    assert!(!one.id().contains("0101"), "{}", one.id());
    assert_eq!(format!("{one:?}"), format!("FileKey({})", one.id()));
}

#[test]
fn what_is_wrapped_opens_under_its_context_alone() {
    let (one, other) = (FileKey::from_bytes([1; 32]), FileKey::from_bytes([2; 32]));
    let wrapped = one.wrap(&[7; 32], b"context").unwrap();
    assert_eq!(one.unwrap(&wrapped, b"context").unwrap().as_slice(), [7; 32]);
    let mut changed = wrapped.clone();
    *changed.last_mut().unwrap() ^= 1;
    for (key, wrapped, context) in [
        (&other, &wrapped, b"context".as_slice()),
        (&one, &wrapped, b"contexT".as_slice()),
        (&one, &changed, b"context".as_slice()),
    ] {
        assert_eq!(key.unwrap(wrapped, context), Err(RootKeyError::NotWrappedHere));
    }
}
