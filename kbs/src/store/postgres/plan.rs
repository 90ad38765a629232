//! From a batch to the statements of one transaction.
//!
//! Every key that a batch looks at or changes (but for what exclusive batches alone change) is locked by the statement that does so, and the statements stand in the
//! order of tables and keys, whatever the order of the batch: two batches meet at the first key that they share, one
//! waits for the other, and neither ever holds what the other needs before it. Changes of one key are joined into what
//! they come to, so that the order of statements cannot change the outcome.

use std::collections::BTreeMap;

use super::super::backend::{Batch, Change, Condition, Table};
use super::sql;

/// One statement, and what its answer says about conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) sql: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) tells: Tells,
}

/// A parameter of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    /// `bytea`
    Bytes(Vec<u8>),
    /// `bytea[]`
    List(Vec<Vec<u8>>),
    /// `bigint`
    Number(i64),
}

/// What the rows of an answer say; conditions by their index in the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tells {
    /// Nothing.
    Nothing,
    /// The conditions hold where there is a row: it was inserted.
    Inserted(Vec<usize>),
    /// The conditions hold where there is no row.
    NoRow(Vec<usize>),
    /// The row's value, or none.
    Value(Vec<(usize, Wanted)>),
    /// The counter's value.
    Count(Vec<(usize, u64)>),
}

/// What is wanted of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Absent,
    Present,
    Value(Vec<u8>),
}

/// The statements of a batch. Conditions about more than one key, and about what stands, come first, before any change.
pub(super) fn steps(batch: Batch) -> Vec<Step> {
    let Batch { conditions, changes, exclusive } = batch;
    let mut keys = Keys::new();
    let mut steps = Vec::new();
    for (index, condition) in conditions.into_iter().enumerate() {
        match condition {
            Condition::NoneBegins { table, prefix } => steps.push(none_begins(table, prefix, index)),
            Condition::Stands { table, key, value } => steps.push(stands(table, key, value, index)),
            Condition::Absent { table, key } => keys.want(table, key, index, Wanted::Absent),
            Condition::Present { table, key } => keys.want(table, key, index, Wanted::Present),
            Condition::Equals { table, key, value } => keys.want(table, key, index, Wanted::Value(value)),
            Condition::AtMost { counter, most } => {
                keys.at(Table::Counters, counter.as_bytes().to_vec()).at_most.push((index, most));
            }
        }
    }
    for change in changes {
        keys.change(change);
    }
    let mut runs = Runs { exclusive, steps, run: None };
    for ((table, key), entry) in keys.0 {
        runs.add(table, key, entry);
    }
    runs.end();
    runs.steps
}

/// Everything that a batch says of one key.
#[derive(Debug, Default)]
struct Entry {
    wanted: Vec<(usize, Wanted)>,
    at_most: Vec<(usize, u64)>,
    effect: Option<Effect>,
    adds: Vec<i64>,
}

/// What the changes of one key come to.
#[derive(Debug)]
enum Effect {
    Put(Vec<u8>),
    Keep(Vec<u8>),
    Delete,
}

struct Keys(BTreeMap<(Table, Vec<u8>), Entry>);

impl Keys {
    fn new() -> Self {
        Self(BTreeMap::new())
    }

    fn at(&mut self, table: Table, key: Vec<u8>) -> &mut Entry {
        self.0.entry((table, key)).or_default()
    }

    fn want(&mut self, table: Table, key: Vec<u8>, index: usize, wanted: Wanted) {
        self.at(table, key).wanted.push((index, wanted));
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Put { table, key, value } => {
                let entry = self.at(table, key);
                entry.effect = Some(Effect::Put(value));
                entry.adds.clear();
            }
            Change::Keep { table, key, value } => {
                let entry = self.at(table, key);
                match entry.effect {
                    // A number was added: there is a row.
                    None if !entry.adds.is_empty() => {}
                    None => entry.effect = Some(Effect::Keep(value)),
                    Some(Effect::Put(_) | Effect::Keep(_)) => {}
                    Some(Effect::Delete) => entry.effect = Some(Effect::Put(value)),
                }
            }
            Change::Delete { table, key } => {
                let entry = self.at(table, key);
                entry.effect = Some(Effect::Delete);
                entry.adds.clear();
            }
            Change::Add { counter, amount } => {
                self.at(Table::Counters, counter.as_bytes().to_vec()).adds.push(amount);
            }
        }
    }
}

/// Joins neighbours of one table that are changed alike into one statement.
struct Runs {
    exclusive: bool,
    steps: Vec<Step>,
    run: Option<Run>,
}

struct Run {
    table: Table,
    kind: Kind,
    keys: Vec<Vec<u8>>,
    values: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Put,
    Keep,
    Delete,
}

impl Runs {
    fn add(&mut self, table: Table, key: Vec<u8>, entry: Entry) {
        let Entry { wanted, at_most, effect, adds } = entry;
        if wanted.is_empty() && at_most.is_empty() && adds.is_empty() {
            match effect {
                Some(Effect::Put(value)) => self.join(table, Kind::Put, key, Some(value)),
                Some(Effect::Keep(value)) => self.join(table, Kind::Keep, key, Some(value)),
                Some(Effect::Delete) => self.join(table, Kind::Delete, key, None),
                None => {}
            }
            return;
        }
        self.end();
        if !at_most.is_empty() {
            // The first makes a row that can be locked; the second locks and reads it.
            self.push(sql::begin_counter(), vec![Parameter::Bytes(key.clone())], Tells::Nothing);
            let sql = sql::lock_value(Table::Counters);
            self.push(sql, vec![Parameter::Bytes(key.clone())], Tells::Count(at_most));
        }
        self.conditioned(table, &key, wanted, effect);
        for amount in adds {
            let parameters = vec![Parameter::Bytes(key.clone()), Parameter::Number(amount)];
            self.push(sql::add(), parameters, Tells::Nothing);
        }
    }

    /// A key with conditions of its own, or with none and yet no part of a run.
    fn conditioned(
        &mut self,
        table: Table,
        key: &[u8],
        wanted: Vec<(usize, Wanted)>,
        effect: Option<Effect>,
    ) {
        let own = || Parameter::Bytes(key.to_vec());
        if !wanted.is_empty() && wanted.iter().all(|(_, wanted)| *wanted == Wanted::Absent) {
            let indexes = wanted.into_iter().map(|(index, _)| index).collect();
            let (value, stays) = match effect {
                Some(Effect::Put(value) | Effect::Keep(value)) => (value, true),
                Some(Effect::Delete) | None => (sql::STAND_IN.to_vec(), false),
            };
            let parameters = vec![own(), Parameter::Bytes(value)];
            self.push(sql::insert_new(table), parameters, Tells::Inserted(indexes));
            if !stays {
                // Whoever inserts this key waits for the end of the transaction all the same.
                self.push(sql::delete_one(table), vec![own()], Tells::Nothing);
            }
            return;
        }
        let only_present = wanted.iter().all(|(_, wanted)| *wanted == Wanted::Present);
        if !wanted.is_empty() {
            let sql =
                if only_present && effect.is_none() { sql::is_there(table) } else { sql::lock_value(table) };
            self.push(sql, vec![own()], Tells::Value(wanted));
        }
        match effect {
            Some(Effect::Put(value)) => self.join(table, Kind::Put, key.to_vec(), Some(value)),
            Some(Effect::Keep(value)) => self.join(table, Kind::Keep, key.to_vec(), Some(value)),
            Some(Effect::Delete) => self.join(table, Kind::Delete, key.to_vec(), None),
            None => {}
        }
        self.end();
    }

    fn join(&mut self, table: Table, kind: Kind, key: Vec<u8>, value: Option<Vec<u8>>) {
        if self.run.as_ref().is_some_and(|run| run.table != table || run.kind != kind) {
            self.end();
        }
        let run = self.run.get_or_insert_with(|| Run { table, kind, keys: vec![], values: vec![] });
        run.keys.push(key);
        run.values.extend(value);
    }

    fn end(&mut self) {
        let Some(Run { table, kind, keys, values }) = self.run.take() else { return };
        let keys = Parameter::List(keys);
        match kind {
            Kind::Put => self.push(sql::put(table), vec![keys, Parameter::List(values)], Tells::Nothing),
            Kind::Keep => self.push(sql::keep(table), vec![keys, Parameter::List(values)], Tells::Nothing),
            Kind::Delete => {
                // A key that is not there has nothing to lock, unless nobody else is at work.
                if !self.exclusive {
                    self.push(sql::claim(table), vec![keys.clone()], Tells::Nothing);
                }
                self.push(sql::delete(table), vec![keys], Tells::Nothing);
            }
        }
    }

    fn push(&mut self, sql: String, parameters: Vec<Parameter>, tells: Tells) {
        self.steps.push(Step { sql, parameters, tells });
    }
}

/// No lock of the row: the batch has its share of the one that an exclusive batch waits for. Shares of a row's lock would let
/// whoever changes it wait for as long as there is always one more that asks.
fn stands(table: Table, key: Vec<u8>, value: Option<Vec<u8>>, index: usize) -> Step {
    let tells = Tells::Value(vec![(index, value.map_or(Wanted::Absent, Wanted::Value))]);
    Step { sql: sql::get(table), parameters: vec![Parameter::Bytes(key)], tells }
}

fn none_begins(table: Table, prefix: Vec<u8>, index: usize) -> Step {
    let tells = Tells::NoRow(vec![index]);
    match after(&prefix) {
        Some(end) => {
            let parameters = vec![Parameter::Bytes(prefix), Parameter::Bytes(end)];
            Step { sql: sql::any_between(table), parameters, tells }
        }
        None => Step { sql: sql::any_from(table), parameters: vec![Parameter::Bytes(prefix)], tells },
    }
}

/// The first key after all that begin with `prefix`; none where they reach to the end of the table.
pub(super) fn after(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix.get(..=last)?.to_vec();
    if let Some(byte) = end.last_mut() {
        *byte = byte.saturating_add(1);
    }
    Some(end)
}
