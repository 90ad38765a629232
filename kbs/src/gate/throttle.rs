//! How often strangers may ask: so often per address, and so often in all.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, Quota, RateLimiter};

use crate::config::{Limits, Rate};
use crate::system::Steady;

mod addresses;

use addresses::{Addresses, Shared};

/// The limits on requests that show nothing that holds.
pub(crate) struct Throttle {
    per_address: RateLimiter<Prefix, Shared, Steady, NoOpMiddleware<Nanos>>,
    in_all: RateLimiter<NotKeyed, InMemoryState, Steady, NoOpMiddleware<Nanos>>,
    addresses: Arc<Addresses>,
    clock: Steady,
}

/// A limit is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests {whose}; try again in {seconds} s")]
pub(crate) struct TooMany {
    /// Of whom there are too many, in words.
    pub whose: &'static str,
    /// Whole seconds after which a request is taken again, at least one.
    pub seconds: u64,
}

/// What stands for an address: all of IPv4, and the first 64 bits of IPv6, of which a single machine has the rest
/// (RFC 4291, section 2.5.1). Requests without an address share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Prefix(u64);

impl Throttle {
    /// The limits that are configured.
    pub(crate) fn new(limits: &Limits, clock: Steady) -> Self {
        let quota = quota(limits.auth_per_address);
        let addresses = Arc::new(Addresses::new(quota));
        Self {
            per_address: RateLimiter::new(quota, Shared(Arc::clone(&addresses)), clock.clone()),
            in_all: RateLimiter::direct_with_clock(self::quota(limits.auth), clock.clone()),
            addresses,
            clock,
        }
    }

    /// Takes one request of a stranger, or says when.
    pub(crate) fn admit(&self, source: Option<IpAddr>) -> Result<(), TooMany> {
        let taken = self.per_address.check_key(&Prefix::of(source));
        taken.map_err(|until| self.too_many("from this address", &until))?;
        self.admit_known()
    }

    /// Takes one request of somebody who showed a session: whom he shares an address with does not count.
    pub(crate) fn admit_known(&self) -> Result<(), TooMany> {
        self.in_all.check().map_err(|until| self.too_many("in all", &until))
    }

    /// Whether the next request from this address would be one too many.
    pub(crate) fn is_spent(&self, source: Option<IpAddr>) -> bool {
        self.addresses.is_spent(&Prefix::of(source), self.clock.now())
    }

    fn too_many(&self, whose: &'static str, until: &NotUntil<Nanos>) -> TooMany {
        TooMany { whose, seconds: whole_seconds(until.wait_time_from(self.clock.now())) }
    }
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Throttle").field("addresses", &self.addresses.count()).finish()
    }
}

impl Prefix {
    pub(super) fn of(source: Option<IpAddr>) -> Self {
        let network = |address: Ipv6Addr| {
            let [a, b, c, d, e, f, g, h, ..] = address.octets();
            u64::from_be_bytes([a, b, c, d, e, f, g, h])
        };
        // `::/64` is no machine's, so what is put there meets nothing.
        Self(match source.map(|source| source.to_canonical()) {
            None => 0,
            Some(IpAddr::V4(address)) => u64::from(u32::from(address)).saturating_add(1),
            Some(IpAddr::V6(address)) if network(address) == 0 => 0,
            Some(IpAddr::V6(address)) => network(address).max(FIRST_NETWORK),
        })
    }
}

fn quota(rate: Rate) -> Quota {
    let number = |value: u32| NonZeroU32::new(value).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(number(rate.per_second)).allow_burst(number(rate.burst))
}

/// Rounded up, and never nothing: who comes back at once comes too early.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// Beyond every number that an IPv4 address gets.
const FIRST_NETWORK: u64 = 1 << 33;

#[cfg(test)]
mod tests;
