//! Refusals of evidence that no anchor vouches for, denials that found no room for a record, and requests that were only
//! counted: bounded, in memory, and
//! nobody waits for them. Whoever floods the broker with them costs it no disk.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use decision_log::Digest;
use serde::Serialize;
use verifier::time::UnixTime;

/// The ring and the counters.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    ring: Mutex<VecDeque<Entry>>,
    refused: AtomicU64,
    without_session: AtomicU64,
}

/// One refusal, of fixed size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Entry {
    /// When.
    pub at: UnixTime,
    /// The rule that refused it.
    pub rule: &'static str,
    /// The SHA-256 of the body, or of the token that was shown.
    pub body: Digest,
    /// The body's size in bytes.
    pub size: usize,
    /// Where it came from.
    pub source: Option<IpAddr>,
}

/// What an operator sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    /// Refusals since the start.
    pub refused: u64,
    /// Requests for a secret without session or token since the start.
    pub without_session: u64,
    /// The newest refusals, oldest first.
    pub newest: Vec<Entry>,
}

impl Refusals {
    /// Notes a refusal.
    pub(crate) fn note(&self, entry: Entry) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() >= ENTRIES {
            ring.pop_front();
        }
        ring.push_back(entry);
    }

    /// Counts a request for a secret without session or token.
    pub(crate) fn count_without_session(&self) {
        self.without_session.fetch_add(1, Ordering::Relaxed);
    }

    /// What there is to see.
    pub(crate) fn summary(&self) -> Summary {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        Summary {
            refused: self.refused.load(Ordering::Relaxed),
            without_session: self.without_session.load(Ordering::Relaxed),
            newest: ring.iter().copied().collect(),
        }
    }
}

/// About 100 bytes each.
const ENTRIES: usize = 1024;

#[cfg(test)]
mod tests;
