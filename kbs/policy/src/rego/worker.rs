//! A thread for each piece of the engine's work, and a caller who waits no longer than the work may take.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Runs work, a few pieces at a time.
#[derive(Clone, Debug)]
pub(super) struct Worker {
    slots: Arc<Slots>,
}

/// What became of the work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended<T> {
    Done(T),
    Late,
    Failed { reason: &'static str },
}

#[derive(Debug)]
struct Slots {
    free: Mutex<usize>,
    freed: Condvar,
}

/// One piece of work that may run; held by its thread to the very end, also where nobody waits for it any more.
struct Slot(Arc<Slots>);

impl Worker {
    /// Does `work` on a thread with a stack for the deepest policy, and waits for it. The engine looks at a timer of its
    /// own between its steps; this wait is for a single step that takes longer than everything may.
    pub(super) fn run<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Ended<T> {
        let Some(slot) = self.slots.take(limit) else { return Ended::Late };
        let (tell, told) = sync_channel(1);
        let thread = std::thread::Builder::new().name("policy".to_owned()).stack_size(STACK);
        let spawned = thread.spawn(move || {
            let _slot = slot;
            // Nobody listens any more where the work was late.
            drop(tell.send(work()));
        });
        if spawned.is_err() {
            return Ended::Failed { reason: "there is no thread for it" };
        }
        match told.recv_timeout(limit.saturating_add(GRACE)) {
            Ok(result) => Ended::Done(result),
            Err(RecvTimeoutError::Disconnected) => Ended::Failed { reason: "the engine panicked" },
            Err(RecvTimeoutError::Timeout) => Ended::Late,
        }
    }
}

impl Default for Worker {
    fn default() -> Self {
        Self { slots: Arc::new(Slots { free: Mutex::new(SLOTS), freed: Condvar::new() }) }
    }
}

impl Slots {
    fn take(self: &Arc<Self>, wait: Duration) -> Option<Slot> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.freed.wait_timeout_while(free, wait, |free| *free == 0);
        let (mut free, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        Some(Slot(self.clone()))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut free = self.0.free.lock().unwrap_or_else(PoisonError::into_inner);
        *free = free.saturating_add(1);
        self.0.freed.notify_one();
    }
}

/// A duration for people.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Pieces of work at the same time, those included that nobody waits for any more.
const SLOTS: usize = 8;
/// Address space, of which only what is used becomes memory. The deepest policy that is taken uses a tenth of it.
const STACK: usize = 64 << 20;
/// After the limit of the engine's own timer, which looks between steps.
const GRACE: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests;
