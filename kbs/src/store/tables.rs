//! The tables, and the writes that several transactions share.

use decision_log::{Digest, Record};
use redb::{Database, ReadableTable, TableDefinition, WriteTransaction};

use super::{StoreError, database};

/// The format's number, the broker's own keys (sealed), the bytes of decisions that affirmed nothing.
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// Path of a resource → secret, sealed with the path as context.
pub(super) const SECRETS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("secrets");
/// Nonce → session.
pub(super) const SESSIONS: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("sessions");
/// (end of the session, nonce), so that sessions past their time are found without a search.
pub(super) const EXPIRIES: TableDefinition<'_, (i64, &[u8; 32]), ()> = TableDefinition::new("expiries");
/// Number in order → decision record.
pub(super) const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");
/// Id of a decision record → its number.
pub(super) const RECORD_IDS: TableDefinition<'_, &[u8; 32], u64> = TableDefinition::new("record-ids");
/// SHA-256 → content.
pub(super) const BLOBS: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("blobs");

/// Makes all tables of a new store; refuses a store of another format.
pub(super) fn prepare(store: &mut Database) -> Result<(), StoreError> {
    let write = store.begin_write().map_err(database)?;
    {
        let mut meta = write.open_table(META).map_err(database)?;
        let kept = meta.get(FORMAT_KEY)?.map(|row| number(row.value())).transpose()?;
        match kept {
            None => {
                meta.insert(FORMAT_KEY, FORMAT.to_be_bytes().as_slice())?;
            }
            Some(FORMAT) => {}
            Some(actual) => return Err(StoreError::Format { expected: FORMAT, actual }),
        }
        write.open_table(SECRETS).map_err(database)?;
        write.open_table(SESSIONS).map_err(database)?;
        write.open_table(EXPIRIES).map_err(database)?;
        write.open_table(RECORDS).map_err(database)?;
        write.open_table(RECORD_IDS).map_err(database)?;
        write.open_table(BLOBS).map_err(database)?;
    }
    write.commit().map_err(database)
}

/// Keeps each blob once, under its SHA-256; the bytes that were new.
pub(super) fn keep_blobs(write: &WriteTransaction, blobs: &[&[u8]]) -> Result<u64, StoreError> {
    let mut table = write.open_table(BLOBS).map_err(database)?;
    let mut added = 0_u64;
    for blob in blobs {
        let digest = Digest::of(blob);
        if table.get(digest.as_bytes())?.is_none() {
            table.insert(digest.as_bytes(), *blob)?;
            added = added.saturating_add(u64::try_from(blob.len()).unwrap_or(u64::MAX));
        }
    }
    Ok(added)
}

/// Appends a record; its id and size in bytes.
pub(super) fn append_record(write: &WriteTransaction, record: &Record) -> Result<(Digest, u64), StoreError> {
    let bytes = record.encode();
    let id = Digest::of(&bytes);
    let mut ids = write.open_table(RECORD_IDS).map_err(database)?;
    let mut records = write.open_table(RECORDS).map_err(database)?;
    let next = records.last()?.map_or(0, |(last, _)| last.value().saturating_add(1));
    records.insert(next, bytes.as_slice())?;
    ids.insert(id.as_bytes(), next)?;
    Ok((id, u64::try_from(bytes.len()).unwrap_or(u64::MAX)))
}

/// Bytes that decisions which affirmed nothing take so far.
pub(super) fn denied_bytes(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<u64, StoreError> {
    let kept = meta.get(DENIED_KEY)?.map(|row| number(row.value())).transpose()?;
    Ok(kept.unwrap_or(0))
}

/// Counts bytes of a decision that affirmed nothing.
pub(super) fn count_denied(write: &WriteTransaction, total: u64) -> Result<(), StoreError> {
    let mut meta = write.open_table(META).map_err(database)?;
    meta.insert(DENIED_KEY, total.to_be_bytes().as_slice())?;
    Ok(())
}

fn number(bytes: &[u8]) -> Result<u64, StoreError> {
    bytes.try_into().map(u64::from_be_bytes).map_err(|_| StoreError::Row { table: "meta" })
}

const FORMAT: u64 = 1;
const FORMAT_KEY: &str = "format";
const DENIED_KEY: &str = "denied-bytes";
