//! Whether the clock can be believed: it does not go back, it is not before what the store has on record, and it is near
//! the store's own clock where the store has one. Sessions, tokens, certificates and collateral hold by the clock:
//! while it is wrong, nothing is attested and nothing released.
//!
//! ```text
//! each request ─▶ look(now) ─────────────────────────────▶ this request's instant, or why there is none
//! every 10 s   ─▶ compare(now, store's clock, its record) ─▶ the same; and now and then an instant to be put on record
//! ```

use std::sync::{Mutex, PoisonError};

use verifier::time::UnixTime;

/// What is known of the clock. Pure: every instant is an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Watch {
    skew: i64,
    newest: Option<UnixTime>,
    recorded: Option<UnixTime>,
    differs: Option<ClockWrong>,
}

/// The clock cannot be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ClockWrong {
    /// It went back while the broker ran.
    #[error(
        "the broker's clock is wrong: it went back from {newest} to {now}; its operator has to set it right"
    )]
    WentBack {
        /// What it says.
        now: UnixTime,
        /// The newest instant that it said before.
        newest: UnixTime,
    },
    /// It lies before what was written down.
    #[error(
        "the broker's clock is wrong: it says {now}, and its store has {recorded} on record; its operator has to set it \
         right"
    )]
    BeforeRecord {
        /// What it says.
        now: UnixTime,
        /// The newest instant on record.
        recorded: UnixTime,
    },
    /// It is not near the store's.
    #[error(
        "the broker's clock or its store's is wrong: {now} here, {store} there; their operator has to set them right"
    )]
    Differs {
        /// What it says.
        now: UnixTime,
        /// What the store's says.
        store: UnixTime,
    },
}

/// The watch that all requests share; it logs when its opinion changes.
#[derive(Debug)]
pub(crate) struct ClockGuard(Mutex<(Watch, bool)>);

impl Watch {
    /// Nothing is known yet. The clock may be `skew` seconds off the store's, and as far before what is on record: other
    /// brokers over the same store write that down too.
    pub(crate) fn new(skew: i64) -> Self {
        Self { skew, newest: None, recorded: None, differs: None }
    }

    /// Whether `now` can be believed. What cannot teaches nothing.
    pub(crate) fn look(&mut self, now: UnixTime) -> Result<(), ClockWrong> {
        if let Some(wrong) = self.differs {
            return Err(wrong);
        }
        if let Some(recorded) = self.recorded.filter(|recorded| now.plus_secs(self.skew) < *recorded) {
            return Err(ClockWrong::BeforeRecord { now, recorded });
        }
        if let Some(newest) = self.newest.filter(|newest| now.plus_secs(SLACK) < *newest) {
            return Err(ClockWrong::WentBack { now, newest });
        }
        self.newest = self.newest.max(Some(now));
        Ok(())
    }

    /// The same after a look at the store: its clock, where it has one, and the newest instant that it has on record. An
    /// instant to be put on record, where the last one is old.
    pub(crate) fn compare(
        &mut self,
        now: UnixTime,
        store: Option<UnixTime>,
        recorded: Option<UnixTime>,
    ) -> Result<Option<UnixTime>, ClockWrong> {
        self.recorded = recorded;
        let far = |store: &UnixTime| now.secs().abs_diff(store.secs()) > self.skew.unsigned_abs();
        self.differs = store.filter(far).map(|store| ClockWrong::Differs { now, store });
        self.look(now)?;
        let old = recorded.is_none_or(|recorded| recorded.plus_secs(MARK_SECONDS) <= now);
        Ok(old.then_some(now))
    }
}

impl ClockGuard {
    /// A guard that knows nothing yet.
    pub(crate) fn new(skew: i64) -> Self {
        Self(Mutex::new((Watch::new(skew), true)))
    }

    /// [`Watch::look`].
    pub(crate) fn look(&self, now: UnixTime) -> Result<(), ClockWrong> {
        self.ask(|watch| watch.look(now))
    }

    /// [`Watch::compare`].
    pub(crate) fn compare(
        &self,
        now: UnixTime,
        store: Option<UnixTime>,
        recorded: Option<UnixTime>,
    ) -> Result<Option<UnixTime>, ClockWrong> {
        self.ask(|watch| watch.compare(now, store, recorded))
    }

    fn ask<T>(&self, question: impl FnOnce(&mut Watch) -> Result<T, ClockWrong>) -> Result<T, ClockWrong> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (watch, believed) = &mut *state;
        let answer = question(watch);
        match &answer {
            Err(wrong) if *believed => {
                tracing::error!(
                    %wrong,
                    "nothing is attested and nothing released until the clock is right; if it is right now and ran ahead \
                     before, stop the broker and run `vouchsafe-kbs accept-clock`"
                );
            }
            Ok(_) if !*believed => tracing::info!("the clock is right again"),
            Ok(_) | Err(_) => {}
        }
        *believed = answer.is_ok();
        answer
    }
}

/// Seconds by which the clock may go back while the broker runs: requests read it on several threads, and a clock that is
/// set by the network steps a little.
const SLACK: i64 = 5;
/// Seconds after which a new instant is put on record: one small durable write.
const MARK_SECONDS: i64 = 30;

#[cfg(test)]
mod tests;
