//! The tables, and how a database comes by them.

use super::failure::Failure;
use super::session::Session;
use crate::store::StoreError;

/// Brings the schema up to date; refuses one that is newer. Replicas that start together wait for one another.
pub(super) async fn migrate(session: &Session) -> Result<(), Failure> {
    let begin = format!("BEGIN; SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
    session.execute(&begin).await?;
    let found = session.query("SELECT to_regclass('vouchsafe.schema_version') IS NOT NULL", &[]).await?;
    let made: bool = found.first().map(|row| row.get(0)).unwrap_or_default();
    let version = if made { version(session).await? } else { 0 };
    let newest = u64::try_from(MIGRATIONS.len()).unwrap_or(u64::MAX);
    if version > newest {
        return Err(Failure::Final(StoreError::Format { expected: newest, actual: version }));
    }
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    for migration in MIGRATIONS.get(done..).unwrap_or_default() {
        session.execute(migration).await?;
    }
    if version < newest {
        session.execute(&format!("UPDATE vouchsafe.schema_version SET version = {newest}")).await?;
    }
    session.execute("COMMIT").await
}

async fn version(session: &Session) -> Result<u64, Failure> {
    let rows = session.query("SELECT version FROM vouchsafe.schema_version", &[]).await?;
    let version: i64 = rows.first().map(|row| row.get(0)).unwrap_or_default();
    Ok(u64::try_from(version).unwrap_or_default())
}

/// Each brings the schema from the version that is its index to the next. One that was released is never changed.
const MIGRATIONS: &[&str] = &[FIRST];

/// The name of a schema that somebody made beforehand for a role that may make none is taken as it is.
const FIRST: &str = "
DO $$ BEGIN
    IF to_regnamespace('vouchsafe') IS NULL THEN CREATE SCHEMA vouchsafe; END IF;
END $$;
CREATE TABLE vouchsafe.schema_version (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version bigint NOT NULL
);
INSERT INTO vouchsafe.schema_version (version) VALUES (0);
CREATE TABLE vouchsafe.meta (key bytea PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE vouchsafe.keys (key bytea PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE vouchsafe.settings (key bytea PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE vouchsafe.secrets (key bytea PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE vouchsafe.secret_versions (key bytea PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE vouchsafe.sessions (key bytea PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE vouchsafe.expiries (key bytea PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE vouchsafe.records (key bytea PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE vouchsafe.record_times (key bytea PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE vouchsafe.blobs (key bytea PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE vouchsafe.blob_uses (key bytea PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE vouchsafe.counters (
    key bytea PRIMARY KEY,
    value bytea NOT NULL CHECK (octet_length(value) = 8 AND get_byte(value, 0) < 128)
);
";

/// \"vouchsaf\" as a number: which of all advisory locks of the database this is.
const MIGRATION_LOCK: i64 = 0x766f_7563_6873_6166;
/// Taken by every batch: shared, or by an exclusive batch alone.
pub(super) const BATCH_LOCK: i64 = MIGRATION_LOCK + 1;
