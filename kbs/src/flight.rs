//! One verification in flight per nonce: a second request with the same nonce waits for the first one's outcome.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::gate::{Busy, Patience};
use crate::session::Nonce;

mod misses;

pub(crate) use misses::Misses;

/// The nonces that are being verified.
#[derive(Debug, Default)]
pub(crate) struct Flights(Arc<Mutex<HashMap<Nonce, Arc<tokio::sync::Mutex<()>>>>>);

/// A request that is about to be verified for one nonce. There are never more of one nonce than [`ABOARD`].
#[derive(Debug)]
pub(crate) struct Boarding {
    nonce: Nonce,
    flights: Arc<Mutex<HashMap<Nonce, Arc<tokio::sync::Mutex<()>>>>>,
    lock: Option<Arc<tokio::sync::Mutex<()>>>,
}

/// The right to verify for one nonce, given back when dropped.
#[derive(Debug)]
pub(crate) struct Flight {
    // Let go before the entry is looked at, so that the last one clears it away.
    _guard: OwnedMutexGuard<()>,
    _boarding: Boarding,
}

impl Flights {
    /// Takes a request in, unless its nonce has too many already. There are never more entries than open connections.
    pub(crate) fn board(&self, nonce: Nonce) -> Result<Boarding, Busy> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lock = flights.entry(nonce).or_default();
        // The map has one of the handles.
        if Arc::strong_count(lock) > ABOARD {
            return Err(Busy::Session);
        }
        Ok(Boarding { nonce, lock: Some(Arc::clone(lock)), flights: Arc::clone(&self.0) })
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Boarding {
    /// Waits until nobody else verifies for this nonce.
    pub(crate) async fn take_off(mut self, patience: &mut Patience) -> Result<Flight, Busy> {
        // The one handle that counts goes along.
        let Some(lock) = self.lock.take() else { return Err(Busy::Session) };
        let guard = patience.wait(lock.lock_owned()).await?;
        Ok(Flight { _guard: guard, _boarding: self })
    }
}

impl Drop for Boarding {
    fn drop(&mut self) {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        self.lock = None;
        // The map's own handle: whoever else is aboard holds one more.
        if flights.get(&self.nonce).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            flights.remove(&self.nonce);
        }
    }
}

/// Requests of one nonce at the same time: a guest that lost its connection tries again, and not more often than this.
const ABOARD: usize = 4;

#[cfg(test)]
mod tests;
