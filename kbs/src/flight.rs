//! One verification in flight per nonce: a second request with the same nonce waits for the first one's outcome.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::session::Nonce;

/// The nonces that are being verified.
#[derive(Debug, Default)]
pub(crate) struct Flights(Arc<Mutex<HashMap<Nonce, Arc<tokio::sync::Mutex<()>>>>>);

/// The right to verify for one nonce, given back when dropped.
#[derive(Debug)]
pub(crate) struct Flight {
    nonce: Nonce,
    flights: Arc<Mutex<HashMap<Nonce, Arc<tokio::sync::Mutex<()>>>>>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Flights {
    /// Waits until nobody else verifies for this nonce. There are never more entries than open connections.
    pub(crate) async fn take_off(&self, nonce: Nonce) -> Flight {
        let lock = {
            let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(flights.entry(nonce).or_default())
        };
        // Made before the wait: if the request is given up meanwhile, the entry is still cleared away.
        let mut flight = Flight { nonce, flights: Arc::clone(&self.0), guard: None };
        flight.guard = Some(lock.lock_owned().await);
        flight
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        self.guard = None;
        // The map and this call's own handle: whoever waits holds one more.
        if flights.get(&self.nonce).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            flights.remove(&self.nonce);
        }
    }
}

#[cfg(test)]
mod tests;
