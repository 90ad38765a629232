//! Secrets: sealed under a key of their own each, which the root key wraps; versioned, listed, deleted.

use kbs_protocol::ResourcePath;
use serde::{Deserialize, Serialize};
use verifier::time::UnixTime;
use zeroize::Zeroizing;

use super::backend::{Batch, Change, Commit, Condition, Row, Table};
use super::{ATTEMPTS, DEFAULT_TENANT, Store, StoreError, row_error, size_of};
use crate::admin::Admin;
use crate::grant::Grant;
use crate::seal::{Purpose, SealingKey};
use crate::system::rng;

/// A secret in the clear, wiped when dropped.
pub(crate) struct Secret(Zeroizing<Vec<u8>>);

/// A secret that the store gave out, and what must still hold when its release is recorded.
pub(crate) struct Found {
    secret: Secret,
    version: u32,
    key: Vec<u8>,
}

/// What there is to know of a resource without opening it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Listed {
    /// `repository/type/tag`.
    pub path: String,
    /// The versions that are kept, newest last.
    pub versions: Vec<VersionInfo>,
}

/// One version of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VersionInfo {
    /// Its number, from 1 on; never used twice for a path.
    pub version: u32,
    /// What its admin said that it is.
    pub content_type: String,
    /// Bytes in the clear.
    pub size: u64,
    /// When it was stored, in seconds since 1970.
    pub at: i64,
    /// Who stored it.
    pub author: String,
}

/// The row of a path. It stays when its versions are deleted, so that no number is used twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    newest: u32,
    versions: Vec<VersionInfo>,
}

/// The row of a version: the wrapped key and the ciphertext.
struct Sealed {
    wrapped: Vec<u8>,
    ciphertext: Vec<u8>,
}

/// Whether a version belongs to a path.
pub(super) enum Stored {
    /// It does.
    Known,
    /// No row of a path names it.
    Unknown(String),
}

impl Secret {
    /// A secret from its bytes.
    pub(crate) fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The bytes, to be sealed to a guest's key.
    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl Found {
    /// The secret.
    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The number of its version.
    pub(crate) fn version(&self) -> u32 {
        self.version
    }

    /// Holds as long as nobody deleted this version.
    pub(super) fn still_there(&self) -> Condition {
        Condition::Present { table: Table::SecretVersions, key: self.key.clone() }
    }
}

/// What became of some rows.
#[derive(Debug, Default)]
pub(super) struct Rewrapped {
    /// Rows that were wrapped anew.
    pub done: usize,
    /// Why the first of those was not that could not be.
    pub failed: Option<StoreError>,
    /// Where to go on; nothing at the end.
    pub next: Option<Vec<u8>>,
}

impl Store {
    /// The newest version of the secret that the policy granted; none where there is no such secret.
    pub(crate) fn load(&self, grant: &Grant) -> Result<Option<Found>, StoreError> {
        let path = grant.path().to_string();
        let Some(head) = self.head(&path)?.map(|(head, _)| head) else { return Ok(None) };
        let Some(info) = head.versions.last() else { return Ok(None) };
        let key = version_key(&path, info.version);
        // Deleted between two looks.
        let Some(row) = self.backend.get(Table::SecretVersions, &key)? else { return Ok(None) };
        let secret = self.open_secret(&path, info, &row)?;
        Ok(Some(Found { secret, version: info.version, key }))
    }

    /// Stores a new version of a secret for an admin; its number.
    pub(crate) fn put(
        &self,
        admin: &Admin,
        path: &ResourcePath,
        secret: &Secret,
        content_type: &str,
        now: UnixTime,
    ) -> Result<u32, StoreError> {
        let path = path.to_string();
        for _ in 0..ATTEMPTS {
            let (head, condition) = self.head_to_change(&path)?;
            let info = VersionInfo {
                version: head.newest.saturating_add(1),
                content_type: content_type.chars().take(CONTENT_TYPE_CHARS).collect(),
                size: size_of(&secret.0),
                at: now.secs(),
                author: admin.name().to_owned(),
            };
            let value = self.seal_secret(&path, &info, secret)?;
            let key = version_key(&path, info.version);
            let mut changes = vec![Change::Put { table: Table::SecretVersions, key, value }];
            let mut next = Head { newest: info.version, versions: head.versions };
            next.versions.push(info.clone());
            while next.versions.len() > VERSIONS_KEPT {
                let key = version_key(&path, next.versions.remove(0).version);
                changes.push(Change::Delete { table: Table::SecretVersions, key });
            }
            if self.change_head(&path, &next, condition, changes)? {
                return Ok(info.version);
            }
        }
        Err(StoreError::Contended { what: format!("the secret {path}") })
    }

    /// Deletes every version of a secret for an admin; whether there was one.
    pub(crate) fn delete(&self, _: &Admin, path: &ResourcePath) -> Result<bool, StoreError> {
        let path = path.to_string();
        for _ in 0..ATTEMPTS {
            let (head, condition) = self.head_to_change(&path)?;
            if head.versions.is_empty() {
                return Ok(false);
            }
            let delete = |info: &VersionInfo| {
                let key = version_key(&path, info.version);
                Change::Delete { table: Table::SecretVersions, key }
            };
            let changes = head.versions.iter().map(delete).collect();
            let next = Head { newest: head.newest, versions: Vec::new() };
            if self.change_head(&path, &next, condition, changes)? {
                return Ok(true);
            }
        }
        Err(StoreError::Contended { what: format!("the secret {path}") })
    }

    /// Secrets whose path begins with `prefix`, after the path `after`, at most `limit`: never their content.
    pub(crate) fn list(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let begin = head_key(prefix);
        let mut from = if after.is_empty() { begin.clone() } else { head_key(after) };
        if !after.is_empty() {
            from.push(0);
        }
        let mut found = Vec::new();
        loop {
            let rows = self.backend.scan(Table::Secrets, &from, None, LIST_ROWS)?;
            let more = rows.len() == LIST_ROWS;
            for row in rows {
                if !row.key.starts_with(&begin) || found.len() == limit {
                    return Ok(found);
                }
                let head: Head = serde_json::from_slice(&row.value).map_err(row_error(Table::Secrets))?;
                if let Some(path) = path_of(&row.key).filter(|_| !head.versions.is_empty()) {
                    found.push(Listed { path, versions: head.versions });
                }
                from = row.key;
                from.push(0);
            }
            if !more {
                return Ok(found);
            }
        }
    }

    /// Wraps anew, under the current root key, keys of secrets that another root key wraps: of those after the row
    /// `after`, at most `limit` rows. How many were wrapped anew, and after which row to go on.
    pub(super) fn rewrap_secrets(&self, after: &[u8], limit: usize) -> Result<Rewrapped, StoreError> {
        let rows = self.backend.scan(Table::SecretVersions, after, None, limit)?;
        let mut page = Rewrapped::default();
        for row in rows {
            let rewrapped = Sealed::decode(&row.value).and_then(|sealed| {
                let current = self.root.is_current(&sealed.wrapped);
                Ok(!current && self.rewrap_secret(&row.key, &row.value, sealed)?)
            });
            match rewrapped {
                Ok(done) => page.done += usize::from(done),
                // It may come back by itself, and the row with it.
                Err(error @ (StoreError::Unavailable { .. } | StoreError::Database { .. })) => {
                    return Err(error);
                }
                // One row that nobody can open keeps no other under the old root key.
                Err(error) => {
                    let path = path_of(&row.key).or_else(|| version_of(&row.key).map(|(path, _)| path));
                    let path = path.map(tracing::field::display);
                    tracing::error!(%error, path, "a secret stays under its old root key");
                    page.failed.get_or_insert(error);
                }
            }
            let mut key = row.key;
            key.push(0);
            page.next = Some(key);
        }
        Ok(page)
    }

    /// Opens every version that the row of a path names; how many.
    pub(super) fn open_all(&self, row: &Row) -> Result<u64, StoreError> {
        let path = path_of(&row.key).ok_or(StoreError::Row { table: "secrets" })?;
        let head: Head = serde_json::from_slice(&row.value).map_err(row_error(Table::Secrets))?;
        for info in &head.versions {
            let row = self.backend.get(Table::SecretVersions, &version_key(&path, info.version))?;
            let missing = || StoreError::Tampered { what: format!("version {} of {path}", info.version) };
            self.open_secret(&path, info, &row.ok_or_else(missing)?)?;
        }
        Ok(size_of_list(head.versions.len()))
    }

    /// Whether the row of a path names this version.
    pub(super) fn stored(&self, key: &[u8]) -> Result<Stored, StoreError> {
        let (path, version) = version_of(key).ok_or(StoreError::Row { table: "secret_versions" })?;
        let head = self.head(&path)?.map(|(head, _)| head).unwrap_or_default();
        if head.versions.iter().any(|info| info.version == version) {
            return Ok(Stored::Known);
        }
        Ok(Stored::Unknown(format!("version {version} of {path}")))
    }

    fn rewrap_secret(&self, key: &[u8], row: &[u8], sealed: Sealed) -> Result<bool, StoreError> {
        let what = || String::from_utf8_lossy(key).replace('\0', "/");
        let (path, version) = version_of(key).ok_or(StoreError::Row { table: "secret_versions" })?;
        let head = self.head(&path)?.map(|(head, _)| head).unwrap_or_default();
        // Deleted meanwhile: nothing to wrap.
        let Some(info) = head.versions.iter().find(|info| info.version == version) else { return Ok(false) };
        let context = context(&path, info);
        let wrapped =
            self.root.rewrap(&sealed.wrapped, &context).map_err(|error| self.unwrapped(error, what()))?;
        let value = Sealed { wrapped, ciphertext: sealed.ciphertext }.encode()?;
        let table = Table::SecretVersions;
        let batch = Batch {
            conditions: vec![Condition::Equals { table, key: key.to_vec(), value: row.to_vec() }],
            changes: vec![Change::Put { table, key: key.to_vec(), value }],
            exclusive: false,
        };
        Ok(self.backend.commit(batch)? == Commit::Done)
    }

    fn head(&self, path: &str) -> Result<Option<(Head, Vec<u8>)>, StoreError> {
        let Some(row) = self.backend.get(Table::Secrets, &head_key(path))? else { return Ok(None) };
        Ok(Some((serde_json::from_slice(&row).map_err(row_error(Table::Secrets))?, row)))
    }

    /// The row of a path, and what must hold of it when it is changed.
    fn head_to_change(&self, path: &str) -> Result<(Head, Condition), StoreError> {
        let (table, key) = (Table::Secrets, head_key(path));
        Ok(match self.head(path)? {
            None => (Head::default(), Condition::Absent { table, key }),
            Some((head, value)) => (head, Condition::Equals { table, key, value }),
        })
    }

    /// Whether the change was made, or somebody else was quicker.
    fn change_head(
        &self,
        path: &str,
        head: &Head,
        condition: Condition,
        mut changes: Vec<Change>,
    ) -> Result<bool, StoreError> {
        let value = serde_json::to_vec(head).map_err(row_error(Table::Secrets))?;
        // Releases name their version as present, and only an exclusive batch may take one away from under them.
        let exclusive = changes.iter().any(|change| matches!(change, Change::Delete { .. }));
        changes.push(Change::Put { table: Table::Secrets, key: head_key(path), value });
        let batch = Batch { conditions: vec![condition], changes, exclusive };
        Ok(self.backend.commit(batch)? == Commit::Done)
    }

    fn seal_secret(&self, path: &str, info: &VersionInfo, secret: &Secret) -> Result<Vec<u8>, StoreError> {
        let key = SealingKey::generate(&mut rng());
        let context = context(path, info);
        let ciphertext = key
            .seal(Purpose::Secret, &context, &secret.0, &mut rng())
            .map_err(|_| StoreError::Sealed { what: path.to_owned() })?;
        let wrapped = self
            .root
            .wrap(key.expose(), &context)
            .map_err(|error| StoreError::RootKey { reason: error.to_string() })?;
        Sealed { wrapped, ciphertext }.encode()
    }

    pub(super) fn open_secret(
        &self,
        path: &str,
        info: &VersionInfo,
        row: &[u8],
    ) -> Result<Secret, StoreError> {
        let sealed = Sealed::decode(row)?;
        let context = context(path, info);
        let key = self
            .root
            .unwrap(&sealed.wrapped, &context)
            .map_err(|error| self.unwrapped(error, path.to_owned()))?;
        let refused = || StoreError::Sealed { what: path.to_owned() };
        let key = SealingKey::from_bytes(&key).ok_or_else(refused)?;
        let plain = key.open(Purpose::Secret, &context, &sealed.ciphertext).map_err(|_| refused())?;
        Ok(Secret(plain))
    }
}

impl Sealed {
    fn encode(&self) -> Result<Vec<u8>, StoreError> {
        let too_long = |_| StoreError::RootKey { reason: "a wrapped key is longer than any".to_owned() };
        let length = u16::try_from(self.wrapped.len()).map_err(too_long)?;
        Ok([&length.to_be_bytes(), self.wrapped.as_slice(), &self.ciphertext].concat())
    }

    fn decode(row: &[u8]) -> Result<Self, StoreError> {
        let parts = || {
            let (length, rest) = row.split_first_chunk::<2>()?;
            rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
        };
        let (wrapped, ciphertext) = parts().ok_or(StoreError::Row { table: "secret_versions" })?;
        Ok(Self { wrapped: wrapped.to_vec(), ciphertext: ciphertext.to_vec() })
    }
}

/// What is authenticated with a secret and with its wrapped key: tenant, path, version and content type, each after
/// its length.
fn context(path: &str, info: &VersionInfo) -> Vec<u8> {
    let version = info.version.to_be_bytes();
    let mut context = b"vouchsafe secret v2".to_vec();
    for part in [DEFAULT_TENANT.as_bytes(), path.as_bytes(), &version, info.content_type.as_bytes()] {
        context.extend(size_of(part).to_be_bytes());
        context.extend(part);
    }
    context
}

fn size_of_list(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn head_key(path: &str) -> Vec<u8> {
    [DEFAULT_TENANT.as_bytes(), b"\0", path.as_bytes()].concat()
}

fn path_of(key: &[u8]) -> Option<String> {
    let rest = key.strip_prefix(DEFAULT_TENANT.as_bytes())?.strip_prefix(b"\0")?;
    String::from_utf8(rest.to_vec()).ok()
}

pub(super) fn version_key(path: &str, version: u32) -> Vec<u8> {
    [&head_key(path), b"\0".as_slice(), &version.to_be_bytes()].concat()
}

fn version_of(key: &[u8]) -> Option<(String, u32)> {
    let (rest, version) = key.split_last_chunk::<4>()?;
    Some((path_of(rest.strip_suffix(b"\0")?)?, u32::from_be_bytes(*version)))
}

/// Versions of one secret that are kept; the oldest goes when another comes.
const VERSIONS_KEPT: usize = 16;
/// Characters of a content type.
const CONTENT_TYPE_CHARS: usize = 128;
/// Rows that a list reads at once.
const LIST_ROWS: usize = 256;
