//! Statements stand in the order of keys, and neighbours are joined.

use super::plan::{Parameter, Tells, Wanted, after, steps};
use super::*;

#[test]
fn the_statements_of_a_batch_stand_in_the_order_of_tables_and_keys() {
    let row = |table, key: &str| Change::Put { table, key: key.into(), value: b"v".to_vec() };
    let batch = Batch {
        conditions: vec![
            Condition::Equals { table: Table::Secrets, key: b"b".to_vec(), value: b"v".to_vec() },
            Condition::AtMost { counter: "n", most: 5 },
            Condition::Absent { table: Table::Sessions, key: b"s".to_vec() },
            Condition::NoneBegins { table: Table::Secrets, prefix: b"p".to_vec() },
            Condition::Stands { table: Table::Settings, key: b"h".to_vec(), value: Some(b"v".to_vec()) },
            Condition::Stands { table: Table::Settings, key: b"i".to_vec(), value: None },
        ],
        changes: vec![
            Change::Add { counter: "n", amount: 1 },
            row(Table::Sessions, "s"),
            row(Table::Secrets, "c"),
            row(Table::Secrets, "d"),
            row(Table::Secrets, "a"),
            Change::Delete { table: Table::Meta, key: b"m".to_vec() },
        ],
        exclusive: false,
    };
    let list = |keys: &[&[u8]]| Parameter::List(keys.iter().map(|key| key.to_vec()).collect());
    let one = |bytes: &[u8]| Parameter::Bytes(bytes.to_vec());
    let told: Vec<_> = steps(batch).into_iter().map(|step| (step.sql, step.parameters, step.tells)).collect();
    let wanted = [
        (sql::any_between(Table::Secrets), vec![one(b"p"), one(b"q")], Tells::NoRow(vec![3])),
        (sql::get(Table::Settings), vec![one(b"h")], Tells::Value(vec![(4, Wanted::Value(b"v".to_vec()))])),
        (sql::get(Table::Settings), vec![one(b"i")], Tells::Value(vec![(5, Wanted::Absent)])),
        (sql::claim(Table::Meta), vec![list(&[b"m"])], Tells::Nothing),
        (sql::delete(Table::Meta), vec![list(&[b"m"])], Tells::Nothing),
        (sql::put(Table::Secrets), vec![list(&[b"a"]), list(&[b"v"])], Tells::Nothing),
        (
            sql::lock_value(Table::Secrets),
            vec![one(b"b")],
            Tells::Value(vec![(0, Wanted::Value(b"v".to_vec()))]),
        ),
        (sql::put(Table::Secrets), vec![list(&[b"c", b"d"]), list(&[b"v", b"v"])], Tells::Nothing),
        (sql::insert_new(Table::Sessions), vec![one(b"s"), one(b"v")], Tells::Inserted(vec![2])),
        (sql::begin_counter(), vec![one(b"n")], Tells::Nothing),
        (sql::lock_value(Table::Counters), vec![one(b"n")], Tells::Count(vec![(1, 5)])),
        (sql::add(), vec![one(b"n"), Parameter::Number(1)], Tells::Nothing),
    ];
    assert_eq!(told, wanted);
}

#[test]
fn the_key_after_a_prefix_is_the_first_that_does_not_begin_so() {
    assert_eq!(after(b"a"), Some(b"b".to_vec()));
    assert_eq!(after(b"a\xff"), Some(b"b".to_vec()));
    assert_eq!(after(b"\xff\x00\xff\xff"), Some(b"\xff\x01".to_vec()));
    assert_eq!((after(b""), after(b"\xff\xff")), (None, None));
}
