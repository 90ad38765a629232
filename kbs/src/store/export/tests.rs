use std::sync::Arc;

use kbs_protocol::ResourcePath;
use zeroize::Zeroizing;

use super::super::tests::{key, key_of};
use super::*;
use crate::admin::tests::an_admin;
use crate::grant::tests::a_grant;
use crate::store::redb::Redb;
use crate::store::verify::Verified;
use crate::store::{Reserve, Secret, SettingKind};

const NOW: UnixTime = UnixTime::from_secs(1_775_000_000);

fn put(store: &Store, path: &str, bytes: &[u8]) {
    let path = ResourcePath::parse(path).unwrap();
    let secret = Secret::new(Zeroizing::new(bytes.to_vec()));
    store.put(&an_admin(), &path, &secret, "text/plain", NOW).unwrap();
}

fn a_store() -> Store {
    let store = Store::in_memory(key(), 1 << 20);
    store.own_keys(KeyPurpose::Challenge, NOW, new_key).unwrap();
    store.own_keys(KeyPurpose::Token, NOW, new_key).unwrap();
    for number in 0..40 {
        put(&store, &format!("a/b/{number}"), format!("secret {number}").as_bytes());
    }
    put(&store, "a/b/0", b"newer");
    let change = (SettingKind::ResourcePolicy, "default", Some(b"package policy".as_slice()));
    store.change(&[change], "tester", NOW).unwrap();
    store
}

fn exported(store: &Store) -> Vec<u8> {
    let mut file = Vec::new();
    store.export(&mut file, NOW).unwrap();
    file
}

fn taken_in(file: &[u8]) -> Result<Store, ExportError> {
    let store = Store::in_memory(key(), 1 << 20);
    store.import(&mut &*file, 7, NOW)?;
    Ok(store)
}

#[test]
fn a_new_store_that_took_an_export_in_has_all_of_it_and_newer_keys_and_epoch() {
    let before = a_store();
    let mut file = Vec::new();
    let written = before.export(&mut file, NOW).unwrap();
    assert_eq!(check(&mut file.as_slice()).unwrap(), written);
    let after = taken_in(&file).unwrap();
    assert_eq!(after.load(&a_grant("a/b/0")).unwrap().unwrap().secret().expose(), b"newer");
    assert_eq!(after.load(&a_grant("a/b/39")).unwrap().unwrap().secret().expose(), b"secret 39");
    // Integrity, challenge and token key.
    let expected = Verified { keys: 3, secrets: 41, epoch: 1, records: 0, blobs: 0 };
    assert_eq!(before.verify(), Ok(expected));
    // Above any that a token from before can have, whatever became of the file of the highest epoch.
    let epoch = NOW.secs().unsigned_abs() + 1;
    assert_eq!(after.verify(), Ok(Verified { epoch, ..expected }));
    let numbers = |store: &Store, purpose| -> Vec<u32> {
        store.kept_keys(purpose).unwrap().iter().map(|key| key.version).collect()
    };
    assert_eq!(
        (numbers(&after, KeyPurpose::Challenge), numbers(&after, KeyPurpose::Token)),
        (vec![2], vec![1])
    );
    let settings = after.settings().unwrap();
    let policy = settings.get(SettingKind::ResourcePolicy, "default").unwrap();
    assert_eq!(*policy.content, *b"package policy");
}

#[test]
fn an_export_opens_under_its_root_key_alone() {
    let file = exported(&a_store());
    let store = Store::in_memory(key_of(8), 1 << 20);
    let refused = store.import(&mut file.as_slice(), 0, NOW).unwrap_err();
    assert!(matches!(refused, ExportError::Store(StoreError::RootKey { .. })), "{refused}");
    assert!(refused.to_string().contains("wrapped by the root key file:"), "{refused}");
}

#[test]
fn a_store_that_is_not_empty_takes_no_export_in() {
    let file = exported(&a_store());
    let refused = a_store().import(&mut file.as_slice(), 0, NOW).unwrap_err();
    assert!(matches!(refused, ExportError::NotEmpty));
    let key_alone = Store::in_memory(key(), 0);
    key_alone.own_keys(KeyPurpose::Token, NOW, new_key).unwrap();
    assert!(matches!(key_alone.import(&mut file.as_slice(), 0, NOW), Err(ExportError::NotEmpty)));
}

#[test]
fn no_changed_byte_and_no_shorter_file_is_a_whole_export() {
    let file = exported(&a_store());
    for place in 0..file.len() {
        let mut changed = file.clone();
        changed[place] ^= 1;
        assert!(check(&mut changed.as_slice()).is_err(), "byte {place}");
    }
    for length in 0..file.len() {
        assert!(check(&mut &file[..length]).is_err(), "the first {length} bytes");
    }
    let mut longer = file;
    longer.push(0);
    assert!(matches!(check(&mut longer.as_slice()), Err(ExportError::Form { .. })));
}

#[test]
fn a_store_that_took_half_an_export_in_does_not_open() {
    let file = exported(&a_store());
    let backend: Arc<dyn Backend> = Arc::new(Redb::in_memory().unwrap());
    let open = || Store::over(Arc::clone(&backend), key(), 0, Reserve::none());
    assert!(open().unwrap().import(&mut &file[..file.len() - 1], 0, NOW).is_err());
    assert_eq!(open().err(), Some(StoreError::HalfImported));
}

#[test]
fn a_store_opens_when_whoever_took_the_export_in_is_content_with_it() {
    let file = exported(&a_store());
    let backend: Arc<dyn Backend> = Arc::new(Redb::in_memory().unwrap());
    let open = || Store::over(Arc::clone(&backend), key(), 0, Reserve::none());
    let store = open().unwrap();
    assert!(store.is_new().unwrap());
    store.import(&mut file.as_slice(), 0, NOW).unwrap();
    assert_eq!(open().err(), Some(StoreError::HalfImported));
    store.finish_import().unwrap();
    assert!(!open().unwrap().is_new().unwrap());
    assert!(matches!(store.import(&mut file.as_slice(), 0, NOW), Err(ExportError::NotEmpty)));
}

#[test]
fn what_cannot_be_taken_in_is_found_out_before_anything_is_written() {
    let file = exported(&a_store());
    let stranger = Store::in_memory(key_of(8), 1 << 20);
    let refused = stranger.check_import(&mut file.as_slice()).unwrap_err();
    assert!(matches!(refused, ExportError::Store(StoreError::RootKey { .. })), "{refused}");
    let store = Store::in_memory(key(), 1 << 20);
    assert!(store.check_import(&mut &file[..file.len() - 1]).is_err());
    assert!(store.check_import(&mut file.as_slice()).is_ok());
    assert!(stranger.is_new().unwrap() && store.is_new().unwrap());
    assert!(matches!(a_store().check_import(&mut file.as_slice()), Err(ExportError::NotEmpty)));
}

#[test]
fn an_announced_length_takes_no_memory() {
    let mut file = [MAGIC.as_slice(), br#"{"format":2,"at":0,"software":"","store":""}"#, b"\n"].concat();
    file.push(1);
    let mut longest = file.clone();
    longest.extend(u32::MAX.to_be_bytes());
    assert!(matches!(check(&mut longest.as_slice()), Err(ExportError::Form { .. })));
    file.extend(0_u32.to_be_bytes());
    file.extend(VALUE_BYTES.to_be_bytes());
    assert!(matches!(check(&mut file.as_slice()), Err(ExportError::Form { .. })));
}

#[test]
fn verification_finds_what_was_changed_in_the_store() {
    let change = |table, key: &[u8], value: &[u8]| {
        let store = a_store();
        let (key, value) = (key.to_vec(), value.to_vec());
        make_all(&*store.backend, vec![Change::Put { table, key, value }]).unwrap();
        store.verify()
    };
    let refused = change(Table::SecretVersions, b"default\0a/b/1\0\0\0\0\x01", b"\0\0");
    assert_eq!(refused, Err(StoreError::Sealed { what: "a/b/1".to_owned() }));
    let refused = change(Table::SecretVersions, b"default\0a/b/1\0\0\0\0\x02", b"\0\0");
    assert_eq!(refused, Err(StoreError::Tampered { what: "version 2 of a/b/1".to_owned() }));
    for table in [Table::Records, Table::Blobs] {
        assert!(matches!(change(table, &[1; 32], b"x"), Err(StoreError::Tampered { .. })));
    }
    assert!(matches!(change(Table::Settings, b"head", b"x"), Err(StoreError::Tampered { .. })));
    assert!(matches!(change(Table::Keys, b"token/0000000002", b"{}"), Err(StoreError::Row { .. })));
}
