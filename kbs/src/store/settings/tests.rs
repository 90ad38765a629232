use std::sync::atomic::Ordering;

use super::super::backend::Row;
use super::super::make_all;
use super::super::tests::{key, key_of, wrapped_by_another};
use super::*;
use crate::store::redb::Redb;
use crate::store::watched::Watched;
use crate::store::{Reserve, backend::Backend};

const NOW: UnixTime = UnixTime::from_secs(1_775_000_000);
const POLICY: SettingKind = SettingKind::ResourcePolicy;

/// A database, and a way to open a store over it as another process would.
fn a_database() -> Arc<dyn Backend> {
    Arc::new(Redb::in_memory().unwrap())
}

fn open(database: &Arc<dyn Backend>) -> Store {
    Store::over(Arc::clone(database), key(), 0, Reserve::none()).unwrap()
}

fn set(store: &Store, name: &str, content: &[u8]) -> u64 {
    store.change(&[(POLICY, name, Some(content))], "tester", NOW).unwrap()
}

fn contents(store: &Store) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let settings = store.settings()?;
    Ok(settings.of(POLICY).map(|(name, setting)| (name.to_owned(), setting.content.to_vec())).collect())
}

fn rows(database: &Arc<dyn Backend>) -> Vec<Row> {
    database.scan(Table::Settings, b"", None, 100).unwrap()
}

fn write(database: &Arc<dyn Backend>, key: &[u8], value: &[u8]) {
    let (key, value) = (key.to_vec(), value.to_vec());
    make_all(&**database, vec![Change::Put { table: Table::Settings, key, value }]).unwrap();
}

fn delete(database: &Arc<dyn Backend>, key: &[u8]) {
    make_all(&**database, vec![Change::Delete { table: Table::Settings, key: key.to_vec() }]).unwrap();
}

fn refused(what: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    Err(tampered(what))
}

#[test]
fn each_change_begins_an_epoch_and_is_seen_by_every_replica() {
    let database = a_database();
    let (one, two) = (open(&database), open(&database));
    assert_eq!(two.settings().unwrap().epoch(), 0);
    assert_eq!(set(&one, "default", b"first"), 1);
    assert_eq!(set(&two, "other", b"second"), 2);
    let both = vec![("default".to_owned(), b"first".to_vec()), ("other".to_owned(), b"second".to_vec())];
    assert_eq!((contents(&one), contents(&two)), (Ok(both.clone()), Ok(both)));
    let settings = one.settings().unwrap();
    let expected = Setting {
        content: Arc::from(b"first".as_slice()),
        version: 1,
        epoch: 1,
        author: "tester".to_owned(),
        at: NOW.secs(),
    };
    assert_eq!(settings.get(POLICY, "default"), Some(&expected));
    assert_eq!(one.change(&[(POLICY, "default", None)], "tester", NOW), Ok(3));
    assert_eq!(contents(&two), Ok(vec![("other".to_owned(), b"second".to_vec())]));
}

#[test]
fn changes_of_many_at_once_all_count() {
    let database = a_database();
    let store = open(&database);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || set(store, &format!("policy-{thread}"), b"text"));
        }
    });
    assert_eq!((contents(&store).unwrap().len(), store.settings().unwrap().epoch()), (4, 4));
}

#[test]
fn of_many_that_find_a_change_one_reads_it_and_reads_what_changed_alone() {
    let database = a_database();
    let writer = open(&database);
    let many = 300_u32;
    let names: Vec<String> = (0..many).map(|number| format!("policy {number}")).collect();
    let all: Vec<_> = names.iter().map(|name| (POLICY, name.as_str(), Some(name.as_bytes()))).collect();
    writer.change(&all, "tester", NOW).unwrap();
    let counting = Arc::new(Watched::new(Arc::clone(&database)));
    let reader = open(&(Arc::clone(&counting) as Arc<dyn Backend>));
    let reads = || counting.reads.swap(0, Ordering::SeqCst);
    // The integrity key, whose first look is of no interest here.
    reader.integrity_key().unwrap();
    reads();
    assert_eq!(contents(&reader).unwrap().len(), 300);
    // The manifest, and three pages of contents.
    assert_eq!(reads(), 4);
    set(&writer, "policy 7", b"changed");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(contents(&reader).unwrap().len(), 300));
        }
    });
    // The manifest, and the one content that changed.
    assert_eq!(reads(), 2);
    // Whoever made the change knows it.
    set(&reader, "policy 8", b"changed");
    reads();
    assert_eq!((contents(&reader).unwrap().len(), reads()), (300, 0));
}

#[test]
fn whoever_reads_while_others_change_sees_no_alarm() {
    let database = a_database();
    let (store, other) = (open(&database), open(&database));
    set(&store, "default", b"text");
    let done = std::sync::atomic::AtomicBool::new(false);
    let read = |store: &Store| {
        let (mut last, mut seen) = (0, 0);
        while !done.load(Ordering::SeqCst) {
            let epoch = store.settings().unwrap().epoch();
            assert!(last <= epoch, "{epoch} after {last}");
            seen += usize::from(last < epoch);
            last = epoch;
        }
        seen
    };
    std::thread::scope(|scope| {
        let readers: Vec<_> =
            [&store, &store, &other, &other].map(|store| scope.spawn(|| read(store))).into();
        for number in 0..200_u32 {
            let store = if number % 2 == 0 { &store } else { &other };
            set(store, "default", &number.to_be_bytes());
        }
        done.store(true, Ordering::SeqCst);
        let seen: usize = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
        assert!(seen > 4, "{seen}");
    });
}

#[test]
fn what_a_change_replaces_goes_with_it() {
    let database = a_database();
    let store = open(&database);
    for number in 0..50_u32 {
        set(&store, "default", &number.to_be_bytes());
        set(&store, "other", &number.to_be_bytes());
    }
    // The head, the manifest, and two contents.
    assert_eq!((rows(&database).len(), store.settings().unwrap().epoch()), (4, 100));
    store.change(&[(POLICY, "other", None)], "tester", NOW).unwrap();
    assert_eq!(rows(&database).len(), 3);
    store.raise_epoch(0, NOW).unwrap();
    assert_eq!(rows(&database).len(), 3);
    let newest = vec![("default".to_owned(), 49_u32.to_be_bytes().to_vec())];
    assert_eq!((contents(&store), contents(&open(&database))), (Ok(newest.clone()), Ok(newest)));
}

#[test]
fn an_epoch_can_be_raised_above_a_number_without_a_change() {
    let store = open(&a_database());
    set(&store, "default", b"text");
    assert_eq!(store.raise_epoch(41, NOW), Ok(42));
    assert_eq!(store.raise_epoch(0, NOW), Ok(43));
    assert_eq!(contents(&store), Ok(vec![("default".to_owned(), b"text".to_vec())]));
}

#[test]
fn an_edited_row_is_refused() {
    let database = a_database();
    set(&open(&database), "default", b"deny");
    for row in rows(&database) {
        let mut changed = row.value.clone();
        changed[row.value.len() / 2] ^= 1;
        write(&database, &row.key, &changed);
        assert!(matches!(contents(&open(&database)), Err(StoreError::Tampered { .. })), "{:?}", row.key);
        write(&database, &row.key, &row.value);
    }
    assert_eq!(contents(&open(&database)), Ok(vec![("default".to_owned(), b"deny".to_vec())]));
}

#[test]
fn a_row_that_is_missing_is_refused() {
    let database = a_database();
    let store = open(&database);
    set(&store, "default", b"deny");
    for (key, what) in [
        (content_key(POLICY, "default", 1), "the setting resource-policy \"default\""),
        (manifest_key(1), "the manifest of the settings"),
    ] {
        let value = database.get(Table::Settings, &key).unwrap().unwrap();
        delete(&database, &key);
        assert_eq!(contents(&open(&database)), refused(what));
        write(&database, &key, &value);
    }
    // The head itself: whoever has seen it misses it.
    delete(&database, HEAD);
    assert_eq!(contents(&store), refused(OLDER));
}

#[test]
fn the_rows_of_two_settings_swapped_are_refused() {
    let database = a_database();
    let store = open(&database);
    set(&store, "allow", b"allow");
    set(&store, "deny", b"deny");
    write(&database, &content_key(POLICY, "deny", 2), b"allow");
    assert_eq!(contents(&open(&database)), refused("the setting resource-policy \"deny\""));
}

#[test]
fn a_row_put_back_to_an_older_version_is_refused() {
    let database = a_database();
    let store = open(&database);
    set(&store, "default", b"allow");
    set(&store, "default", b"deny");
    write(&database, &content_key(POLICY, "default", 2), b"allow");
    assert_eq!(contents(&open(&database)), refused("the setting resource-policy \"default\""));
}

#[test]
fn all_rows_put_back_to_an_older_state_are_refused_by_whoever_saw_a_newer_one() {
    let database = a_database();
    let store = open(&database);
    set(&store, "default", b"allow");
    let before = rows(&database);
    set(&store, "default", b"deny");
    for row in before {
        write(&database, &row.key, &row.value);
    }
    assert_eq!(contents(&store), refused(OLDER));
    // Another process has seen nothing, unless it is told.
    let other = open(&database);
    assert_eq!(contents(&other), Ok(vec![("default".to_owned(), b"allow".to_vec())]));
    let told = open(&database);
    told.expect_epoch(2);
    assert_eq!(contents(&told), refused(OLDER));
    told.expect_epoch(1);
    assert_eq!(contents(&told), refused(OLDER));
}

#[test]
fn a_head_under_another_root_key_is_refused() {
    let database = a_database();
    set(&open(&database), "default", b"text");
    let stranger = Store::over(Arc::clone(&database), key_of(8), 0, Reserve::none()).unwrap();
    assert_eq!(contents(&stranger), Err(wrapped_by_another("integrity/0000000001")));
    // An integrity key of his own makes a head that nobody else takes.
    delete_keys(&database);
    let stranger = Store::over(Arc::clone(&database), key_of(8), 0, Reserve::none()).unwrap();
    assert_eq!(contents(&stranger), self::refused("the head of the settings"));
}

fn delete_keys(database: &Arc<dyn Backend>) {
    for row in database.scan(Table::Keys, b"", None, 100).unwrap() {
        make_all(&**database, vec![Change::Delete { table: Table::Keys, key: row.key }]).unwrap();
    }
}
