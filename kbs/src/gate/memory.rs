//! How many bytes of bodies lie in memory at once. Room is taken as bytes come, so that whoever announces much and sends
//! nothing holds nothing.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Busy, Patience};

/// The room for bodies.
#[derive(Debug)]
pub(crate) struct BodyMemory {
    pages: Arc<Semaphore>,
}

/// Room that one body takes, given back when dropped.
#[derive(Debug, Default)]
pub(crate) struct Held(Option<OwnedSemaphorePermit>);

impl BodyMemory {
    /// Room for so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { pages: Arc::new(Semaphore::new(bytes / PAGE)) }
    }

    /// Makes `held` cover `bytes`, if need be after a wait.
    pub(crate) async fn cover(
        &self,
        held: &mut Held,
        bytes: usize,
        patience: &mut Patience,
    ) -> Result<(), Busy> {
        let wanted = bytes.div_ceil(PAGE).saturating_sub(held.pages());
        let wanted = u32::try_from(wanted).map_err(|_| Busy::Memory)?;
        if wanted == 0 {
            return Ok(());
        }
        let pages = Arc::clone(&self.pages).acquire_many_owned(wanted);
        let more = patience.wait(pages).await.map_err(|_| Busy::Memory)?.map_err(|_| Busy::Memory)?;
        match &mut held.0 {
            Some(permit) => permit.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

impl Held {
    /// Bytes that it covers.
    pub(crate) fn bytes(&self) -> usize {
        self.pages().saturating_mul(PAGE)
    }

    fn pages(&self) -> usize {
        self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }
}

/// Room is counted in pages of this size.
pub(crate) const PAGE: usize = 16 << 10;

#[cfg(test)]
mod tests;
