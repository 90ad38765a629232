//! The one transaction that ends an attestation: nonce spent, decision recorded, session made.

use decision_log::{Digest, InputSet, Record};
use redb::{ReadableDatabase, ReadableTable, WriteTransaction};
use serde::{Deserialize, Serialize};
use verifier::time::UnixTime;

use super::tables::{BLOBS, EXPIRIES, META, SESSIONS, append_record, count_denied, denied_bytes, keep_blobs};
use super::{Store, StoreError, database};
use crate::session::Nonce;

/// What a nonce became.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Session {
    /// The body that was decided on.
    pub body: Digest,
    /// The decision.
    pub decision: Digest,
    /// What was answered, and is answered again to the same body.
    pub answer: Answer,
    expires: i64,
}

/// An answer to an attestation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// The evidence is believed: a token.
    Token(String),
    /// It is not: the detail of the refusal.
    Refused(String),
}

/// The operator's inputs of decisions, ready to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inputs {
    set: Vec<u8>,
    digest: Digest,
    blobs: Vec<Vec<u8>>,
}

/// An attestation that was decided.
#[derive(Debug)]
pub(crate) struct Conclusion<'a> {
    /// The nonce to be spent.
    pub nonce: Nonce,
    /// The body that was decided on.
    pub body: Digest,
    /// What will be answered, made of the decision's id.
    pub answer: Answer,
    /// Whether the evidence was affirmed: what was not has room up to a limit alone.
    pub affirming: bool,
    /// The end of the session.
    pub expires: UnixTime,
    /// The decision.
    pub record: &'a Record,
    /// The guest's inputs and the verdict.
    pub blobs: &'a [&'a [u8]],
    /// The operator's inputs.
    pub inputs: &'a Inputs,
}

/// What became of a conclusion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Concluded {
    /// It is durable.
    Recorded(Session),
    /// The nonce was spent before.
    SpentBefore(Session),
    /// It affirms nothing and the room for such is used up: nothing was written, and nothing may be given for it.
    NoRoom,
}

impl Session {
    /// The first instant at which the session is over.
    pub(crate) fn expires(&self) -> UnixTime {
        UnixTime::from_secs(self.expires)
    }

    pub(super) fn decode(row: &[u8]) -> Result<Self, StoreError> {
        serde_json::from_slice(row).map_err(|_| StoreError::Row { table: "sessions" })
    }

    fn encode(&self) -> Result<Vec<u8>, StoreError> {
        serde_json::to_vec(self).map_err(|_| StoreError::Row { table: "sessions" })
    }
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
    /// Spends the nonce, records the decision and makes the session, in one durable transaction.
    pub(crate) fn conclude(
        &self,
        conclusion: Conclusion<'_>,
        now: UnixTime,
    ) -> Result<Concluded, StoreError> {
        // A look before the transaction: whoever comes when the room is used up causes no write at all.
        if !conclusion.affirming && !self.has_room(self.denied_so_far()?, conclusion.size()) {
            return Ok(Concluded::NoRoom);
        }
        self.write(|write| {
            if let Some(session) = spent(write, &conclusion.nonce)? {
                return Ok(Concluded::SpentBefore(session));
            }
            let before = denied_bytes(&write.open_table(META).map_err(database)?)?;
            if !conclusion.affirming && !self.has_room(before, conclusion.size()) {
                return Ok(Concluded::NoRoom);
            }
            keep_inputs(write, conclusion.inputs)?;
            let added = keep_blobs(write, conclusion.blobs)?;
            let (decision, size) = append_record(write, conclusion.record)?;
            if !conclusion.affirming {
                let added = added.saturating_add(size).saturating_add(conclusion.answer.size());
                count_denied(write, before.saturating_add(added))?;
            }
            let session = Session {
                body: conclusion.body,
                decision,
                answer: conclusion.answer,
                expires: conclusion.expires.secs(),
            };
            keep_session(write, &conclusion.nonce, &session)?;
            forget_expired(write, now)?;
            Ok(Concluded::Recorded(session))
        })
    }

    pub(super) fn denied_so_far(&self) -> Result<u64, StoreError> {
        let read = self.database.begin_read().map_err(database)?;
        denied_bytes(&read.open_table(META).map_err(database)?)
    }

    /// Whether another `size` bytes may be written about what was not affirmed, where such take `before` so far.
    pub(super) fn has_room(&self, before: u64, size: u64) -> bool {
        before.saturating_add(size) <= self.denied_limit && self.reserve.holds()
    }
}

impl Answer {
    fn size(&self) -> u64 {
        let (Self::Token(text) | Self::Refused(text)) = self;
        bytes_of(text.len())
    }
}

impl Conclusion<'_> {
    /// The most bytes that it adds to the store, the operator's inputs not counted.
    fn size(&self) -> u64 {
        let blobs = self.blobs.iter().map(|blob| bytes_of(blob.len()));
        let own = self.answer.size().saturating_add(bytes_of(self.record.encode().len()));
        blobs.fold(own, u64::saturating_add)
    }
}

fn bytes_of(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn spent(write: &WriteTransaction, nonce: &Nonce) -> Result<Option<Session>, StoreError> {
    let sessions = write.open_table(SESSIONS).map_err(database)?;
    let row = sessions.get(nonce.as_bytes())?;
    row.map(|row| Session::decode(row.value())).transpose()
}

/// A set is written after all that it names, in one transaction: where the set is, they are.
fn keep_inputs(write: &WriteTransaction, inputs: &Inputs) -> Result<(), StoreError> {
    let known = write.open_table(BLOBS).map_err(database)?.get(inputs.digest.as_bytes())?.is_some();
    if known {
        return Ok(());
    }
    let blobs: Vec<&[u8]> = inputs.blobs.iter().chain([&inputs.set]).map(Vec::as_slice).collect();
    keep_blobs(write, &blobs).map(|_| ())
}

fn keep_session(write: &WriteTransaction, nonce: &Nonce, session: &Session) -> Result<(), StoreError> {
    let mut sessions = write.open_table(SESSIONS).map_err(database)?;
    sessions.insert(nonce.as_bytes(), session.encode()?.as_slice())?;
    let mut expiries = write.open_table(EXPIRIES).map_err(database)?;
    expiries.insert((session.expires, nonce.as_bytes()), ())?;
    Ok(())
}

/// Each new session takes a few that are past their time with it, so that the table stays as small as its load.
fn forget_expired(write: &WriteTransaction, now: UnixTime) -> Result<(), StoreError> {
    let mut expiries = write.open_table(EXPIRIES).map_err(database)?;
    let mut sessions = write.open_table(SESSIONS).map_err(database)?;
    for _ in 0..FORGOTTEN_AT_ONCE {
        let first = expiries.first()?.map(|(key, _)| key_of(key.value()));
        let Some((expires, nonce)) = first.filter(|(expires, _)| *expires <= now.secs()) else {
            return Ok(());
        };
        expiries.remove((expires, &nonce))?;
        sessions.remove(&nonce)?;
    }
    Ok(())
}

fn key_of((expires, nonce): (i64, &[u8; 32])) -> (i64, [u8; 32]) {
    (expires, *nonce)
}

/// More than one, so that a backlog shrinks.
const FORGOTTEN_AT_ONCE: usize = 8;
