//! A kind of work with so many slots, and a queue of bounded length before them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Patience;

/// Slots, and a queue before them. Who waits is served in the order of arrival.
#[derive(Debug)]
pub(crate) struct Lane {
    slots: Arc<Semaphore>,
    places: Semaphore,
}

/// There is no room for a request now; the same request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Busy {
    /// So many wait that waiting was not begun.
    #[error("too many requests are waiting; try again")]
    QueueFull,
    /// It waited and its turn did not come.
    #[error("the turn of this request did not come in {} s; try again", .0.as_secs())]
    Waited(Duration),
    /// One session has so many requests in progress.
    #[error("this session has too many requests in progress; try again")]
    Session,
    /// So much of other bodies is in memory.
    #[error("too many bodies are in memory; try again")]
    Memory,
}

impl Lane {
    /// A lane of `slots`, for which `places` requests may wait.
    pub(crate) fn new(slots: usize, places: usize) -> Self {
        Self { slots: Arc::new(Semaphore::new(slots)), places: Semaphore::new(places) }
    }

    /// A slot, at once or after a wait; given back when dropped.
    pub(crate) async fn enter(&self, patience: &mut Patience) -> Result<OwnedSemaphorePermit, Busy> {
        if let Some(slot) = self.try_enter() {
            return Ok(slot);
        }
        let _place = self.places.try_acquire().map_err(|_| Busy::QueueFull)?;
        let slot = patience.wait(Arc::clone(&self.slots).acquire_owned()).await?;
        // Nobody closes the semaphore; if somebody did, there would be no slot to wait for.
        slot.map_err(|_| Busy::QueueFull)
    }

    /// A slot, if there is one at once.
    pub(crate) fn try_enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.slots).try_acquire_owned().ok()
    }

    /// Slots that are free now.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.slots.available_permits()
    }

    /// Places in the queue that are free now.
    #[cfg(test)]
    pub(crate) fn places(&self) -> usize {
        self.places.available_permits()
    }
}

#[cfg(test)]
mod tests;
