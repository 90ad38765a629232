//! How many bytes of bodies lie in memory at once. Room is taken as bytes come, so that whoever announces much and sends
//! nothing holds nothing. One address has a share of it: whoever sends and never ends keeps no other address from coming.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::throttle::Prefix;
use super::{Busy, Patience};

/// The room for bodies.
#[derive(Debug)]
pub(crate) struct BodyMemory {
    pages: Arc<Semaphore>,
    share: usize,
    /// Of the addresses that hold some room.
    shares: Mutex<HashMap<Prefix, Weak<Semaphore>>>,
}

/// Room that one body takes, given back when dropped.
#[derive(Debug)]
pub(crate) struct Held {
    share: Arc<Semaphore>,
    /// Of the share of its address, and of all room: as many pages.
    own: Option<OwnedSemaphorePermit>,
    all: Option<OwnedSemaphorePermit>,
}

impl BodyMemory {
    /// Room for so many bytes, of which one address may take a quarter, and `body` in any case.
    pub(crate) fn new(bytes: usize, body: usize) -> Self {
        let pages = bytes / PAGE;
        let share = (pages / SHARES).max(body.div_ceil(PAGE)).min(pages);
        Self { pages: Arc::new(Semaphore::new(pages)), share, shares: Mutex::default() }
    }

    /// No room yet, for a body from this address.
    pub(crate) fn held(&self, source: Option<IpAddr>) -> Held {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if shares.len() >= KEPT {
            shares.retain(|_, share| share.strong_count() > 0);
        }
        let kept = shares.entry(Prefix::of(source)).or_default();
        let share = kept.upgrade().unwrap_or_else(|| Arc::new(Semaphore::new(self.share)));
        *kept = Arc::downgrade(&share);
        Held { share, own: None, all: None }
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
        // The share first: who waits for that waits for his own address alone, and holds no more of the rest meanwhile.
        let share = Arc::clone(&held.share).acquire_many_owned(wanted);
        let share = patience.wait(share).await.map_err(|_| Busy::Memory)?.map_err(|_| Busy::Memory)?;
        let pages = Arc::clone(&self.pages).acquire_many_owned(wanted);
        let pages = patience.wait(pages).await.map_err(|_| Busy::Memory)?.map_err(|_| Busy::Memory)?;
        add(&mut held.own, share);
        add(&mut held.all, pages);
        Ok(())
    }
}

impl Held {
    /// Bytes that it covers.
    pub(crate) fn bytes(&self) -> usize {
        self.pages().saturating_mul(PAGE)
    }

    fn pages(&self) -> usize {
        self.all.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }
}

fn add(held: &mut Option<OwnedSemaphorePermit>, more: OwnedSemaphorePermit) {
    match held {
        Some(permit) => permit.merge(more),
        none => *none = Some(more),
    }
}

/// One address has this part of the room.
const SHARES: usize = 4;
/// Addresses that are kept before those that hold nothing are dropped; more than connections there are at a time.
const KEPT: usize = 4096;
/// Room is counted in pages of this size.
pub(crate) const PAGE: usize = 16 << 10;

#[cfg(test)]
mod tests;
