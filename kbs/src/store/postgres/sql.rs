//! The text of every statement. Names of tables are [`Table::name`]; everything else is a parameter.
//!
//! One table for each [`Table`]: each has its own index and is vacuumed by itself, so that the churn of sessions does
//! not touch the records, and people see with `\dt+` what takes the space. All have the same two columns.

use super::super::backend::Table;

/// The value of a row that is inserted to hold its key and deleted in the same transaction; also a counter at zero.
pub(super) const STAND_IN: &[u8] = &[0; 8];

pub(super) fn get(table: Table) -> String {
    format!("SELECT value FROM vouchsafe.{} WHERE key = $1", table.name())
}

/// From `$1` on, at most `$2` rows.
pub(super) fn scan_from(table: Table) -> String {
    let name = table.name();
    format!("SELECT key, value FROM vouchsafe.{name} WHERE key >= $1 ORDER BY key LIMIT $2")
}

/// From `$1` on and before `$3`, at most `$2` rows.
pub(super) fn scan_between(table: Table) -> String {
    let name = table.name();
    format!("SELECT key, value FROM vouchsafe.{name} WHERE key >= $1 AND key < $3 ORDER BY key LIMIT $2")
}

/// After `$1`, at most `$2` rows.
pub(super) fn scan_after(table: Table) -> String {
    let name = table.name();
    format!("SELECT key, value FROM vouchsafe.{name} WHERE key > $1 ORDER BY key LIMIT $2")
}

/// Locks the row to the end of the transaction, as it is after whoever had it locked.
pub(super) fn lock_value(table: Table) -> String {
    format!("{} FOR UPDATE", get(table))
}

pub(super) fn is_there(table: Table) -> String {
    format!("SELECT '\\x'::bytea FROM vouchsafe.{} WHERE key = $1", table.name())
}

pub(super) fn any_between(table: Table) -> String {
    format!("SELECT true FROM vouchsafe.{} WHERE key >= $1 AND key < $2 LIMIT 1", table.name())
}

pub(super) fn any_from(table: Table) -> String {
    format!("SELECT true FROM vouchsafe.{} WHERE key >= $1 LIMIT 1", table.name())
}

/// Waits for whoever is inserting or deleting the same key; answers with a row where there was none before.
pub(super) fn insert_new(table: Table) -> String {
    let name = table.name();
    format!(
        "INSERT INTO vouchsafe.{name} (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING RETURNING true"
    )
}

pub(super) fn put(table: Table) -> String {
    format!("{} ON CONFLICT (key) DO UPDATE SET value = excluded.value", insert_all(table))
}

/// An existing row is not locked: the rows that are kept are deleted by exclusive batches alone.
pub(super) fn keep(table: Table) -> String {
    format!("{} ON CONFLICT (key) DO NOTHING", insert_all(table))
}

/// Locks keys, there or not.
pub(super) fn claim(table: Table) -> String {
    let name = table.name();
    format!(
        "INSERT INTO vouchsafe.{name} (key, value) SELECT k, '\\x0000000000000000'::bytea FROM unnest($1) AS u(k) \
         ON CONFLICT (key) DO UPDATE SET key = excluded.key"
    )
}

pub(super) fn delete(table: Table) -> String {
    format!("DELETE FROM vouchsafe.{} WHERE key = ANY($1)", table.name())
}

pub(super) fn delete_one(table: Table) -> String {
    format!("DELETE FROM vouchsafe.{} WHERE key = $1", table.name())
}

/// A counter's row at zero, unless there is one.
pub(super) fn begin_counter() -> String {
    "INSERT INTO vouchsafe.counters (key, value) VALUES ($1, '\\x0000000000000000'::bytea) \
     ON CONFLICT (key) DO NOTHING"
        .to_owned()
}

/// Adds `$2` to the counter `$1`; the sum stays between 0 and the largest `bigint`.
pub(super) fn add() -> String {
    let most = i64::MAX;
    // Eight bytes, the highest first, as every store keeps counters; the table checks that they are no negative number.
    let now = "('x' || encode(c.value, 'hex'))::bit(64)::bigint";
    format!(
        "INSERT INTO vouchsafe.counters AS c (key, value) VALUES ($1, int8send(greatest($2, 0))) \
         ON CONFLICT (key) DO UPDATE SET value = int8send(CASE WHEN $2 > {most} - {now} THEN {most} \
         ELSE greatest({now} + $2, 0) END)"
    )
}

fn insert_all(table: Table) -> String {
    let name = table.name();
    format!("INSERT INTO vouchsafe.{name} (key, value) SELECT k, v FROM unnest($1, $2) AS u(k, v)")
}
