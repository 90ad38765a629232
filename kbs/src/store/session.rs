//! The one transaction that ends an attestation: nonce spent, decision recorded, session made.

use decision_log::{Digest, Record};
use serde::{Deserialize, Serialize};
use verifier::time::UnixTime;

use super::backend::{Batch, Change, Commit, Condition, Table};
use super::records::{Inputs, Kind, count_denied, input_changes, record_changes};
use super::{ATTEMPTS, Store, StoreError, make_all, size_of};
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

    fn decode(row: &[u8]) -> Result<Self, StoreError> {
        serde_json::from_slice(row).map_err(|_| StoreError::Row { table: "sessions" })
    }

    fn encode(&self) -> Result<Vec<u8>, StoreError> {
        serde_json::to_vec(self).map_err(|_| StoreError::Row { table: "sessions" })
    }
}

impl Store {
    /// The session that a nonce became, if it was decided and is not past its time.
    pub(crate) fn session(&self, nonce: &Nonce, now: UnixTime) -> Result<Option<Session>, StoreError> {
        let session = self.spent(nonce)?;
        Ok(session.filter(|session| now < session.expires()))
    }

    /// Spends the nonce, records the decision and makes the session, in one durable transaction.
    pub(crate) fn conclude(&self, conclusion: &Conclusion<'_>) -> Result<Concluded, StoreError> {
        let denied = !conclusion.affirming;
        let answer = conclusion.answer.size();
        let kind = Kind::Attestation { inputs: conclusion.inputs, answer, denied };
        let (mut changes, decision, size) = record_changes(conclusion.record, conclusion.blobs, kind)?;
        let session = Session {
            body: conclusion.body,
            decision,
            answer: conclusion.answer.clone(),
            expires: conclusion.expires.secs(),
        };
        changes.extend(session_changes(&conclusion.nonce, &session)?);
        let mut conditions = vec![
            Condition::Absent { table: Table::Sessions, key: conclusion.nonce.as_bytes().to_vec() },
            Condition::Present { table: Table::Blobs, key: conclusion.inputs.digest().as_bytes().to_vec() },
        ];
        if denied {
            // A look before the transaction: whoever comes when the room is used up causes no write at all.
            let Some(room) = self.room_for(size)? else { return Ok(Concluded::NoRoom) };
            conditions.push(room);
            changes.push(count_denied(size));
        }
        self.conclude_with(conclusion, &Batch { conditions, changes, exclusive: false }, session)
    }

    fn conclude_with(
        &self,
        conclusion: &Conclusion<'_>,
        batch: &Batch,
        session: Session,
    ) -> Result<Concluded, StoreError> {
        for _ in 0..ATTEMPTS {
            match self.backend.commit(batch.clone())? {
                Commit::Done => return Ok(Concluded::Recorded(session)),
                Commit::Refused(SPENT) => {
                    // It is there: sessions are not forgotten before their time is over.
                    if let Some(session) = self.spent(&conclusion.nonce)? {
                        return Ok(Concluded::SpentBefore(session));
                    }
                }
                // The operator's inputs come before what names them.
                Commit::Refused(INPUTS) => {
                    make_all(&*self.backend, input_changes(conclusion.inputs))?;
                }
                Commit::Refused(_) => return Ok(Concluded::NoRoom),
            }
        }
        Err(StoreError::Contended { what: "the session".to_owned() })
    }

    fn spent(&self, nonce: &Nonce) -> Result<Option<Session>, StoreError> {
        let row = self.backend.get(Table::Sessions, nonce.as_bytes())?;
        row.map(|row| Session::decode(&row)).transpose()
    }

    /// Forgets sessions that ended before `before`, at most a batch of them; whether there may be more.
    pub(crate) fn forget_sessions(&self, before: UnixTime) -> Result<bool, StoreError> {
        // Before 1970 nothing ended.
        let until = before.secs().max(0).to_be_bytes();
        let rows = self.backend.scan(Table::Expiries, b"", Some(&until), FORGOTTEN_AT_ONCE)?;
        let more = rows.len() == FORGOTTEN_AT_ONCE;
        let mut changes = Vec::new();
        for row in rows {
            let nonce = row.key.get(until.len()..).unwrap_or_default().to_vec();
            changes.push(Change::Delete { table: Table::Sessions, key: nonce });
            changes.push(Change::Delete { table: Table::Expiries, key: row.key });
        }
        if !changes.is_empty() {
            make_all(&*self.backend, changes)?;
        }
        Ok(more)
    }
}

impl Answer {
    fn size(&self) -> u64 {
        let (Self::Token(text) | Self::Refused(text)) = self;
        size_of(text.as_bytes())
    }
}

fn session_changes(nonce: &Nonce, session: &Session) -> Result<[Change; 2], StoreError> {
    let nonce = nonce.as_bytes().as_slice();
    let expiry = [session.expires.to_be_bytes().as_slice(), nonce].concat();
    Ok([
        Change::Put { table: Table::Sessions, key: nonce.to_vec(), value: session.encode()? },
        Change::Put { table: Table::Expiries, key: expiry, value: Vec::new() },
    ])
}

/// The conditions of a conclusion, by their place.
const SPENT: usize = 0;
const INPUTS: usize = 1;
/// Sessions that one batch forgets.
const FORGOTTEN_AT_ONCE: usize = 256;
