//! Settings that the store is not trusted with: policies, reference values, revocations, holds, and which files of the
//! brokers are in force (vendors' revocation lists among them). Roles are no row at all: they are in the program, and keys confer them by the
//! configuration.
//!
//! ```text
//! head      epoch, SHA-256 of the manifest, MAC over both          one small row, read at every request
//! manifest  (kind, name) → version, SHA-256 of the content, who, when
//! content   (kind, name, version) → bytes
//! ```
//!
//! Whoever can write to the database and has not the root key cannot make a head. He can put back an older head with
//! all that belongs to it: a broker that has seen a newer epoch refuses that, in this process and, through the file of
//! the highest epoch, after a restart.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::hmac;
use decision_log::Digest;
use serde::{Deserialize, Serialize};
use verifier::time::UnixTime;
use zeroize::Zeroizing;

use super::backend::{Batch, Change, Commit, Condition, Table};
use super::keys::KeyPurpose;
use super::{ATTEMPTS, Store, StoreError, row_error};
use crate::system::rng;

/// What a setting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SettingKind {
    /// A resource policy's text.
    ResourcePolicy,
    /// An attestation policy's text.
    AttestationPolicy,
    /// A reference value as JSON.
    ReferenceValue,
    /// The digest of inputs that stand outside the store.
    Inputs,
    /// What keeps records from being deleted, as JSON.
    Hold,
    /// A machine or an image that is not accepted any more, as JSON.
    Revocation,
}

/// One setting as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// What it says.
    pub content: Arc<[u8]>,
    /// Its number: each change of it has a larger one.
    pub version: u64,
    /// The epoch that its last change began.
    pub epoch: u64,
    /// Who changed it.
    pub author: String,
    /// When, in seconds since 1970.
    pub at: i64,
}

/// All settings of one epoch.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    epoch: u64,
    rows: BTreeMap<SettingKind, BTreeMap<String, Setting>>,
    /// The row that names them all; none before the first change.
    head: Option<Vec<u8>>,
}

/// What this process knows of the settings.
#[derive(Default)]
pub(super) struct Known {
    key: Option<hmac::Key>,
    head: Option<Vec<u8>>,
    settings: Arc<Settings>,
    highest: u64,
    /// Held by whoever reads a new state: the others wait for what he reads.
    reading: Arc<Mutex<()>>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    rows: BTreeMap<SettingKind, BTreeMap<String, Entry>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    version: u64,
    epoch: u64,
    content: Digest,
    author: String,
    at: i64,
}

mod read;

/// A head that is authentic.
struct Head {
    epoch: u64,
    manifest: Digest,
}

impl Settings {
    /// The number of the state: each change makes it larger.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The setting of that name.
    pub(crate) fn get(&self, kind: SettingKind, name: &str) -> Option<&Setting> {
        self.rows.get(&kind)?.get(name)
    }

    /// That they are still these when a batch is committed.
    pub(super) fn unchanged(&self) -> Condition {
        Condition::Stands { table: Table::Settings, key: HEAD.to_vec(), value: self.head.clone() }
    }

    /// Every setting of a kind, by name.
    pub(crate) fn of(&self, kind: SettingKind) -> impl Iterator<Item = (&str, &Setting)> {
        self.rows.get(&kind).into_iter().flatten().map(|(name, setting)| (name.as_str(), setting))
    }
}

impl Store {
    /// The settings as they stand. Reads one small row; the rest only where that changed.
    pub(crate) fn settings(&self) -> Result<Arc<Settings>, StoreError> {
        self.read_settings().map(|(settings, _)| settings)
    }

    /// Makes changes, together; the new epoch. A content of none deletes.
    pub(crate) fn change(
        &self,
        changes: &[(SettingKind, &str, Option<&[u8]>)],
        author: &str,
        now: UnixTime,
    ) -> Result<u64, StoreError> {
        for _ in 0..ATTEMPTS {
            let (settings, head) = self.read_settings()?;
            let epoch = settings.epoch.saturating_add(1);
            if self.try_change(&settings, head, epoch, changes, (author, now))? {
                return Ok(epoch);
            }
        }
        Err(StoreError::Contended { what: "the settings".to_owned() })
    }

    /// Begins an epoch above `least` without any other change.
    pub(crate) fn raise_epoch(&self, least: u64, now: UnixTime) -> Result<u64, StoreError> {
        for _ in 0..ATTEMPTS {
            let (settings, head) = self.read_settings()?;
            let epoch = settings.epoch.max(least).saturating_add(1);
            if self.try_change(&settings, head, epoch, &[], ("broker", now))? {
                return Ok(epoch);
            }
        }
        Err(StoreError::Contended { what: "the settings".to_owned() })
    }

    /// From now on a store that stands at a lower epoch is refused.
    pub(crate) fn expect_epoch(&self, least: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.highest = known.highest.max(least);
    }

    /// Whether the changes were made, or somebody else was quicker. What they replace goes with them: a store that keeps
    /// every state of the past grows with the square of its changes.
    fn try_change(
        &self,
        settings: &Arc<Settings>,
        head: Option<Vec<u8>>,
        epoch: u64,
        changes: &[(SettingKind, &str, Option<&[u8]>)],
        (author, now): (&str, UnixTime),
    ) -> Result<bool, StoreError> {
        let table = Table::Settings;
        let mut changed = Settings { epoch, rows: settings.rows.clone(), head: None };
        // What is released under these settings is committed before, or not at all.
        let mut batch = Batch { exclusive: true, ..Batch::default() };
        batch.conditions.push(Condition::Stands { table, key: HEAD.to_vec(), value: head });
        batch.changes.push(Change::Delete { table, key: manifest_key(settings.epoch) });
        for (kind, name, content) in changes {
            let rows = changed.rows.entry(*kind).or_default();
            let before = rows.remove(*name);
            if let Some(before) = &before {
                batch.changes.push(Change::Delete { table, key: content_key(*kind, name, before.version) });
            }
            let Some(content) = content else { continue };
            // The epoch is in it: a version that was deleted is not written over by another of its number.
            let version = before.map_or(0, |setting| setting.version).saturating_add(1).max(epoch);
            let (author, at, content) = (author.to_owned(), now.secs(), Arc::from(*content));
            let setting = Setting { content: Arc::clone(&content), version, epoch, author, at };
            rows.insert((*name).to_owned(), setting);
            let key = content_key(*kind, name, version);
            batch.changes.push(Change::Put { table, key, value: content.to_vec() });
        }
        let manifest = serde_json::to_vec(&changed.manifest()).map_err(row_error(table))?;
        let head = Head { epoch, manifest: Digest::of(&manifest) }.seal(&self.integrity_key()?);
        batch.changes.push(Change::Put { table, key: manifest_key(epoch), value: manifest });
        batch.changes.push(Change::Put { table, key: HEAD.to_vec(), value: head.clone() });
        let done = self.backend.commit(batch)? == Commit::Done;
        if done {
            changed.head = Some(head.clone());
            self.know(head, &Arc::new(changed));
        }
        Ok(done)
    }

    fn integrity_key(&self) -> Result<hmac::Key, StoreError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).key.clone();
        if let Some(key) = known {
            return Ok(key);
        }
        let make = || {
            let mut key = Zeroizing::new(vec![0; 32]);
            rand_core::Rng::fill_bytes(&mut rng(), &mut key);
            Ok(key)
        };
        // The instant is of no meaning for this key: it is never rotated by age.
        let keys = self.own_keys(KeyPurpose::Integrity, UnixTime::from_secs(0), make)?;
        let newest = keys.last().ok_or_else(|| tampered("the integrity key"))?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &newest.material);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).key = Some(key.clone());
        Ok(key)
    }
}

impl Settings {
    fn manifest(&self) -> Manifest {
        let entry = |setting: &Setting| Entry {
            version: setting.version,
            epoch: setting.epoch,
            content: Digest::of(&setting.content),
            author: setting.author.clone(),
            at: setting.at,
        };
        let entries = |rows: &BTreeMap<String, Setting>| {
            rows.iter().map(|(name, setting)| (name.clone(), entry(setting))).collect()
        };
        Manifest { rows: self.rows.iter().map(|(kind, rows)| (*kind, entries(rows))).collect() }
    }
}

impl Head {
    fn seal(&self, key: &hmac::Key) -> Vec<u8> {
        let said = self.said();
        let tag = hmac::sign(key, &said);
        [said.as_slice(), tag.as_ref()].concat()
    }

    fn open(row: &[u8], key: &hmac::Key) -> Result<Self, StoreError> {
        let refused = || tampered("the head of the settings");
        let (said, tag) = row.split_at_checked(SAID).ok_or_else(refused)?;
        hmac::verify(key, said, tag).map_err(|_| refused())?;
        let parts = || {
            let (epoch, manifest) = said.strip_prefix(HEAD_MARK)?.split_first_chunk::<8>()?;
            let manifest = Digest::from_bytes(manifest.try_into().ok()?);
            Some(Self { epoch: u64::from_be_bytes(*epoch), manifest })
        };
        parts().ok_or_else(refused)
    }

    fn said(&self) -> Vec<u8> {
        [HEAD_MARK, &self.epoch.to_be_bytes(), self.manifest.as_bytes()].concat()
    }
}

impl SettingKind {
    /// Its name in the store and in commands.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ResourcePolicy => "resource-policy",
            Self::AttestationPolicy => "attestation-policy",
            Self::ReferenceValue => "reference-value",
            Self::Inputs => "inputs",
            Self::Hold => "hold",
            Self::Revocation => "revocation",
        }
    }
}

fn tampered(what: &str) -> StoreError {
    StoreError::Tampered { what: what.to_owned() }
}

fn manifest_key(epoch: u64) -> Vec<u8> {
    [b"manifest\0".as_slice(), &epoch.to_be_bytes()].concat()
}

fn content_key(kind: SettingKind, name: &str, version: u64) -> Vec<u8> {
    [CONTENT, kind.name().as_bytes(), b"\0", name.as_bytes(), b"\0", &version.to_be_bytes()].concat()
}

pub(super) const HEAD: &[u8] = b"head";
/// Before every content's key, and after all of them.
const CONTENT: &[u8] = b"content\0";
const CONTENT_END: &[u8] = b"content\x01";
/// What is older than something that this broker has seen.
pub(super) const OLDER: &str = "the settings (of a newer epoch by `epoch_file` or this process)";
/// The purpose of the MAC, so that no other use of the key makes a head.
const HEAD_MARK: &[u8] = b"vouchsafe settings v1\0";
/// Mark, epoch, digest.
const SAID: usize = HEAD_MARK.len() + 8 + 32;

#[cfg(test)]
mod tests;
