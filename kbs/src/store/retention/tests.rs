use std::sync::atomic::{AtomicBool, Ordering};

use decision_log::{Attestation, Denial, InputSet, Record, Release};
use kbs_protocol::HashAlgorithm;
use verifier::evidence::Tee;

use super::*;
use crate::holds::{NewHold, Scope};
use crate::session::Challenge;
use crate::store::tests::key;
use crate::store::{Answer, Concluded, Conclusion, Inputs, make_all};

const NOW: UnixTime = UnixTime::from_secs(1_775_000_000);
const ROOM: u64 = 1 << 20;
const DAY: i64 = 86_400;
const RESOURCE: &str = "kbs:///models/key/llama";

impl Store {
    /// The records that rest on another, for tests that have its id alone.
    pub(crate) fn resting_on(&self, base: &Digest) -> Vec<Digest> {
        let rows = self.backend.scan(Table::BlobUses, base.as_bytes(), None, 100).unwrap();
        let rows = rows.iter().filter(|row| row.key.starts_with(base.as_bytes()));
        rows.map(|row| Digest::from_bytes(row.key[32..].try_into().unwrap())).collect()
    }
}

/// A day for everything.
const A_DAY: Retention = Retention { max_age: Some(DAY), max_bytes: None, min_age: 600 };

fn store() -> Store {
    Store::in_memory(key(), ROOM)
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

fn attestation(at: UnixTime, evidence: &[u8], runtime_data: &[u8]) -> Record {
    Record::attestation(
        at.secs(),
        "test",
        Attestation {
            tee: "snp".to_owned(),
            evidence: Digest::of(evidence),
            runtime_data: Digest::of(runtime_data),
            init_data: None,
            hash: "sha384".to_owned(),
            report_data: String::new(),
            host_data: None,
            inputs: inputs().digest(),
            verified: true,
            tier: "affirming".to_owned(),
            failed: vec![],
            verdict: Digest::of(b"verdict"),
            epoch: 0,
            reference_value: None,
            claims: None,
            appraisal: None,
            devices: vec![],
        },
    )
}

fn conclude(store: &Store, record: &Record, blobs: &[&[u8]], affirming: bool) -> Concluded {
    let now = UnixTime::from_secs(record.at);
    let nonce = Challenge::new(Tee::Snp, HashAlgorithm::Sha384, now, &mut crate::system::rng()).nonce();
    let conclusion = Conclusion {
        nonce,
        body: Digest::of(b"body"),
        answer: Answer::Token("token".to_owned()),
        affirming,
        expires: now.plus_secs(300),
        record,
        blobs,
        inputs: &inputs(),
    };
    store.conclude(&conclusion).unwrap()
}

/// An affirmed guest of its own key, with evidence that others may have too.
fn attested(store: &Store, at: UnixTime, evidence: &[u8], own: &[u8]) -> Digest {
    let record = attestation(at, evidence, own);
    assert!(matches!(conclude(store, &record, &[evidence, own], true), Concluded::Recorded(_)));
    record.id()
}

fn released(store: &Store, at: UnixTime, attestation: Digest, resource: &str) -> Digest {
    let release = Release {
        attestation: Some(attestation),
        foreign_issuer: None,
        epoch: 0,
        token: Digest::of(b"t"),
        resource: resource.to_owned(),
        version: Some(1),
        answer: Some(Digest::of(b"answer")),
        resource_policy: Digest::of(b"rules"),
        tee_key: Digest::of(b"k"),
        method: "GET".to_owned(),
        query: [].into(),
        rule: "r".to_owned(),
    };
    let record = Record::release(at.secs(), "test", release);
    store.record_release(&record, &[b"rules"], &store.settings().unwrap(), None).unwrap().unwrap()
}

fn later(seconds: i64) -> UnixTime {
    NOW.plus_secs(seconds)
}

fn counter(store: &Store, name: &str) -> u64 {
    let row = store.backend.get(Table::Counters, name.as_bytes()).unwrap();
    row.map_or(0, |row| crate::store::number(&row, Table::Counters).unwrap())
}

/// Which of these records are there.
fn there<const N: usize>(store: &Store, ids: [Digest; N]) -> [bool; N] {
    ids.map(|id| store.record(&id).unwrap().is_some())
}

fn rows(store: &Store, table: Table) -> usize {
    store.backend.scan(table, b"", None, 10_000).unwrap().len()
}

fn hold(store: &Store, on: Scope) -> Hold {
    let new = NewHold { on, reason: "case 7".to_owned() };
    store.add_hold(&new, "counsel", NOW).unwrap().unwrap()
}

#[test]
fn a_record_goes_at_its_age_and_leaves_its_hashes() {
    let store = store();
    let id = attested(&store, NOW, b"evidence", b"own");
    assert_eq!(store.retain(&A_DAY, later(DAY - 1)), Ok(0));
    assert_eq!(there(&store, [id]), [true]);
    assert_eq!(store.deleted(&id), Ok(None));
    assert_eq!(store.retain(&A_DAY, later(DAY)), Ok(1));
    assert_eq!(there(&store, [id]), [false]);
    let left = Deleted {
        decision: id,
        at: NOW.secs(),
        deleted: later(DAY).secs(),
        by: "retention".to_owned(),
        contents: [Digest::of(b"evidence"), Digest::of(b"own"), inputs().digest()].into(),
    };
    assert_eq!(store.deleted(&id), Ok(Some(left)));
    assert_eq!([Table::Records, Table::Blobs, Table::BlobUses].map(|table| rows(&store, table)), [0; 3]);
    assert_eq!((rows(&store, Table::RecordTimes), counter(&store, RECORD_BYTES)), (1, 0));
    assert_eq!(store.retain(&A_DAY, later(2 * DAY)), Ok(0));
}

#[test]
fn nothing_goes_while_a_token_may_rest_on_it() {
    for retention in [
        Retention { max_age: Some(1), max_bytes: None, min_age: 600 },
        Retention { max_age: None, max_bytes: Some(0), min_age: 600 },
    ] {
        let store = store();
        let id = attested(&store, NOW, b"evidence", b"own");
        assert_eq!(store.retain(&retention, later(599)), Ok(0));
        let young = store.delete_record(&id, "admin", 600, later(599));
        assert_eq!(young, Ok(Deletion::Young(later(600))));
        assert_eq!(store.retain(&retention, later(600)), Ok(1));
    }
}

#[test]
fn nothing_goes_without_a_limit() {
    let store = store();
    attested(&store, NOW, b"evidence", b"own");
    let retention = Retention { max_age: None, max_bytes: None, min_age: 600 };
    assert_eq!(store.retain(&retention, later(1000 * DAY)), Ok(0));
}

#[test]
fn the_oldest_go_when_the_size_is_over_its_limit_by_a_byte() {
    let store = store();
    let ids = [0, 1, 2].map(|n: u8| attested(&store, later(i64::from(n)), b"evidence", &[n; 8]));
    let total = counter(&store, RECORD_BYTES);
    let encoded = attestation(NOW, b"evidence", &[0; 8]).encode().len();
    let each = u64::try_from(encoded + b"evidence".len() + 8 + b"token".len()).unwrap();
    assert_eq!(total, 3 * each);
    let most = |max_bytes| Retention { max_age: None, max_bytes: Some(max_bytes), min_age: 600 };
    assert_eq!(store.retain(&most(total), later(DAY)), Ok(0));
    assert_eq!(store.retain(&most(total - 1), later(DAY)), Ok(1));
    assert_eq!(there(&store, ids), [false, true, true]);
    assert_eq!(store.retain(&most(each), later(DAY)), Ok(1));
    assert_eq!(there(&store, ids), [false, false, true]);
    assert_eq!(counter(&store, RECORD_BYTES), each);
}

#[test]
fn what_several_records_name_stays_until_the_last_of_them_is_gone() {
    let store = store();
    attested(&store, NOW, b"evidence", b"first");
    attested(&store, later(1), b"evidence", b"second");
    let blobs = |store: &Store| {
        let named: [&[u8]; 4] = [b"evidence", b"first", b"second", b"policy"];
        named.map(|blob| store.blob(&Digest::of(blob)).unwrap().is_some())
    };
    assert_eq!(store.retain(&A_DAY, later(DAY)), Ok(1));
    assert_eq!(blobs(&store), [true, false, true, true]);
    assert!(store.blob(&inputs().digest()).unwrap().is_some());
    assert_eq!(store.retain(&A_DAY, later(DAY + 1)), Ok(1));
    assert_eq!(blobs(&store), [false; 4]);
    assert_eq!(store.blob(&inputs().digest()), Ok(None));
}

#[test]
fn an_attestation_stays_as_long_as_a_release_rests_on_it() {
    let store = store();
    let id = attested(&store, NOW, b"evidence", b"own");
    let release = released(&store, later(200), id, RESOURCE);
    assert_eq!(store.retain(&A_DAY, later(DAY + 199)), Ok(0));
    assert_eq!(store.delete_record(&id, "admin", 600, later(DAY)), Ok(Deletion::Used));
    assert_eq!(there(&store, [id, release]), [true, true]);
    assert_eq!(store.retain(&A_DAY, later(DAY + 200)), Ok(2));
    assert_eq!(there(&store, [id, release]), [false, false]);
}

#[test]
fn a_hold_wins_over_age_and_size_and_ends_when_it_is_ended() {
    let retention = Retention { max_age: Some(DAY), max_bytes: Some(0), min_age: 600 };
    for held in 0..3 {
        let store = store();
        let kept = attested(&store, NOW, b"evidence", b"own");
        let release = released(&store, later(10), kept, RESOURCE);
        let other = attested(&store, later(11), b"evidence", b"other");
        let scope = match held {
            0 => Scope::Decision(release),
            1 => Scope::Between { from: later(10).secs(), until: later(10).secs() },
            _ => Scope::Resource(RESOURCE.to_owned()),
        };
        let hold = hold(&store, scope);
        assert_eq!(store.retain(&retention, later(9 * DAY)), Ok(1));
        // The release, and the attestation without which it could not be made again.
        assert_eq!(there(&store, [kept, release, other]), [true, true, false], "{hold:?}");
        let refused = store.delete_record(&release, "admin", 600, later(9 * DAY));
        assert_eq!(refused, Ok(Deletion::Held(hold.clone())));
        assert_eq!(store.end_hold("none", "r", "counsel", later(1)), Ok(None));
        store.end_hold(&hold.name, "closed", "counsel", later(1)).unwrap().unwrap();
        assert_eq!(store.end_hold(&hold.name, "closed", "counsel", later(1)), Ok(None));
        assert_eq!(store.retain(&retention, later(9 * DAY)), Ok(2));
        assert_eq!(there(&store, [kept, release, other]), [false; 3]);
    }
}

#[test]
fn a_hold_says_who_began_and_who_ended_it() {
    let store = store();
    let hold = hold(&store, Scope::Decision(Digest::of(b"a")));
    store.end_hold(&hold.name, "closed", "another", later(5)).unwrap();
    let act = |by: &str, at: UnixTime, reason: &str| crate::acts::Act {
        by: by.to_owned(),
        at: at.secs(),
        reason: reason.to_owned(),
    };
    let ended = Hold {
        begun: act("counsel", NOW, "case 7"),
        ended: Some(act("another", later(5), "closed")),
        ..hold
    };
    assert_eq!(store.holds(), Ok(vec![ended]));
}

#[test]
fn nothing_goes_when_somebody_took_a_hold_out_of_the_database() {
    let store = store();
    let id = attested(&store, NOW, b"evidence", b"own");
    hold(&store, Scope::Decision(id));
    assert_eq!(store.retain(&A_DAY, later(DAY)), Ok(0));
    for row in store.backend.scan(Table::Settings, b"", None, 100).unwrap() {
        make_all(&*store.backend, vec![Change::Delete { table: Table::Settings, key: row.key }]).unwrap();
    }
    let tampered = StoreError::Tampered { what: crate::store::settings::OLDER.to_owned() };
    assert_eq!(store.retain(&A_DAY, later(DAY)), Err(tampered.clone()));
    assert_eq!(store.delete_record(&id, "admin", 600, later(DAY)), Err(tampered));
    assert_eq!(there(&store, [id]), [true]);
}

#[test]
fn a_hold_that_came_meanwhile_stops_the_batch_that_did_not_know_it() {
    let store = store();
    let id = attested(&store, NOW, b"evidence", b"own");
    let (_, unchanged) = store.holds_unchanged().unwrap();
    let group = store.group(&id).unwrap().unwrap();
    hold(&store, Scope::Decision(id));
    assert_eq!(store.delete_groups(&[group], unchanged, "retention", later(DAY)), Ok(false));
    assert_eq!(there(&store, [id]), [true]);
}

#[test]
fn the_room_of_what_was_not_affirmed_is_free_again() {
    let record = |n: i64| attestation(later(n), b"evidence", b"own");
    let blobs: [&[u8]; 2] = [b"evidence", b"own"];
    let size = record(0).encode().len() + b"evidence".len() + b"own".len() + b"token".len();
    let store = Store::in_memory(key(), u64::try_from(size).unwrap());
    assert!(matches!(conclude(&store, &record(0), &blobs, false), Concluded::Recorded(_)));
    assert_eq!(conclude(&store, &record(1), &blobs, false), Concluded::NoRoom);
    assert_eq!(store.retain(&A_DAY, later(DAY)), Ok(1));
    assert_eq!(counter(&store, DENIED), 0);
    assert!(matches!(conclude(&store, &record(DAY), &blobs, false), Concluded::Recorded(_)));
}

#[test]
fn a_denial_frees_its_room_and_its_attestation() {
    let store = store();
    let id = attested(&store, NOW, b"evidence", b"own");
    let denial = Denial {
        attestation: Some(id),
        foreign_issuer: None,
        epoch: 0,
        token: Digest::of(b"t"),
        resource: RESOURCE.to_owned(),
        resource_policy: Digest::of(b"rules"),
        reason: "not-allowed".to_owned(),
        detail: vec![],
        method: "GET".to_owned(),
        query: [].into(),
    };
    let record = Record::denial(later(1).secs(), "test", denial);
    store.record_denial(&record, &[b"rules"]).unwrap().unwrap();
    assert!(counter(&store, DENIED) > 0);
    assert_eq!(store.retain(&A_DAY, later(DAY + 1)), Ok(2));
    assert_eq!((counter(&store, DENIED), counter(&store, RECORD_BYTES)), (0, 0));
    assert_eq!([Table::Records, Table::Blobs, Table::BlobUses].map(|table| rows(&store, table)), [0; 3]);
}

#[test]
fn what_a_process_left_half_done_is_done_by_the_next_round() {
    let store = store();
    let id = attested(&store, NOW, b"evidence", b"own");
    let (_, unchanged) = store.holds_unchanged().unwrap();
    let group = store.group(&id).unwrap().unwrap();
    assert_eq!(store.delete_groups(&[group], unchanged, "retention", later(DAY)), Ok(true));
    assert!(store.deleted(&id).unwrap().is_some());
    assert_eq!(rows(&store, Table::Blobs), 4);
    // The set of inputs goes in steps of its own, and may be left between two of them.
    store.begin_set(&inputs().digest()).unwrap();
    assert_eq!(store.retain(&A_DAY, later(DAY)), Ok(0));
    assert_eq!([Table::Blobs, Table::BlobUses].map(|table| rows(&store, table)), [0; 2]);
    assert!(store.deleted(&id).unwrap().is_some());
}

#[test]
fn a_set_of_inputs_that_is_used_again_while_it_goes_stays_whole() {
    let store = store();
    attested(&store, NOW, b"evidence", b"own");
    let (_, unchanged) = store.holds_unchanged().unwrap();
    let group = store.group(&attestation(NOW, b"evidence", b"own").id()).unwrap().unwrap();
    assert_eq!(store.delete_groups(&[group], unchanged, "retention", later(DAY)), Ok(true));
    store.begin_set(&inputs().digest()).unwrap();
    assert_eq!(store.blob(&inputs().digest()), Ok(None));
    attested(&store, later(DAY), b"new", b"guest");
    assert_eq!(store.retain(&A_DAY, later(DAY)), Ok(0));
    assert!(store.blob(&inputs().digest()).unwrap().is_some());
    assert_eq!(store.blob(&Digest::of(b"policy")), Ok(Some(b"policy".to_vec())));
    assert_eq!(store.retain(&A_DAY, later(2 * DAY)), Ok(1));
    assert_eq!(rows(&store, Table::Blobs), 0);
}

#[test]
fn decisions_that_come_while_others_go_lose_nothing() {
    let store = store();
    for n in 0..200_u8 {
        attested(&store, later(i64::from(n)), b"evidence", &[n; 9]);
    }
    let stop = AtomicBool::new(false);
    let (gone, made) = std::thread::scope(|scope| {
        let sweeper = scope.spawn(|| {
            let (mut gone, mut now) = (0, 0);
            while !stop.load(Ordering::SeqCst) || now < 200 {
                gone += store.retain(&A_DAY, later(DAY + now)).unwrap();
                now += 1;
            }
            gone
        });
        let made: Vec<(Digest, [u8; 5])> = (0..200_u8)
            .map(|n| {
                let own = [n, 1, 2, 3, 4];
                (attested(&store, later(DAY), b"evidence", &own), own)
            })
            .collect();
        stop.store(true, Ordering::SeqCst);
        (sweeper.join().unwrap(), made)
    });
    assert_eq!(gone, 200);
    for (id, own) in made {
        assert_eq!(there(&store, [id]), [true]);
        assert_eq!(store.blob(&Digest::of(&own)), Ok(Some(own.to_vec())));
    }
    for blob in [b"evidence".as_slice(), b"policy"] {
        assert_eq!(store.blob(&Digest::of(blob)), Ok(Some(blob.to_vec())));
    }
    assert!(store.blob(&inputs().digest()).unwrap().is_some());
}

#[test]
fn equal_decisions_of_one_second_go_together_however_many() {
    let store = store();
    let id = attested(&store, NOW, b"evidence", b"own");
    let equal = SCANNED + 3;
    for _ in 0..equal {
        released(&store, later(1), id, RESOURCE);
    }
    assert_eq!(rows(&store, Table::RecordTimes), equal + 1);
    let release = released(&store, later(1), id, RESOURCE);
    assert_eq!(store.retain(&A_DAY, later(DAY)), Ok(0));
    // Held, they are passed over, and whatever comes after them goes.
    let hold = hold(&store, Scope::Decision(release));
    let after = attested(&store, later(2), b"evidence", b"after");
    assert_eq!(store.retain(&A_DAY, later(DAY + 2)), Ok(1));
    assert_eq!(there(&store, [id, release, after]), [true, true, false]);
    store.end_hold(&hold.name, "closed", "counsel", NOW).unwrap().unwrap();
    store.retain(&A_DAY, later(DAY + 2)).unwrap();
    assert_eq!(there(&store, [id, release]), [false, false]);
    assert_eq!([Table::Blobs, Table::BlobUses].map(|table| rows(&store, table)), [0; 2]);
    assert_eq!((rows(&store, Table::RecordTimes), counter(&store, RECORD_BYTES)), (3, 0));
}

#[test]
fn an_admin_deletes_equal_decisions_at_once() {
    let store = store();
    let id = attested(&store, NOW, b"evidence", b"own");
    let release = (0..=SCANNED).map(|_| released(&store, later(1), id, RESOURCE)).last().unwrap();
    assert_eq!(store.delete_record(&release, "admin", 600, later(DAY)), Ok(Deletion::Done));
    assert_eq!(store.delete_record(&release, "admin", 600, later(DAY)), Ok(Deletion::Absent));
    assert_eq!(store.deleted(&release).unwrap().map(|left| left.by), Some("admin".to_owned()));
    assert_eq!(there(&store, [id, release]), [true, false]);
}

#[test]
fn records_behind_more_held_ones_than_one_look_takes_go() {
    let store = store();
    let id = attested(&store, NOW, b"evidence", b"own");
    for n in 0..=SCANNED {
        released(&store, later(1), id, &format!("kbs:///held/key/k{n}"));
    }
    let behind = attested(&store, later(2), b"evidence", b"behind");
    hold(&store, Scope::Between { from: NOW.secs(), until: later(1).secs() });
    assert_eq!(store.retain(&A_DAY, later(2 * DAY)), Ok(1));
    assert_eq!(there(&store, [id, behind]), [true, false]);
}
