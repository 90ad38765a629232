//! What must be in the store, and what is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use decision_log::Digest;

use super::super::backend::{Row, Table};
use super::super::records::Taken;
use super::super::secret::version_key;
use super::super::{Answer, KeyPurpose, Session, SettingKind, Store, StoreError};

/// Everything that a store keeps, in the clear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct World {
    pub(super) secrets: BTreeMap<String, Kept>,
    pub(super) sessions: BTreeMap<Vec<u8>, Spent>,
    /// How often each record stands in the order of time.
    pub(super) records: BTreeMap<Digest, usize>,
    pub(super) denied: u64,
    /// Bytes of all records.
    pub(super) taken: u64,
    pub(super) settings: BTreeMap<(SettingKind, String), Vec<u8>>,
    pub(super) epoch: u64,
    pub(super) keys: BTreeMap<&'static str, Vec<(u32, Vec<u8>)>>,
}

/// The versions of one secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    /// The highest number that was ever given.
    pub(super) newest: u32,
    pub(super) versions: Vec<(u32, Vec<u8>)>,
}

/// A session, and when it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spent {
    pub(super) body: Digest,
    pub(super) decision: Digest,
    pub(super) answer: Answer,
    pub(super) expires: i64,
}

impl World {
    /// What several threads wrote that do not touch each other's.
    pub(super) fn of_all<'a>(lanes: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut all = Self::default();
        for lane in lanes.into_iter().cloned() {
            all.secrets.extend(lane.secrets);
            all.sessions.extend(lane.sessions);
            all.records.extend(lane.records);
            all.denied += lane.denied;
            all.taken += lane.taken;
            all.settings.extend(lane.settings);
            all.epoch += lane.epoch;
            all.keys.extend(lane.keys);
        }
        all
    }

    /// As a store shows it: of a secret without versions it shows nothing.
    pub(super) fn shown(mut self) -> Self {
        self.secrets.retain(|_, kept| !kept.versions.is_empty());
        for kept in self.secrets.values_mut() {
            kept.newest = kept.versions.last().map_or(0, |(version, _)| *version);
        }
        self
    }

    /// Reads everything, and holds every row to the rows that must stand beside it.
    pub(super) fn read(store: &Store) -> Result<Self, String> {
        let mut world = Self {
            secrets: secrets(store)?,
            sessions: sessions(store)?,
            records: records(store)?,
            ..Self::default()
        };
        for row in rows(store, Table::Counters)? {
            let value: [u8; 8] = row.value.as_slice().try_into().map_err(text)?;
            match row.key.as_slice() {
                b"denied-bytes" => world.denied = u64::from_be_bytes(value),
                b"record-bytes/default" => world.taken = u64::from_be_bytes(value),
                other => return Err(format!("a counter of the name {other:?}")),
            }
        }
        let settings = store.settings().map_err(text)?;
        world.epoch = settings.epoch();
        for kind in SETTINGS {
            for (name, setting) in settings.of(kind) {
                world.settings.insert((kind, name.to_owned()), setting.content.to_vec());
            }
        }
        for purpose in PURPOSES {
            let keys = store.kept_keys(purpose).map_err(text)?;
            let keys: Vec<_> = keys.iter().map(|key| (key.version, key.material.to_vec())).collect();
            if !keys.is_empty() {
                world.keys.insert(purpose.name(), keys);
            }
        }
        Ok(world)
    }

    /// The parts that differ, for whoever reads a failure.
    pub(super) fn difference(&self, found: &Self) -> String {
        let mut parts = Vec::new();
        let mut part = |name: &str, one: &dyn Debug, other: &dyn Debug| {
            let (one, other) = (format!("{one:?}"), format!("{other:?}"));
            if one != other {
                let cut = |text: &str| text.chars().take(600).collect::<String>();
                parts.push(format!("{name}:\n  acknowledged {}\n  found        {}", cut(&one), cut(&other)));
            }
        };
        for path in self.secrets.keys().chain(found.secrets.keys()).collect::<BTreeSet<_>>() {
            part(path, &self.secrets.get(path), &found.secrets.get(path));
        }
        for nonce in self.sessions.keys().chain(found.sessions.keys()).collect::<BTreeSet<_>>() {
            part("session", &self.sessions.get(nonce), &found.sessions.get(nonce));
        }
        for id in self.records.keys().chain(found.records.keys()).collect::<BTreeSet<_>>() {
            part(&format!("record {id}"), &self.records.get(id), &found.records.get(id));
        }
        part("denied", &self.denied, &found.denied);
        part("taken", &self.taken, &found.taken);
        part("settings", &(self.epoch, &self.settings), &(found.epoch, &found.settings));
        part("keys", &self.keys, &found.keys);
        parts.join("\n")
    }
}

/// Every version of every secret, opened: exactly those that the lists name.
fn secrets(store: &Store) -> Result<BTreeMap<String, Kept>, String> {
    let mut found = BTreeMap::new();
    let mut count = 0;
    for listed in store.list("", "", ALL).map_err(text)? {
        let mut kept = Kept::default();
        for info in &listed.versions {
            let key = version_key(&listed.path, info.version);
            let row = store.backend.get(Table::SecretVersions, &key).map_err(text)?;
            let row = row.ok_or_else(|| format!("no row of {} {}", listed.path, info.version))?;
            let secret = store.open_secret(&listed.path, info, &row).map_err(text)?;
            kept.versions.push((info.version, secret.expose().to_vec()));
            kept.newest = info.version;
            count += 1;
        }
        found.insert(listed.path, kept);
    }
    same(rows(store, Table::SecretVersions)?.len(), count, "versions of secrets")?;
    Ok(found)
}

/// Every session: each with its row among the ends, and its decision.
fn sessions(store: &Store) -> Result<BTreeMap<Vec<u8>, Spent>, String> {
    let mut found = BTreeMap::new();
    let mut ends = BTreeSet::new();
    for row in rows(store, Table::Sessions)? {
        let session: Session = serde_json::from_slice(&row.value).map_err(text)?;
        let expires = session.expires().secs();
        ends.insert([expires.to_be_bytes().as_slice(), &row.key].concat());
        if store.record(&session.decision).map_err(text)?.is_none() {
            return Err(format!("a session without its record {}", session.decision));
        }
        let Session { body, decision, answer, .. } = session;
        found.insert(row.key, Spent { body, decision, answer, expires });
    }
    let rows = rows(store, Table::Expiries)?.into_iter().map(|row| row.key).collect::<BTreeSet<_>>();
    same(rows, ends, "ends of sessions")?;
    Ok(found)
}

/// Every record: each in the order of time, with all that it names, and nothing that nobody names.
fn records(store: &Store) -> Result<BTreeMap<Digest, usize>, String> {
    let mut found = BTreeMap::new();
    let blobs = digests(&rows(store, Table::Blobs)?)?;
    let records = digests(&rows(store, Table::Records)?)?;
    let uses: BTreeSet<_> = rows(store, Table::BlobUses)?.into_iter().map(|row| row.key).collect();
    let mut elsewhere = BTreeSet::new();
    for row in rows(store, Table::RecordTimes)? {
        let taken: Taken = serde_json::from_slice(&row.value).map_err(text)?;
        let id: [u8; 32] = row.key.get(8..40).and_then(|id| id.try_into().ok()).ok_or("a short key")?;
        let id = Digest::from_bytes(id);
        *found.entry(id).or_default() += 1;
        if let Some(base) = taken.rests_on {
            if !uses.contains(&[base.as_bytes().as_slice(), id.as_bytes()].concat()) {
                return Err(format!("the record {id} rests on {base} without a use of it"));
            }
            // The attestation that releases and denials of this work say they rest on was never made.
            if taken.resource.is_some() {
                elsewhere.insert(base);
            }
        }
        for blob in taken.blobs {
            let named = [blob.as_bytes().as_slice(), id.as_bytes()].concat();
            if !blobs.contains(&blob) || !uses.contains(&named) {
                return Err(format!("the record {id} has not what it names, {blob}"));
            }
        }
    }
    same(found.keys().copied().collect::<BTreeSet<_>>(), records.clone(), "records in the order of time")?;
    let mut used = BTreeSet::new();
    for key in uses {
        let (blob, user) = key.split_at_checked(32).ok_or("a short key of a use")?;
        let [blob, user] = [blob, user].map(|bytes| Digest::from_bytes(bytes.try_into().unwrap()));
        // The operator's inputs use what they name, and are blobs themselves.
        let there = blobs.contains(&blob) || elsewhere.contains(&blob);
        if !there || !(records.contains(&user) || blobs.contains(&user)) {
            return Err(format!("{user} is said to use {blob}, and one of them is not there"));
        }
        used.extend([blob, user]);
    }
    match blobs.iter().find(|blob| !used.contains(blob)) {
        Some(blob) => Err(format!("nobody uses {blob}")),
        None => Ok(found),
    }
}

/// The digests under which rows stand, each held to its content.
fn digests(rows: &[Row]) -> Result<BTreeSet<Digest>, String> {
    let mut found = BTreeSet::new();
    for row in rows {
        let digest = Digest::of(&row.value);
        same(row.key.as_slice(), digest.as_bytes().as_slice(), "a row under its digest")?;
        found.insert(digest);
    }
    Ok(found)
}

fn rows(store: &Store, table: Table) -> Result<Vec<Row>, String> {
    store.backend.scan(table, b"", None, ALL).map_err(|error: StoreError| error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "callers compare what they have just made")]
fn same<T: PartialEq + Debug>(found: T, expected: T, what: &str) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}: {expected:?} should be {found:?}"))
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
fn text(error: impl ToString) -> String {
    error.to_string()
}

/// More than any test writes.
const ALL: usize = 1 << 20;
pub(super) const SETTINGS: [SettingKind; 3] =
    [SettingKind::ResourcePolicy, SettingKind::ReferenceValue, SettingKind::Inputs];
pub(super) const PURPOSES: [KeyPurpose; 3] =
    [KeyPurpose::Challenge, KeyPurpose::Token, KeyPurpose::Federation];
