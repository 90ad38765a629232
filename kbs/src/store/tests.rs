use decision_log::{InputSet, Release};
use kbs_protocol::HashAlgorithm;
use verifier::evidence::Tee;
use verifier::policy::Id;

use decision_log::{Digest, Record};
use kbs_protocol::ResourcePath;
use zeroize::Zeroizing;

use super::backend::Row;
use super::redb::Redb;
use super::watched::Watched;
use super::*;
use crate::admin::tests::an_admin;
use crate::grant::tests::a_grant;
use crate::revocations::{NewRevocation, Revoked};
use crate::root_key::RootKeyError;
use crate::scratch::Scratch;
use crate::seal::SealingKey;
use crate::session::{Challenge, Nonce};
use crate::system::rng;

const NOW: UnixTime = UnixTime::from_secs(1_775_000_000);
const ROOM: u64 = 1 << 20;

/// A root key for tests.
pub(crate) fn key() -> RootKeys {
    key_of(7)
}

pub(crate) fn key_of(byte: u8) -> RootKeys {
    RootKeys::of_key(SealingKey::from_bytes(&[byte; 32]).unwrap())
}

/// What a store under [`key_of`] 8 says of something that [`key`] wrapped.
pub(crate) fn wrapped_by_another(what: &str) -> StoreError {
    let another = RootKeyError::Another { expected: key_of(8).ids(), actual: key().id() };
    StoreError::RootKey { reason: format!("{what}: {another}") }
}

fn put(store: &Store, path_: &str, bytes: &[u8]) -> u32 {
    store.put(&an_admin(), &path(path_), &secret(bytes), "text/plain", NOW).unwrap()
}

fn secret(bytes: &[u8]) -> Secret {
    Secret::new(Zeroizing::new(bytes.to_vec()))
}

fn path(text: &str) -> ResourcePath {
    ResourcePath::parse(text).unwrap()
}

fn nonce() -> Nonce {
    Challenge::new(Tee::Snp, HashAlgorithm::Sha384, NOW, &mut rng()).nonce()
}

fn record(resource: &str) -> Record {
    let release = Release {
        attestation: Some(Digest::of(b"a")),
        foreign_issuer: None,
        epoch: 1,
        token: Digest::of(b"t"),
        resource: resource.to_owned(),
        version: Some(1),
        answer: Some(Digest::of(b"answer")),
        resource_policy: Digest::of(b"p"),
        tee_key: Digest::of(b"k"),
        method: "GET".to_owned(),
        query: [].into(),
        rule: "data.policy.allow".to_owned(),
    };
    Record::release(NOW.secs(), "test", release)
}

fn inputs() -> Inputs {
    let set = InputSet {
        policy: Digest::of(b"policy"),
        reference_values: vec![],
        endorsements: vec![],
        danger_roots: vec![],
        attestation_policies: vec![],
        policy_reference_values: vec![],
    };
    Inputs::new(&set, vec![b"policy".to_vec()])
}

fn conclude(store: &Store, nonce: Nonce, body: &[u8], answer: Answer) -> Concluded {
    let affirming = matches!(answer, Answer::Token(_));
    conclude_as(store, nonce, body, answer, affirming)
}

fn conclude_as(store: &Store, nonce: Nonce, body: &[u8], answer: Answer, affirming: bool) -> Concluded {
    let conclusion = Conclusion {
        affirming,
        nonce,
        body: Digest::of(body),
        answer,
        expires: NOW.plus_secs(300),
        record: &record("kbs:///a/b/c"),
        blobs: &[body],
        inputs: &inputs(),
    };
    store.conclude(&conclusion).unwrap()
}

#[test]
fn gives_back_the_newest_version_and_nothing_that_was_deleted() {
    let store = Store::in_memory(key(), ROOM);
    let wanted = path("models/key/llama");
    assert_eq!(put(&store, "models/key/llama", b"first"), 1);
    assert_eq!(put(&store, "models/key/llama", b"second"), 2);
    let found = store.load(&a_grant("models/key/llama")).unwrap().unwrap();
    assert_eq!(found.secret().expose(), b"second");
    assert!(store.load(&a_grant("models/key/other")).unwrap().is_none());
    assert_eq!(store.delete(&an_admin(), &wanted), Ok(true));
    assert_eq!(store.delete(&an_admin(), &wanted), Ok(false));
    assert!(store.load(&a_grant("models/key/llama")).unwrap().is_none());
    // A number is never used twice: what was sealed as version 1 cannot come back as another version 1.
    assert_eq!(put(&store, "models/key/llama", b"third"), 3);
}

#[test]
fn keeps_the_last_sixteen_versions() {
    let store = Store::in_memory(key(), ROOM);
    for number in 1..=17 {
        assert_eq!(put(&store, "a/b/c", b"secret"), number);
    }
    let listed = store.list("", "", 10).unwrap();
    let versions: Vec<u32> = listed[0].versions.iter().map(|info| info.version).collect();
    assert_eq!(versions, (2..=17).collect::<Vec<_>>());
    assert_eq!(store.backend.scan(Table::SecretVersions, b"", None, 100).unwrap().len(), 16);
}

#[test]
fn lists_what_there_is_by_prefix_and_page_and_nothing_deleted() {
    let store = Store::in_memory(key(), ROOM);
    for name in ["a/b/one", "a/b/two", "a/c/one", "b/b/one"] {
        put(&store, name, b"secret");
    }
    store.delete(&an_admin(), &path("a/b/two")).unwrap();
    let names = |prefix, after, limit| -> Vec<String> {
        let listed = store.list(prefix, after, limit).unwrap();
        listed.into_iter().map(|listed| listed.path).collect()
    };
    assert_eq!(names("", "", 10), ["a/b/one", "a/c/one", "b/b/one"]);
    assert_eq!(names("a/", "", 10), ["a/b/one", "a/c/one"]);
    assert_eq!(names("", "a/b/one", 1), ["a/c/one"]);
    assert_eq!(names("c", "", 10), [""; 0]);
}

#[test]
fn keeps_secrets_and_own_keys_over_a_restart_and_opens_them_with_the_root_key_alone() {
    let scratch = Scratch::new("store-restart");
    let file = scratch.path.join("store");
    let own = |store: &Store, byte: u8| {
        let made = move || Ok(Zeroizing::new(vec![byte; 32]));
        let keys = store.own_keys(KeyPurpose::Token, NOW, made)?;
        Ok(keys.iter().map(|key| key.material.to_vec()).collect::<Vec<_>>())
    };
    {
        let store = Store::open(&file, key(), ROOM, 0).unwrap();
        put(&store, "a/b/c", b"secret");
        assert_eq!(own(&store, 1), Ok(vec![vec![1; 32]]));
    }
    {
        let store = Store::open(&file, key(), ROOM, 0).unwrap();
        assert_eq!(own(&store, 2), Ok(vec![vec![1; 32]]));
        assert_eq!(store.load(&a_grant("a/b/c")).unwrap().unwrap().secret().expose(), b"secret");
    }
    let store = Store::open(&file, key_of(8), ROOM, 0).unwrap();
    assert_eq!(own(&store, 2), Err(wrapped_by_another("token/0000000001")));
    let refused = store.load(&a_grant("a/b/c")).err();
    assert_eq!(refused, Some(wrapped_by_another("a/b/c")));
}

#[test]
fn the_secret_is_not_in_the_file() {
    let scratch = Scratch::new("store-at-rest");
    let file = scratch.path.join("store");
    let plain = b"a secret that must not be found in the file";
    let store = Store::open(&file, key(), ROOM, 0).unwrap();
    put(&store, "a/b/c", plain);
    drop(store);
    let bytes = endorsements::read_file(&file, 1 << 30).unwrap();
    assert!(!bytes.windows(plain.len()).any(|window| window == plain));
}

/// Copies the row of one version over that of another.
fn swap(store: &Store, from: &[u8], to: &[u8]) {
    let table = Table::SecretVersions;
    let value = store.backend.get(table, from).unwrap().unwrap();
    make_all(&*store.backend, vec![Change::Put { table, key: to.to_vec(), value }]).unwrap();
}

#[test]
fn a_sealed_secret_does_not_open_under_another_path_or_version() {
    let store = Store::in_memory(key(), ROOM);
    for name in ["a/b/c", "a/b/d", "a/b/d"] {
        put(&store, name, b"secret");
    }
    for from in [b"default\0a/b/c\0\0\0\0\x01", b"default\0a/b/d\0\0\0\0\x01"] {
        swap(&store, from, b"default\0a/b/d\0\0\0\0\x02");
        let refused = store.load(&a_grant("a/b/d")).err();
        assert_eq!(refused, Some(StoreError::Sealed { what: "a/b/d".to_owned() }));
    }
}

#[test]
fn a_sealed_secret_does_not_open_as_another_content_type() {
    let store = Store::in_memory(key(), ROOM);
    put(&store, "a/b/c", b"secret");
    let (table, key) = (Table::Secrets, b"default\0a/b/c");
    let row = String::from_utf8(store.backend.get(table, key).unwrap().unwrap()).unwrap();
    let value = row.replace("text/plain", "text/html_").into_bytes();
    make_all(&*store.backend, vec![Change::Put { table, key: key.to_vec(), value }]).unwrap();
    let refused = store.load(&a_grant("a/b/c")).err();
    assert_eq!(refused, Some(StoreError::Sealed { what: "a/b/c".to_owned() }));
}

#[test]
fn a_nonce_is_spent_once() {
    let store = Store::in_memory(key(), ROOM);
    let nonce = nonce();
    let Concluded::Recorded(first) = conclude(&store, nonce, b"one", Answer::Token("t".to_owned())) else {
        panic!("the first conclusion was not recorded");
    };
    let second = conclude(&store, nonce, b"two", Answer::Token("u".to_owned()));
    assert_eq!(second, Concluded::SpentBefore(first.clone()));
    assert_eq!(store.session(&nonce, NOW), Ok(Some(first)));
}

#[test]
fn a_session_ends_when_its_time_is_over_and_is_forgotten_after_it() {
    let store = Store::in_memory(key(), ROOM);
    let old = nonce();
    conclude(&store, old, b"one", Answer::Token("t".to_owned()));
    assert!(store.session(&old, NOW.plus_secs(299)).unwrap().is_some());
    assert_eq!(store.session(&old, NOW.plus_secs(300)), Ok(None));
    assert_eq!(store.forget_sessions(NOW.plus_secs(300)), Ok(false));
    assert!(store.session(&old, NOW).unwrap().is_some());
    assert_eq!(store.forget_sessions(NOW.plus_secs(301)), Ok(false));
    assert_eq!(store.session(&old, NOW), Ok(None));
    for table in [Table::Sessions, Table::Expiries] {
        assert_eq!(store.backend.scan(table, b"", None, 1), Ok(vec![]));
    }
}

#[test]
fn each_of_two_equal_releases_of_one_second_has_its_row() {
    let store = Store::in_memory(key(), ROOM);
    let record = record("kbs:///x/y/z");
    for _ in 0..2 {
        let settings = store.settings().unwrap();
        assert_eq!(store.record_release(&record, &[b"policy"], &settings, None), Ok(Some(record.id())));
    }
    assert_eq!(store.backend.scan(Table::RecordTimes, b"", None, 9).unwrap().len(), 2);
    assert_eq!(store.backend.scan(Table::Records, b"", None, 9).unwrap().len(), 1);
}

#[test]
fn keeps_the_record_and_every_input_under_its_digest() {
    let store = Store::in_memory(key(), ROOM);
    conclude(&store, nonce(), b"body", Answer::Token("t".to_owned()));
    let expected = record("kbs:///a/b/c");
    assert_eq!(store.record(&expected.id()), Ok(Some(expected.encode())));
    for blob in [b"body".as_slice(), b"policy"] {
        assert_eq!(store.blob(&Digest::of(blob)), Ok(Some(blob.to_vec())));
    }
    assert!(store.blob(&inputs().digest()).unwrap().is_some());
    assert_eq!(store.record(&Digest::of(b"another")), Ok(None));
}

#[test]
fn what_is_not_affirmed_ends_where_its_room_ends_and_releases_go_on() {
    let token = || Answer::Token("t".to_owned());
    for answer in [Answer::Refused("no".to_owned()), token()] {
        let store = Store::in_memory(key(), 4096);
        let stranger = |byte| conclude_as(&store, nonce(), &[byte; 2000], answer.clone(), false);
        assert!(matches!(stranger(1), Concluded::Recorded(_)));
        assert_eq!(stranger(2), Concluded::NoRoom);
        assert_eq!(store.blob(&Digest::of(&[2; 2000])), Ok(None));
        assert!(matches!(conclude(&store, nonce(), &[3; 2000], token()), Concluded::Recorded(_)));
        let settings = store.settings().unwrap();
        store.record_release(&record("kbs:///x/y/z"), &[], &settings, None).unwrap().unwrap();
    }
}

#[test]
fn what_is_not_affirmed_fits_its_room_to_the_byte() {
    let answer = || Answer::Refused("no".to_owned());
    let size = record("kbs:///a/b/c").encode().len() + b"body".len() + b"no".len();
    let size = u64::try_from(size).unwrap();
    let exact = Store::in_memory(key(), size);
    assert!(matches!(conclude(&exact, nonce(), b"body", answer()), Concluded::Recorded(_)));
    let short = Store::in_memory(key(), size - 1);
    assert_eq!(conclude(&short, nonce(), b"body", answer()), Concluded::NoRoom);
}

#[test]
fn a_disk_without_its_reserve_takes_affirmed_sessions_and_releases_alone() {
    let scratch = Scratch::new("store-reserve");
    for (name, reserve, room) in [("full", u64::MAX, false), ("empty", 0, true)] {
        let store = Store::open(&scratch.path.join(name), key(), ROOM, reserve).unwrap();
        let token = || Answer::Token("t".to_owned());
        let found = conclude_as(&store, nonce(), b"stranger", token(), false);
        assert_eq!(matches!(found, Concluded::Recorded(_)), room, "{name}");
        assert_eq!(found == Concluded::NoRoom, !room, "{name}");
        assert!(matches!(conclude(&store, nonce(), b"guest", token()), Concluded::Recorded(_)));
        let settings = store.settings().unwrap();
        store.record_release(&record("kbs:///x/y/z"), &[], &settings, None).unwrap().unwrap();
    }
}

#[test]
fn rejects_a_store_of_another_format() {
    let scratch = Scratch::new("store-format");
    let file = scratch.path.join("store");
    let store = Store::open(&file, self::key(), ROOM, 0).unwrap();
    let (key, value) = (b"format".to_vec(), 3_u64.to_be_bytes().to_vec());
    make_all(&*store.backend, vec![Change::Put { table: Table::Meta, key, value }]).unwrap();
    drop(store);
    let refused = Store::open(&file, self::key(), ROOM, 0).err();
    assert_eq!(refused, Some(StoreError::Format { expected: 2, actual: 3 }));
}

#[test]
fn denials_fit_the_room_of_what_is_not_affirmed_to_the_byte() {
    let record = record("kbs:///a/b/c");
    let size = u64::try_from(record.encode().len() + b"policy".len()).unwrap();
    let denial = |store: &Store| store.record_denial(&record, &[b"policy"]).unwrap();
    let exact = Store::in_memory(key(), size);
    assert_eq!(denial(&exact), Some(record.id()));
    assert_eq!(exact.record(&record.id()), Ok(Some(record.encode())));
    // The room is shared, and used up now.
    let answer = Answer::Refused("no".to_owned());
    assert_eq!(conclude(&exact, nonce(), b"body", answer), Concluded::NoRoom);
    let short = Store::in_memory(key(), size - 1);
    assert_eq!(denial(&short), None);
    assert_eq!(short.record(&record.id()), Ok(None));
    assert_eq!(short.blob(&Digest::of(b"policy")), Ok(None));
}

#[test]
fn of_many_denials_at_once_no_more_are_kept_than_there_is_room_for() {
    let fits = {
        let store = Store::in_memory(key(), ROOM);
        let refused = Answer::Refused("no".to_owned());
        assert!(matches!(conclude(&store, nonce(), b"body", refused), Concluded::Recorded(_)));
        store.counter(records::DENIED)
    };
    // Each of them finds room when it looks, and one has it.
    let store = Store::in_memory(key(), fits);
    let (start, many) = (std::sync::Barrier::new(16), 0..16);
    let kept: usize = std::thread::scope(|scope| {
        let one = |_| {
            scope.spawn(|| {
                start.wait();
                let refused = Answer::Refused("no".to_owned());
                usize::from(matches!(conclude(&store, nonce(), b"body", refused), Concluded::Recorded(_)))
            })
        };
        let threads: Vec<_> = many.map(one).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!((kept, store.counter(records::DENIED)), (1, fits));
}

impl Store {
    fn counter(&self, name: &str) -> u64 {
        let row = self.backend.get(Table::Counters, name.as_bytes()).unwrap();
        row.map_or(0, |row| number(&row, Table::Counters).unwrap())
    }

    /// Writes a content under a digest, as whoever can write to the database could.
    pub(crate) fn forge_blob(&self, digest: &Digest, content: &[u8]) {
        self.forge(Table::Blobs, digest, content);
    }

    /// Writes a version of a secret that no broker can read.
    pub(crate) fn forge_secret_version(&self, path: &str) {
        let key = [path.as_bytes(), b"\0", &1_u32.to_be_bytes()].concat();
        make_all(&*self.backend, vec![Change::Put { table: Table::SecretVersions, key, value: vec![0] }])
            .unwrap();
    }

    /// Takes away each record and content in turn, as whoever can write to the database could, and calls `look`; how many.
    pub(crate) fn without_each_content(&self, look: impl Fn()) -> usize {
        let mut count = 0;
        for table in [Table::Records, Table::Blobs] {
            for Row { key, value } in self.backend.scan(table, b"", None, 1000).unwrap() {
                make_all(&*self.backend, vec![Change::Delete { table, key: key.clone() }]).unwrap();
                look();
                make_all(&*self.backend, vec![Change::Put { table, key, value }]).unwrap();
                count += 1;
            }
        }
        count
    }

    /// Writes a record under an id, as whoever can write to the database could.
    pub(crate) fn forge_record(&self, id: &Digest, record: &[u8]) {
        self.forge(Table::Records, id, record);
    }

    fn forge(&self, table: Table, digest: &Digest, value: &[u8]) {
        let (key, value) = (digest.as_bytes().to_vec(), value.to_vec());
        make_all(&*self.backend, vec![Change::Put { table, key, value }]).unwrap();
    }
}

#[test]
fn as_much_is_revoked_as_may_be_and_what_is_revoked_again_takes_no_more_room() {
    let store = Store::in_memory(key(), ROOM);
    let of = |number: u16| {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&number.to_be_bytes());
        Revoked::Ppid(Id(id))
    };
    let revoke = |number: u16| {
        let new = NewRevocation { of: of(number), reason: "leaked".to_owned() };
        store.revoke(&new, "admin", NOW).unwrap().map(|kept| kept.of)
    };
    for number in 0..1024 {
        assert_eq!(revoke(number), Some(of(number)));
    }
    assert_eq!((revoke(1024), revoke(7)), (None, Some(of(7))));
    assert!(store.lift(&of(7).name(), "found", "admin", NOW).unwrap().is_some());
    assert_eq!(store.lift(&of(7).name(), "found", "admin", NOW), Ok(None));
    assert_eq!((revoke(1024), revoke(7)), (Some(of(1024)), None));
    // Of those that were lifted as many are kept as there is room for beside those in force.
    let mut last = 1024;
    for number in 2000..3100_u16 {
        let at = NOW.plus_secs(number.into());
        assert!(store.lift(&of(last).name(), "over", "admin", at).unwrap().is_some());
        assert_eq!(revoke(number), Some(of(number)));
        last = number;
    }
    let kept = store.revocations().unwrap();
    assert_eq!((kept.len(), revoked(&store.settings().unwrap()).unwrap().len()), (2048, 1024));
    let lifted = |number| kept.iter().any(|kept| kept.of == of(number) && kept.lifted.is_some());
    assert_eq!([7, 2070, 2080, 3098].map(lifted), [false, false, true, true]);
}

#[test]
fn nothing_is_released_that_was_deleted_meanwhile() {
    let store = Store::in_memory(key(), ROOM);
    put(&store, "a/b/c", b"first");
    let (settings, record) = (store.settings().unwrap(), record("kbs:///a/b/c"));
    let release = |found| store.record_release(&record, &[], &settings, Some(found));
    let first = store.load(&a_grant("a/b/c")).unwrap().unwrap();
    // A newer version comes meanwhile: the older one may still leave.
    put(&store, "a/b/c", b"second");
    assert_eq!(release(&first), Ok(Some(record.id())));
    let second = store.load(&a_grant("a/b/c")).unwrap().unwrap();
    assert_eq!([first.version(), second.version()], [1, 2]);
    assert_eq!(store.delete(&an_admin(), &path("a/b/c")), Ok(true));
    assert_eq!([release(&first), release(&second)], [Ok(None), Ok(None)]);
    // What is put in its place is another version.
    put(&store, "a/b/c", b"third");
    assert_eq!(release(&second), Ok(None));
    let third = store.load(&a_grant("a/b/c")).unwrap().unwrap();
    assert_eq!((third.version(), release(&third)), (3, Ok(Some(record.id()))));
}

/// A release names its version as present, and a database of several writers holds that against exclusive batches alone.
#[test]
fn whatever_takes_a_version_away_stops_releases_meanwhile() {
    let watched = Arc::new(Watched::new(Arc::new(Redb::in_memory().unwrap())));
    let store = Store::over(Arc::clone(&watched) as Arc<dyn Backend>, key(), ROOM, Reserve::none()).unwrap();
    for number in 1..=17_u8 {
        put(&store, "a/b/c", &[number]);
    }
    assert_eq!(store.delete(&an_admin(), &path("a/b/c")), Ok(true));
    let (mut taking, mut others) = (0, 0);
    for batch in watched.batches.lock().unwrap().iter() {
        let of_versions =
            |change: &Change| matches!(change, Change::Delete { table: Table::SecretVersions, .. });
        let takes = batch.changes.iter().any(of_versions);
        assert!(!takes || batch.exclusive, "{batch:?}");
        (taking, others) = (taking + u32::from(takes), others + u32::from(!batch.exclusive));
    }
    // The seventeenth takes the first away, the deletion the sixteen others; nothing else stops anybody.
    assert_eq!((taking, others >= 16), (2, true));
}

#[test]
fn nothing_is_released_under_settings_that_changed_meanwhile() {
    let store = Store::in_memory(key(), ROOM);
    let change = |text: &[u8]| {
        store.change(&[(SettingKind::ResourcePolicy, "default", Some(text))], "admin", NOW).unwrap();
    };
    let (none, record) = (store.settings().unwrap(), record("kbs:///a/b/c"));
    change(b"allow");
    assert_eq!(store.record_release(&record, &[], &none, None), Ok(None), "before the first of all");
    let allowed = store.settings().unwrap();
    change(b"deny");
    assert_eq!(store.record_release(&record, &[b"policy"], &allowed, None), Ok(None));
    assert_eq!((store.record(&record.id()), store.blob(&Digest::of(b"policy"))), (Ok(None), Ok(None)));
    let denied = store.settings().unwrap();
    assert_eq!(store.record_release(&record, &[], &denied, None), Ok(Some(record.id())));
}
