//! What every store promises, asked of each in the same words. A backend's tests call [`holds`].

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::backend::{Backend, Batch, Change, Commit, Condition, Row, Table};
use super::{StoreError, number};

/// A promise of the trait, asked of a store.
type Promise = fn(&dyn Backend);

/// Asks everything of stores that `make` makes, each new and empty.
pub(crate) fn holds<B: Backend>(make: impl Fn() -> B) {
    let asked: [(&str, Promise); 18] = [
        ("rows are ordered by their bytes", orders_rows_by_their_bytes),
        ("a scan begins, ends and is limited", scans_from_until_and_at_most),
        ("keys and values may be empty, binary or large", keeps_every_key_and_value),
        ("tables are apart", keeps_tables_apart),
        ("a refused batch changes nothing", changes_nothing_when_refused),
        ("the first condition that does not hold refuses", names_the_first_condition_that_does_not_hold),
        ("each condition at its boundary", decides_each_condition_at_its_boundary),
        ("prefixes end where they end", knows_where_a_prefix_ends),
        ("changes are applied in their order", applies_changes_in_their_order),
        ("counters stay in their range", keeps_counters_in_their_range),
        ("kept rows stay", keeps_what_is_there),
        ("conditions look before changes", looks_before_it_changes),
        ("one of many is first", lets_one_of_many_be_first),
        ("absence holds to the end", keeps_an_absence_to_the_end),
        ("counters never pass their limit", never_passes_a_limit),
        ("an export is of one instant", exports_one_instant),
        ("sweeps see nothing in flight", sweeps_see_nothing_in_flight),
        ("what stands stands to the end", keeps_what_stands_to_the_end),
    ];
    for (what, ask) in asked {
        eprintln!("{what}");
        let store = make();
        assert_eq!(store.check(), Ok(()), "{what}");
        ask(&store);
        assert_eq!(store.check(), Ok(()), "{what}");
    }
    swaps_of_one_row_never_lose_a_step(&make());
    pairs_stay_pairs(&make());
}

const T: Table = Table::Secrets;

fn put(key: &[u8], value: &[u8]) -> Change {
    Change::Put { table: T, key: key.to_vec(), value: value.to_vec() }
}

fn keep(key: &[u8], value: &[u8]) -> Change {
    Change::Keep { table: T, key: key.to_vec(), value: value.to_vec() }
}

fn delete(key: &[u8]) -> Change {
    Change::Delete { table: T, key: key.to_vec() }
}

fn absent(key: &[u8]) -> Condition {
    Condition::Absent { table: T, key: key.to_vec() }
}

fn present(key: &[u8]) -> Condition {
    Condition::Present { table: T, key: key.to_vec() }
}

fn equals(key: &[u8], value: &[u8]) -> Condition {
    Condition::Equals { table: T, key: key.to_vec(), value: value.to_vec() }
}

fn none_begins(prefix: &[u8]) -> Condition {
    Condition::NoneBegins { table: T, prefix: prefix.to_vec() }
}

fn commit(
    store: &dyn Backend,
    conditions: Vec<Condition>,
    changes: Vec<Change>,
) -> Result<Commit, StoreError> {
    store.commit(Batch { conditions, changes, exclusive: false })
}

fn make(store: &dyn Backend, changes: Vec<Change>) {
    assert_eq!(commit(store, vec![], changes), Ok(Commit::Done));
}

fn all(store: &dyn Backend) -> Vec<(Vec<u8>, Vec<u8>)> {
    let rows = store.scan(T, b"", None, 10_000).unwrap();
    rows.into_iter().map(|Row { key, value }| (key, value)).collect()
}

fn keys(rows: Vec<Row>) -> Vec<Vec<u8>> {
    rows.into_iter().map(|row| row.key).collect()
}

fn count(store: &dyn Backend, counter: &str) -> u64 {
    let row = store.get(Table::Counters, counter.as_bytes()).unwrap();
    row.map_or(0, |row| number(&row, Table::Counters).unwrap())
}

fn orders_rows_by_their_bytes(store: &dyn Backend) {
    let wanted: [&[u8]; 9] =
        [b"", b"\x00", b"\x00\x00", b"\x00\xff", b"A", b"a", b"a\x00", b"\xc3\xa4", b"\xff\xff"];
    let mut shuffled = wanted;
    shuffled.reverse();
    shuffled.swap(1, 6);
    make(store, shuffled.iter().map(|key| put(key, b"v")).collect());
    assert_eq!(keys(store.scan(T, b"", None, 100).unwrap()), wanted);
}

fn scans_from_until_and_at_most(store: &dyn Backend) {
    make(store, [&b"a"[..], b"b", b"c", b"d"].map(|key| put(key, key)).into());
    let scan = |from: &[u8], until: Option<&[u8]>, limit| keys(store.scan(T, from, until, limit).unwrap());
    assert_eq!(scan(b"b", None, 10), [b"b", b"c", b"d"]);
    assert_eq!(scan(b"b", Some(b"d"), 10), [b"b", b"c"]);
    assert_eq!(scan(b"a\x00", Some(b"b\x00"), 10), [b"b"]);
    assert_eq!(scan(b"a", None, 2), [b"a", b"b"]);
    let none: Vec<Vec<u8>> = vec![];
    assert_eq!(scan(b"a", None, 0), none);
    assert_eq!(scan(b"b", Some(b"b"), 10), none);
    assert_eq!(scan(b"c", Some(b"b"), 10), none);
    assert_eq!(scan(b"e", None, 10), none);
}

fn keeps_every_key_and_value(store: &dyn Backend) {
    let large: Vec<u8> =
        (0..4 << 20).map(|at: u32| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let every: Vec<u8> = (0..=u8::MAX).collect();
    make(store, vec![put(b"", b""), put(&every, &every), put(b"large", &large)]);
    assert_eq!(store.get(T, b""), Ok(Some(vec![])));
    assert_eq!(store.get(T, &every), Ok(Some(every.clone())));
    assert!(store.get(T, b"large").unwrap().is_some_and(|found| found == large));
    assert_eq!(store.get(T, b"nothing"), Ok(None));
    assert_eq!(
        commit(store, vec![equals(b"large", &large)], vec![put(b"large", b"small")]),
        Ok(Commit::Done)
    );
    assert_eq!(store.get(T, b"large"), Ok(Some(b"small".to_vec())));
}

fn keeps_tables_apart(store: &dyn Backend) {
    for (place, table) in (0..).zip(Table::ALL) {
        let value = u64::to_be_bytes(place).to_vec();
        make(store, vec![Change::Put { table, key: b"own".to_vec(), value }]);
    }
    for (place, table) in (0..).zip(Table::ALL) {
        assert_eq!(store.get(table, b"own"), Ok(Some(u64::to_be_bytes(place).to_vec())), "{table:?}");
    }
}

fn changes_nothing_when_refused(store: &dyn Backend) {
    make(store, vec![put(b"a", b"1"), put(b"b", b"2")]);
    let before = all(store);
    let changes = vec![
        put(b"a", b"x"),
        put(b"new", b"x"),
        keep(b"kept", b"x"),
        delete(b"b"),
        Change::Add { counter: "n", amount: 5 },
    ];
    for condition in [absent(b"b"), present(b"c"), equals(b"a", b"2"), none_begins(b"")] {
        assert_eq!(commit(store, vec![condition], changes.clone()), Ok(Commit::Refused(0)));
        assert_eq!((all(store), count(store, "n")), (before.clone(), 0));
    }
}

fn names_the_first_condition_that_does_not_hold(store: &dyn Backend) {
    make(store, vec![put(b"a", b"1"), Change::Add { counter: "n", amount: 1 }]);
    let at_most = Condition::AtMost { counter: "n", most: 0 };
    let conditions =
        [absent(b"z"), equals(b"a", b"2"), none_begins(b"a"), at_most, absent(b"a"), present(b"y")];
    for first in 1..conditions.len() {
        // Those that hold come first, whatever the order of the keys.
        let mut asked = vec![absent(b"z"), equals(b"a", b"1")];
        asked.extend_from_slice(&conditions[first..]);
        assert_eq!(commit(store, asked, vec![put(b"new", b"")]), Ok(Commit::Refused(2)), "{first}");
    }
    // Of one key too.
    let asked = vec![present(b"a"), absent(b"a"), equals(b"a", b"2")];
    assert_eq!(commit(store, asked, vec![]), Ok(Commit::Refused(1)));
    let asked = vec![absent(b"z"), present(b"z"), equals(b"z", b"")];
    assert_eq!(commit(store, asked, vec![]), Ok(Commit::Refused(1)));
}

fn decides_each_condition_at_its_boundary(store: &dyn Backend) {
    make(store, vec![put(b"k", b"value"), Change::Add { counter: "n", amount: 7 }]);
    let at_most = |most| Condition::AtMost { counter: "n", most };
    let none_yet = |most| Condition::AtMost { counter: "never", most };
    for (condition, wanted) in [
        (absent(b"k"), false),
        (absent(b"j"), true),
        (absent(b"k\x00"), true),
        (present(b"k"), true),
        (present(b"j"), false),
        (equals(b"k", b"value"), true),
        (equals(b"k", b"valu"), false),
        (equals(b"k", b""), false),
        (equals(b"j", b""), false),
        (at_most(7), true),
        (at_most(6), false),
        (none_yet(0), true),
    ] {
        let expected = if wanted { Commit::Done } else { Commit::Refused(0) };
        assert_eq!(commit(store, vec![condition.clone()], vec![]), Ok(expected), "{condition:?}");
    }
    // What was looked at is not changed by that.
    assert_eq!(all(store), [(b"k".to_vec(), b"value".to_vec())]);
}

fn knows_where_a_prefix_ends(store: &dyn Backend) {
    make(store, vec![put(b"ab\xff", b""), put(b"\xff\xff", b"")]);
    for (prefix, wanted) in [
        (&b"ab"[..], false),
        (b"ab\xff", false),
        (b"ab\xff\x00", true),
        (b"ab\xfe", true),
        (b"aa", true),
        (b"ac", true),
        (b"\xff", false),
        (b"\xff\xff", false),
        (b"\xff\xff\xff", true),
        (b"", false),
    ] {
        let expected = if wanted { Commit::Done } else { Commit::Refused(0) };
        let conditions = vec![none_begins(prefix)];
        let batch = Batch { conditions, exclusive: true, ..Batch::default() };
        assert_eq!(store.commit(batch), Ok(expected), "{prefix:?}");
    }
}

fn applies_changes_in_their_order(store: &dyn Backend) {
    make(store, vec![put(b"there", b"old"), put(b"gone", b"old")]);
    make(
        store,
        vec![
            put(b"a", b"1"),
            put(b"a", b"2"),
            put(b"b", b"1"),
            delete(b"b"),
            delete(b"there"),
            keep(b"there", b"kept"),
            keep(b"c", b"1"),
            keep(b"c", b"2"),
            keep(b"d", b"1"),
            put(b"d", b"2"),
            put(b"e", b"1"),
            keep(b"e", b"2"),
            keep(b"gone", b"new"),
            delete(b"gone"),
            delete(b"never"),
        ],
    );
    let wanted: [(&[u8], &[u8]); 5] =
        [(b"a", b"2"), (b"c", b"1"), (b"d", b"2"), (b"e", b"1"), (b"there", b"kept")];
    assert_eq!(all(store), wanted.map(|(key, value)| (key.to_vec(), value.to_vec())));
}

fn keeps_counters_in_their_range(store: &dyn Backend) {
    let add = |amount| make(store, vec![Change::Add { counter: "n", amount }]);
    let most = u64::try_from(i64::MAX).unwrap();
    for (amount, wanted) in [
        (-1, 0),
        (0, 0),
        (5, 5),
        (-3, 2),
        (-3, 0),
        (i64::MAX, most),
        (1, most),
        (-1, most - 1),
        (i64::MIN, 0),
    ] {
        add(amount);
        assert_eq!(count(store, "n"), wanted, "after {amount}");
    }
    let steps = [9, -4, -9, 3].map(|amount| Change::Add { counter: "m", amount });
    make(store, steps.into());
    assert_eq!((count(store, "m"), count(store, "n")), (3, 0));
}

fn keeps_what_is_there(store: &dyn Backend) {
    make(store, vec![keep(b"a", b"first")]);
    make(store, vec![keep(b"a", b"second"), keep(b"b", b"other")]);
    make(store, vec![keep(b"a", b"second"), keep(b"b", b"another")]);
    assert_eq!(all(store), [(b"a".to_vec(), b"first".to_vec()), (b"b".to_vec(), b"other".to_vec())]);
    assert_eq!(commit(store, vec![present(b"a")], vec![keep(b"a", b"third")]), Ok(Commit::Done));
    assert_eq!(commit(store, vec![absent(b"c")], vec![keep(b"c", b"new")]), Ok(Commit::Done));
    assert_eq!(store.get(T, b"a"), Ok(Some(b"first".to_vec())));
    assert_eq!(store.get(T, b"c"), Ok(Some(b"new".to_vec())));
}

fn looks_before_it_changes(store: &dyn Backend) {
    let at_most = Condition::AtMost { counter: "n", most: 0 };
    let conditions = vec![none_begins(b"p"), absent(b"pa"), absent(b"pb"), at_most];
    let changes =
        vec![put(b"pa", b"1"), put(b"pb", b"2"), delete(b"pb"), Change::Add { counter: "n", amount: 1 }];
    let batch = Batch { conditions, changes, exclusive: true };
    assert_eq!(store.commit(batch.clone()), Ok(Commit::Done));
    assert_eq!(all(store), [(b"pa".to_vec(), b"1".to_vec())]);
    // A caller who does not know whether it was applied tries again and learns it.
    assert_eq!(store.commit(batch), Ok(Commit::Refused(0)));
    let swap = || commit(store, vec![equals(b"pa", b"1")], vec![put(b"pa", b"2")]);
    assert_eq!((swap(), swap()), (Ok(Commit::Done), Ok(Commit::Refused(0))));
}

fn lets_one_of_many_be_first(store: &dyn Backend) {
    for round in 0..10_u8 {
        let key = [b"nonce", &[round][..]].concat();
        let barrier = Barrier::new(THREADS);
        let first = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (key, barrier, first) = (&key, &barrier, &first);
                scope.spawn(move || {
                    barrier.wait();
                    let own = u64::try_from(thread).unwrap().to_be_bytes();
                    let made = [key.as_slice(), &own].concat();
                    // Half of them leave nothing else behind.
                    let mut changes = vec![put(&made, b""), put(key, &own)];
                    if thread % 2 == 1 {
                        changes.push(delete(&made));
                    }
                    match commit(store, vec![absent(key)], changes).unwrap() {
                        Commit::Done => drop(first.fetch_add(1, Ordering::SeqCst)),
                        Commit::Refused(index) => assert_eq!(index, 0),
                    }
                });
            }
        });
        assert_eq!(first.into_inner(), 1, "round {round}");
    }
}

/// Of two batches that each write what the other wants absent, one is refused.
fn keeps_an_absence_to_the_end(store: &dyn Backend) {
    for round in 0..20_u8 {
        let (left, right) = ([b"left", &[round][..]].concat(), [b"right", &[round][..]].concat());
        let barrier = Barrier::new(2);
        let attempt = |looks: &[u8], writes: &[u8]| {
            barrier.wait();
            commit(store, vec![absent(looks)], vec![put(writes, b"")]).unwrap()
        };
        let outcomes = std::thread::scope(|scope| {
            let other = scope.spawn(|| attempt(&right, &left));
            [attempt(&left, &right), other.join().unwrap()]
        });
        let wanted = [[Commit::Done, Commit::Refused(0)], [Commit::Refused(0), Commit::Done]];
        assert!(wanted.contains(&outcomes), "round {round}: {outcomes:?}");
    }
}

fn never_passes_a_limit(store: &dyn Backend) {
    const MOST: u64 = 50;
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let done = &done;
            scope.spawn(move || {
                for number in 0..10_usize {
                    let key = [thread.to_be_bytes(), number.to_be_bytes()].concat();
                    let room = Condition::AtMost { counter: "taken", most: MOST - 3 };
                    let changes = vec![put(&key, b""), Change::Add { counter: "taken", amount: 3 }];
                    if commit(store, vec![room], changes).unwrap() == Commit::Done {
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    // 16 times 3 is 48; another 3 would be too many.
    assert_eq!((done.into_inner(), count(store, "taken"), all(store).len()), (16, 48, 16));
}

fn exports_one_instant(store: &dyn Backend) {
    let row = |table, key: &[u8]| Change::Put { table, key: key.to_vec(), value: b"value".to_vec() };
    let many: Vec<Change> = (0..100_u8).map(|key| row(Table::Blobs, &[key])).collect();
    make(store, many);
    make(store, vec![row(Table::Records, b"early")]);
    let mut found: Vec<(Table, Vec<u8>)> = Vec::new();
    let mut each = |table, key: &[u8], value: &[u8]| {
        if found.is_empty() {
            // What is written meanwhile is not part of it.
            make(store, vec![row(Table::Records, b"late"), row(Table::Blobs, &[200])]);
        }
        assert_eq!(value, b"value");
        found.push((table, key.to_vec()));
        Ok(())
    };
    assert_eq!(store.export(&[Table::Blobs, Table::Records], &mut each), Ok(()));
    let mut wanted: Vec<(Table, Vec<u8>)> = (0..100_u8).map(|key| (Table::Blobs, vec![key])).collect();
    wanted.push((Table::Records, b"early".to_vec()));
    assert_eq!(found, wanted);
    let stop = StoreError::Row { table: "blobs" };
    let mut calls = 0;
    let ended = store.export(&[Table::Blobs], &mut |_, _, _| {
        calls += 1;
        if calls == 3 { Err(stop.clone()) } else { Ok(()) }
    });
    assert_eq!((ended, calls), (Err(stop), 3));
}

fn stands(key: &[u8], value: Option<&[u8]>) -> Condition {
    Condition::Stands { table: T, key: key.to_vec(), value: value.map(<[u8]>::to_vec) }
}

/// Batches act under a rule that an exclusive batch changes. None that acted under the old rule is seen after the change that
/// was acknowledged, and the change does not wait until nobody asks any more.
fn keeps_what_stands_to_the_end(store: &dyn Backend) {
    for (condition, wanted) in [
        (stands(b"rule", None), Commit::Done),
        (stands(b"rule", Some(b"1")), Commit::Refused(0)),
        (stands(b"rule", Some(b"")), Commit::Refused(0)),
    ] {
        assert_eq!(commit(store, vec![condition], vec![]), Ok(wanted));
    }
    let change = |from: Option<u8>, to: u8| {
        let conditions = vec![stands(b"rule", from.as_ref().map(std::slice::from_ref))];
        store.commit(Batch { conditions, changes: vec![put(b"rule", &[to])], exclusive: true })
    };
    assert_eq!(change(None, 0), Ok(Commit::Done));
    assert_eq!((change(None, 1), change(Some(7), 1)), (Ok(Commit::Refused(0)), Ok(Commit::Refused(0))));
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for actor in 0..THREADS {
            let over = &over;
            scope.spawn(move || {
                let mut number = 0_u32;
                while !over.load(Ordering::SeqCst) {
                    let rule = store.get(T, b"rule").unwrap().unwrap();
                    let act =
                        [b"act/".as_slice(), &rule, &actor.to_be_bytes(), &number.to_be_bytes()].concat();
                    let done = commit(store, vec![stands(b"rule", Some(&rule))], vec![put(&act, b"")]);
                    number += u32::from(done == Ok(Commit::Done));
                }
            });
        }
        for rule in 0..10_u8 {
            std::thread::sleep(std::time::Duration::from_millis(5));
            assert_eq!(change(Some(rule), rule + 1), Ok(Commit::Done));
            let acts = || {
                store.scan(
                    T,
                    &[b"act/", &[rule][..]].concat(),
                    Some(&[b"act/", &[rule + 1][..]].concat()),
                    100_000,
                )
            };
            let before = acts().unwrap().len();
            std::thread::sleep(std::time::Duration::from_millis(5));
            assert_eq!(acts().unwrap().len(), before, "nobody acts under a rule that is over");
        }
        over.store(true, Ordering::SeqCst);
    });
}

/// Writers keep a blob and say in the same batch that they use it; a sweep deletes it where nobody uses it. At no time
/// is there a use without its blob.
fn sweeps_see_nothing_in_flight(store: &dyn Backend) {
    let use_of = |user: &[u8]| [b"blob/", user].concat();
    let over = AtomicBool::new(false);
    let swept = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let sweeper = scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                let conditions =
                    vec![Condition::NoneBegins { table: Table::BlobUses, prefix: b"blob/".to_vec() }];
                let changes = vec![Change::Delete { table: Table::Blobs, key: b"blob".to_vec() }];
                let batch = Batch { conditions, changes, exclusive: true };
                if store.commit(batch).unwrap() == Commit::Done {
                    swept.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        let writers: Vec<_> = (0..4_u8)
            .map(|writer| {
                scope.spawn(move || {
                    for number in 0..25_u8 {
                        let key = use_of(&[writer, number]);
                        let blob =
                            Change::Keep { table: Table::Blobs, key: b"blob".to_vec(), value: vec![7; 3000] };
                        let used = Change::Put { table: Table::BlobUses, key: key.clone(), value: vec![] };
                        make(store, vec![blob, used]);
                        assert!(
                            store.get(Table::Blobs, b"blob").unwrap().is_some(),
                            "a use without its blob"
                        );
                        make(store, vec![Change::Delete { table: Table::BlobUses, key }]);
                    }
                })
            })
            .collect();
        let outcomes: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
        over.store(true, Ordering::SeqCst);
        sweeper.join().unwrap();
        assert!(outcomes.iter().all(Result::is_ok));
    });
    assert!(swept.into_inner() > 0, "the sweep never found the blob unused");
}

/// Many increment one row by reading it and swapping it.
fn swaps_of_one_row_never_lose_a_step(store: &dyn Backend) {
    make(store, vec![put(b"row", &0_u64.to_be_bytes())]);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    loop {
                        let before = store.get(T, b"row").unwrap().unwrap();
                        let after = (number(&before, T).unwrap() + 1).to_be_bytes();
                        let swap = commit(store, vec![equals(b"row", &before)], vec![put(b"row", &after)]);
                        if swap.unwrap() == Commit::Done {
                            break;
                        }
                    }
                }
            });
        }
    });
    assert_eq!(store.get(T, b"row"), Ok(Some(40_u64.to_be_bytes().to_vec())));
}

/// Batches that write or delete two rows at once, in either order, never leave one of them, nor two of different
/// batches; and none is left waiting for another for good.
fn pairs_stay_pairs(store: &dyn Backend) {
    std::thread::scope(|scope| {
        for thread in 0..8_u8 {
            scope.spawn(move || {
                for number in 0..20_u8 {
                    let value = [thread, number];
                    let mut changes = match (thread + number) % 3 {
                        0 => vec![delete(b"left"), delete(b"right")],
                        _ => vec![put(b"left", &value), put(b"right", &value)],
                    };
                    if thread % 2 == 1 {
                        changes.reverse();
                    }
                    make(store, changes);
                    let seen: BTreeSet<Vec<u8>> = all(store).into_iter().map(|(_, value)| value).collect();
                    assert!(seen.len() <= 1, "two halves of different batches");
                    assert!([0, 2].contains(&all(store).len()), "half a pair");
                }
            });
        }
    });
}

const THREADS: usize = 16;
