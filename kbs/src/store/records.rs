//! Decision records: each input once under its SHA-256, each record in the order of time.

use std::collections::BTreeSet;

use decision_log::{Digest, InputSet, Record};
use serde::{Deserialize, Serialize};

use super::backend::{Batch, Change, Commit, Condition, Table};
use super::secret::Found;
use super::{DEFAULT_TENANT, Settings, Store, StoreError, row_error, size_of};
use crate::system::rng;

/// The operator's inputs of decisions, ready to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inputs {
    set: Vec<u8>,
    digest: Digest,
    blobs: Vec<Vec<u8>>,
}

/// What a record takes, as the row of its instant tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Taken {
    /// Whose it is.
    pub tenant: String,
    /// What it counts: bytes of the record, of everything that it names and of the answer, as if nobody shared any.
    pub bytes: u64,
    /// Whether they count against the room of what was not affirmed.
    pub denied: bool,
    /// What it names of its own; goes with it where no other record names it.
    pub blobs: BTreeSet<Digest>,
    /// What it rests on: the operator's inputs, or the record of an attestation. That stays as long as a record rests on it.
    pub rests_on: Option<Digest>,
    /// What was asked for, where it is about a resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// When its content was deleted: then its hashes alone are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<i64>,
    /// Who deleted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<String>,
}

impl Inputs {
    /// A set and the content of everything that it names.
    pub(crate) fn new(set: &InputSet, blobs: Vec<Vec<u8>>) -> Self {
        let set = set.encode();
        Self { digest: Digest::of(&set), set, blobs }
    }

    /// The digest under which the set is kept.
    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }
}

impl Store {
    /// Records a release and keeps `blobs`, where the settings stand and the secret that leaves was not deleted; otherwise
    /// nothing is written and there is no id. When this returns, the record is durable.
    pub(crate) fn record_release(
        &self,
        record: &Record,
        blobs: &[&[u8]],
        settings: &Settings,
        leaves: Option<&Found>,
    ) -> Result<Option<Digest>, StoreError> {
        let (changes, id, _) = record_changes(record, blobs, Kind::Release)?;
        let conditions =
            std::iter::once(settings.unchanged()).chain(leaves.map(Found::still_there)).collect();
        let batch = Batch { conditions, changes, exclusive: false };
        Ok((self.backend.commit(batch)? == Commit::Done).then_some(id))
    }

    /// Records a denial and keeps `blobs`, where records of what was not affirmed have room left; its id, or nothing
    /// where there is no room and nothing was written.
    pub(crate) fn record_denial(
        &self,
        record: &Record,
        blobs: &[&[u8]],
    ) -> Result<Option<Digest>, StoreError> {
        let (mut changes, id, size) = record_changes(record, blobs, Kind::Denial)?;
        // A look before the transaction: whoever comes when the room is used up causes no write at all.
        let Some(room) = self.room_for(size)? else { return Ok(None) };
        changes.push(count_denied(size));
        let batch = Batch { conditions: vec![room], changes, exclusive: false };
        Ok((self.backend.commit(batch)? == Commit::Done).then_some(id))
    }

    /// A record by its id.
    pub(crate) fn record(&self, id: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.backend.get(Table::Records, id.as_bytes())
    }

    /// A blob by its content's digest.
    pub(crate) fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.backend.get(Table::Blobs, digest.as_bytes())
    }

    /// What must hold so that another `size` bytes may be written about what was not affirmed; none where it does not
    /// hold now.
    pub(super) fn room_for(&self, size: u64) -> Result<Option<Condition>, StoreError> {
        let Some(most) = self.denied_limit.checked_sub(size) else { return Ok(None) };
        let row = self.backend.get(Table::Counters, DENIED.as_bytes())?;
        let taken = row.map_or(Ok(0), |row| super::number(&row, Table::Counters))?;
        let room = taken <= most && self.reserve.holds();
        Ok(room.then_some(Condition::AtMost { counter: DENIED, most }))
    }
}

/// What of a record its row must tell besides.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind<'a> {
    /// An attestation: under which inputs, how many bytes its answer has, and whether it affirms nothing.
    Attestation { inputs: &'a Inputs, answer: u64, denied: bool },
    /// A release.
    Release,
    /// A denial.
    Denial,
}

/// The changes that keep a record and its blobs; its id, and the most bytes that they add.
pub(super) fn record_changes(
    record: &Record,
    blobs: &[&[u8]],
    kind: Kind<'_>,
) -> Result<(Vec<Change>, Digest, u64), StoreError> {
    let (rests_on, answer, denied) = match kind {
        Kind::Attestation { inputs, answer, denied } => (Some(inputs.digest), answer, denied),
        Kind::Release => (record.rests_on(), 0, false),
        Kind::Denial => (record.rests_on(), 0, true),
    };
    let encoded = record.encode();
    let id = Digest::of(&encoded);
    let bytes = blobs.iter().map(|blob| size_of(blob)).fold(size_of(&encoded), u64::saturating_add);
    let bytes = bytes.saturating_add(answer);
    let mut changes = Vec::new();
    let mut named = BTreeSet::new();
    for blob in blobs {
        keep_blob(&mut changes, blob, &id, &mut named);
    }
    if let Some(base) = &rests_on {
        changes.push(Change::Put { table: Table::BlobUses, key: use_key(base, &id), value: Vec::new() });
    }
    let taken = Taken {
        tenant: DEFAULT_TENANT.to_owned(),
        bytes,
        denied,
        blobs: named,
        rests_on,
        resource: record.resource().map(str::to_owned),
        deleted: None,
        deleted_by: None,
    };
    let value = serde_json::to_vec(&taken).map_err(row_error(Table::RecordTimes))?;
    changes.push(Change::Keep { table: Table::Records, key: id.as_bytes().to_vec(), value: encoded });
    changes.push(Change::Put { table: Table::RecordTimes, key: time_key(record.at, &id), value });
    changes.push(Change::Add { counter: RECORD_BYTES, amount: amount_of(bytes) });
    Ok((changes, id, bytes))
}

/// The changes that keep the operator's inputs: the set after all that it names.
pub(super) fn input_changes(inputs: &Inputs) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut named = BTreeSet::new();
    for blob in &inputs.blobs {
        keep_blob(&mut changes, blob, &inputs.digest, &mut named);
    }
    let key = inputs.digest.as_bytes().to_vec();
    changes.push(Change::Keep { table: Table::Blobs, key, value: inputs.set.clone() });
    changes
}

pub(super) fn count_denied(bytes: u64) -> Change {
    Change::Add { counter: DENIED, amount: amount_of(bytes) }
}

pub(super) fn amount_of(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn keep_blob(changes: &mut Vec<Change>, blob: &[u8], user: &Digest, named: &mut BTreeSet<Digest>) {
    let digest = Digest::of(blob);
    if named.insert(digest) {
        let (table, key) = (Table::Blobs, digest.as_bytes().to_vec());
        changes.push(Change::Keep { table, key, value: blob.to_vec() });
        let key = use_key(&digest, user);
        changes.push(Change::Put { table: Table::BlobUses, key, value: Vec::new() });
    }
}

pub(super) fn use_key(blob: &Digest, user: &Digest) -> Vec<u8> {
    [blob.as_bytes().as_slice(), user.as_bytes()].concat()
}

/// The instant first, so that rows stand in the order of time; random bytes last, so that of two equal decisions of one
/// second each has its row.
fn time_key(at: i64, id: &Digest) -> Vec<u8> {
    let mut own = [0; OWN_BYTES];
    rand_core::Rng::fill_bytes(&mut rng(), &mut own);
    // Instants before 1970 do not occur; they would stand after all others.
    [at.to_be_bytes().as_slice(), id.as_bytes(), &own].concat()
}

/// Random bytes at the end of a row's key.
pub(super) const OWN_BYTES: usize = 8;
/// Bytes that records of what was not affirmed take.
pub(super) const DENIED: &str = "denied-bytes";
/// Bytes that all records of the one tenant take.
pub(super) const RECORD_BYTES: &str = "record-bytes/default";
