//! The addresses that asked lately: a number of them that is bounded, and the idle ones forgotten.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::Quota;
use governor::nanos::Nanos;
use governor::state::StateStore;

use super::Prefix;

/// For each address the instant at which everything that it was given is made good again.
#[derive(Debug)]
pub(super) struct Addresses {
    kept: Mutex<Kept>,
    /// What one request takes.
    each: Nanos,
    /// What the requests of a burst take beyond the first one.
    tolerance: Nanos,
}

#[derive(Debug)]
struct Kept {
    due: HashMap<Prefix, Nanos>,
    swept: Nanos,
}

/// The addresses as the limiter holds them.
#[derive(Debug)]
pub(super) struct Shared(pub(super) Arc<Addresses>);

impl Addresses {
    /// No addresses yet, under a quota.
    pub(super) fn new(quota: Quota) -> Self {
        let each = quota.replenish_interval();
        Self {
            kept: Mutex::new(Kept { due: HashMap::new(), swept: Nanos::new(0) }),
            each: each.into(),
            tolerance: each.saturating_mul(quota.burst_size().get().saturating_sub(1)).into(),
        }
    }

    /// Whether a request from this address would be one too many.
    pub(super) fn is_spent(&self, address: &Prefix, now: Nanos) -> bool {
        self.lock().due.get(address).is_some_and(|due| now < due.saturating_sub(self.tolerance))
    }

    /// Addresses that are kept.
    pub(super) fn count(&self) -> usize {
        self.lock().due.len()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore for Shared {
    type Key = Prefix;

    fn measure_and_replace<T, F, E>(&self, address: &Prefix, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut kept = self.0.lock();
        if let Some(due) = kept.due.get_mut(address) {
            let (taken, next) = measure(Some(*due))?;
            *due = next;
            return Ok(taken);
        }
        let (taken, next) = measure(None)?;
        // What a first request leaves due lies one request after now.
        kept.forget_idle(next.saturating_sub(self.0.each));
        // One address more than there is room for is held to the limit over all, which holds it too: whoever has so
        // many addresses gains nothing by one that is not counted.
        if kept.due.len() < ADDRESSES {
            kept.due.insert(*address, next);
        }
        Ok(taken)
    }
}

impl Kept {
    /// Forgets whoever is as good as new. It looks at all of them, and so seldom that nobody can make it work.
    fn forget_idle(&mut self, now: Nanos) {
        let pause = if self.due.len() < ADDRESSES { SWEEP } else { SWEEP_FULL };
        if now.saturating_sub(self.swept) < pause.into() {
            return;
        }
        self.swept = now;
        self.due.retain(|_, due| *due > now);
        self.due.shrink_to(FIRST_ROOM);
    }
}

/// At some 40 bytes each, less than four megabytes.
pub(super) const ADDRESSES: usize = 1 << 16;
/// Between two looks for idle addresses while there is room.
const SWEEP: Duration = Duration::from_secs(60);
/// The same while there is none.
const SWEEP_FULL: Duration = Duration::from_secs(1);
/// Room that is not given back.
const FIRST_ROOM: usize = 1024;
