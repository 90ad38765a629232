//! Keys of the broker's own: versioned, wrapped by the root key, shared by all replicas of one store.

use serde::{Deserialize, Serialize};
use verifier::time::UnixTime;
use zeroize::Zeroizing;

use super::backend::{Batch, Change, Commit, Condition, Row, Table};
use super::{ATTEMPTS, Store, StoreError, make_all, row_error};
use crate::root_key::RootKeyError;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyPurpose {
    /// Seals the challenge in a guest's cookie.
    Challenge,
    /// Signs tokens.
    Token,
    /// Signs federation tokens.
    Federation,
    /// Authenticates the settings.
    Integrity,
}

/// One version of a key.
pub(crate) struct OwnKey {
    /// Its number, from 1 on.
    pub version: u32,
    /// When it was made, in seconds since 1970.
    pub made: i64,
    /// The key.
    pub material: Zeroizing<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    made: i64,
    wrapped: String,
}

impl KeyPurpose {
    /// Its name in the store and in commands.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Challenge => "challenge",
            Self::Token => "token",
            Self::Federation => "federation",
            Self::Integrity => "integrity",
        }
    }
}

impl std::fmt::Debug for OwnKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OwnKey({}, {})", self.version, self.made)
    }
}

impl Store {
    /// Every version of a key that is kept, newest last; `make` makes the first.
    pub(crate) fn own_keys(
        &self,
        purpose: KeyPurpose,
        now: UnixTime,
        make: impl Fn() -> Result<Zeroizing<Vec<u8>>, StoreError>,
    ) -> Result<Vec<OwnKey>, StoreError> {
        let mut found = self.kept_keys(purpose)?;
        if found.is_empty() {
            // Of several replicas that start at once, one makes it; all use that one.
            let _first = self.add_key(purpose, 1, now, &make)?;
            found = self.kept_keys(purpose)?;
        }
        Ok(found)
    }

    /// Every version of a key that is kept, newest last, as it stands.
    pub(crate) fn kept_keys(&self, purpose: KeyPurpose) -> Result<Vec<OwnKey>, StoreError> {
        self.key_rows(purpose)?.iter().map(|row| self.open_key(row)).collect()
    }

    /// Adds a version of a key; its number.
    pub(crate) fn rotate(
        &self,
        purpose: KeyPurpose,
        now: UnixTime,
        make: impl Fn() -> Result<Zeroizing<Vec<u8>>, StoreError>,
    ) -> Result<u32, StoreError> {
        for _ in 0..ATTEMPTS {
            let rows = self.key_rows(purpose)?;
            let newest = rows.last().and_then(|row| version_of(&row.key)).unwrap_or(0);
            let next = newest.saturating_add(1);
            if self.add_key(purpose, next, now, &make)? {
                return Ok(next);
            }
        }
        Err(StoreError::Contended { what: format!("the {} key", purpose.name()) })
    }

    /// Forgets the versions of a key below `version`.
    pub(crate) fn forget_keys(&self, purpose: KeyPurpose, version: u32) -> Result<(), StoreError> {
        let old = |row: &Row| version_of(&row.key).is_some_and(|found| found < version);
        let rows = self.key_rows(purpose)?.into_iter().filter(old);
        let changes: Vec<Change> =
            rows.map(|row| Change::Delete { table: Table::Keys, key: row.key }).collect();
        if !changes.is_empty() {
            make_all(&*self.backend, changes)?;
        }
        Ok(())
    }

    /// Wraps anew every key that another root key than the current one wraps; how many.
    pub(crate) fn rewrap_keys(&self) -> Result<usize, StoreError> {
        let mut done = 0;
        for row in self.backend.scan(Table::Keys, b"", None, KEYS)? {
            let what = String::from_utf8_lossy(&row.key).into_owned();
            let mut kept = read(&row)?;
            let wrapped = wrapped_bytes(&kept)?;
            if self.root.is_current(&wrapped) {
                continue;
            }
            let anew = self.root.rewrap(&wrapped, &context(&row.key)).map_err(|e| self.unwrapped(e, what))?;
            kept.wrapped = hex::encode(anew);
            let value = serde_json::to_vec(&kept).map_err(row_error(Table::Keys))?;
            let batch = Batch {
                conditions: vec![Condition::Equals {
                    table: Table::Keys,
                    key: row.key.clone(),
                    value: row.value,
                }],
                changes: vec![Change::Put { table: Table::Keys, key: row.key, value }],
                exclusive: false,
            };
            done += usize::from(self.backend.commit(batch)? == Commit::Done);
        }
        Ok(done)
    }

    fn key_rows(&self, purpose: KeyPurpose) -> Result<Vec<Row>, StoreError> {
        let from = key_of(purpose, 0);
        let until = key_of(purpose, u32::MAX);
        self.backend.scan(Table::Keys, &from, Some(&until), KEYS)
    }

    /// Whether the key was added, or another was quicker.
    fn add_key(
        &self,
        purpose: KeyPurpose,
        version: u32,
        now: UnixTime,
        make: impl Fn() -> Result<Zeroizing<Vec<u8>>, StoreError>,
    ) -> Result<bool, StoreError> {
        let key = key_of(purpose, version);
        let wrapped = self
            .root
            .wrap(&make()?, &context(&key))
            .map_err(|error| StoreError::RootKey { reason: error.to_string() })?;
        let kept = Kept { made: now.secs(), wrapped: hex::encode(wrapped) };
        let value = serde_json::to_vec(&kept).map_err(row_error(Table::Keys))?;
        let batch = Batch {
            conditions: vec![Condition::Absent { table: Table::Keys, key: key.clone() }],
            changes: vec![Change::Put { table: Table::Keys, key, value }],
            exclusive: false,
        };
        Ok(self.backend.commit(batch)? == Commit::Done)
    }

    pub(super) fn open_key(&self, row: &Row) -> Result<OwnKey, StoreError> {
        let what = || String::from_utf8_lossy(&row.key).into_owned();
        let kept = read(row)?;
        let material = self
            .root
            .unwrap(&wrapped_bytes(&kept)?, &context(&row.key))
            .map_err(|error| self.unwrapped(error, what()))?;
        let version = version_of(&row.key).ok_or(StoreError::Row { table: "keys" })?;
        Ok(OwnKey { version, made: kept.made, material })
    }

    /// What a root key's refusal to unwrap means for the store.
    pub(super) fn unwrapped(&self, error: RootKeyError, what: String) -> StoreError {
        match error {
            RootKeyError::NotWrappedHere
            | RootKeyError::Malformed { .. }
            | RootKeyError::Format { .. }
            | RootKeyError::Length { .. } => StoreError::Sealed { what },
            other => StoreError::RootKey { reason: format!("{what}: {other}") },
        }
    }
}

fn read(row: &Row) -> Result<Kept, StoreError> {
    serde_json::from_slice(&row.value).map_err(row_error(Table::Keys))
}

fn wrapped_bytes(kept: &Kept) -> Result<Vec<u8>, StoreError> {
    hex::decode(&kept.wrapped).map_err(|_| StoreError::Row { table: "keys" })
}

fn key_of(purpose: KeyPurpose, version: u32) -> Vec<u8> {
    format!("{}/{version:010}", purpose.name()).into_bytes()
}

fn version_of(key: &[u8]) -> Option<u32> {
    str::from_utf8(key).ok()?.rsplit_once('/')?.1.parse().ok()
}

/// A wrapped key opens under its own name alone.
fn context(key: &[u8]) -> Vec<u8> {
    [b"vouchsafe own key v2\0".as_slice(), key].concat()
}

/// Versions that are read of one key, and keys that are wrapped anew: each rotation adds one and old ones go.
const KEYS: usize = 4096;
