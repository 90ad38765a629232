//! What a stranger can cost: how often he may ask, how many requests work and wait, and how many bytes of bodies lie in
//! memory.
//!
//! ```text
//! shows nothing that holds ─▶ throttle: per address, then over all ─▶ 429, or its refusal
//! a token                  ─▶ verified at most a few at a time; from an address that showed junk, one at a time
//! session or token holds   ─▶ a lane: a slot, or a place in its queue, or 503
//! ```
//!
//! Releases have a lane of their own: however many attestations wait, a release waits for releases alone.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use crate::config::Limits;
use crate::system::Steady;

mod connections;
mod lane;
mod memory;
mod patience;
mod throttle;

pub(crate) use connections::Connections;
pub(crate) use lane::{Busy, Lane};
pub(crate) use memory::{BodyMemory, Held};
pub(crate) use patience::Patience;
pub(crate) use throttle::{Throttle, TooMany};

/// Every bound on what is in progress.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Connections by their address.
    pub(crate) connections: Arc<Connections>,
    /// What may be asked by whoever shows no session and no token that holds.
    pub(crate) throttle: Throttle,
    /// Verifications of evidence.
    pub(crate) attestations: Lane,
    /// Releases of secrets.
    pub(crate) releases: Lane,
    /// Bodies of attestations.
    pub(crate) bodies: BodyMemory,
    /// Looks at whether the broker is ready: anybody may ask, and one may write.
    pub(crate) checks: Lane,
    tokens: Lane,
    suspects: Lane,
    queue_time: Duration,
}

impl Gate {
    /// The bounds that are configured.
    pub(crate) fn new(limits: &Limits, clock: Steady) -> Self {
        let lane = |slots| Lane::new(slots, limits.queue);
        Self {
            connections: Connections::new(limits.connections_per_address),
            throttle: Throttle::new(limits, clock),
            attestations: lane(limits.verifications),
            releases: lane(limits.releases),
            bodies: BodyMemory::new(limits.body_memory, limits.body),
            checks: lane(CHECKS),
            tokens: lane(TOKENS),
            suspects: lane(SUSPECTS),
            queue_time: limits.queue_time,
        }
    }

    /// How long a request may wait that has not waited yet.
    pub(crate) fn patience(&self) -> Patience {
        Patience::new(self.queue_time)
    }

    /// The lane in which a token from this address is verified: where too much junk came from, all tokens are verified
    /// one after the other, the good ones of its neighbours too, and nobody else waits for them.
    pub(crate) fn token_lane(&self, source: Option<IpAddr>) -> &Lane {
        if self.throttle.is_spent(source) { &self.suspects } else { &self.tokens }
    }

    /// The turn of an operator's token from this address: where too much junk came from, one is verified at a time, and
    /// whoever comes meanwhile comes again.
    pub(crate) fn turn(&self, source: Option<IpAddr>) -> Result<Option<OwnedSemaphorePermit>, TooMany> {
        if !self.throttle.is_spent(source) {
            return Ok(None);
        }
        self.suspects.try_enter().map(Some).ok_or(TooMany { whose: "from this address", seconds: 1 })
    }

    /// Threads that may be at work at the same time.
    pub(crate) fn threads(limits: &Limits) -> usize {
        [limits.releases, TOKENS, SUSPECTS, CHECKS, OPERATORS]
            .iter()
            .fold(limits.verifications, |sum, more| sum.saturating_add(*more))
    }
}

/// A signature of P-256 takes a tenth of a millisecond: four at a time are thousands in a second.
const TOKENS: usize = 4;
/// One core's worth for all addresses that send junk.
const SUSPECTS: usize = 1;
/// Looks at readiness at a time.
const CHECKS: usize = 1;
/// What operators ask for blocks too; they are not strangers and not many.
const OPERATORS: usize = 64;
