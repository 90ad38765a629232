//! The clock, the operating system's randomness and the environment: the only places where the broker meets them.
#![expect(
    clippy::disallowed_methods,
    reason = "this module is where the clock, the randomness and the environment come from"
)]

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use getrandom::SysRng;
use governor::nanos::Nanos;
use rand_core::UnwrapErr;
use verifier::time::UnixTime;

/// Where a request's one instant comes from.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> UnixTime + Send + Sync>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::from_fn(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            UnixTime::from_secs(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
        })
    }

    /// Another clock, such as one that a test holds.
    pub fn from_fn(now: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The instant; read once per request.
    pub fn now(&self) -> UnixTime {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// Time that only ever passes, from an instant that means nothing. Rates are measured with it; nothing is decided by it.
#[derive(Clone)]
pub(crate) struct Steady(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Steady {
    /// The machine's.
    pub(crate) fn system() -> Self {
        let start = Instant::now();
        Self::from_fn(move || start.elapsed())
    }

    /// Another one, such as one that a test holds.
    pub(crate) fn from_fn(passed: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(passed))
    }
}

impl governor::clock::Clock for Steady {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        // Five centuries of nanoseconds fit.
        Nanos::new(u64::try_from((self.0)().as_nanos()).unwrap_or(u64::MAX >> 1))
    }
}

impl fmt::Debug for Steady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Steady")
    }
}

/// An environment variable that the configuration names.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The operating system's randomness. A system that has none cannot run a broker: it panics then.
pub(crate) type Rng = UnwrapErr<SysRng>;

/// The operating system's randomness.
pub(crate) fn rng() -> Rng {
    UnwrapErr(SysRng)
}

/// The same, as the signing library wants it.
pub(crate) fn signing_rng() -> SystemRandom {
    SystemRandom::new()
}
