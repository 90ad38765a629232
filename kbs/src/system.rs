//! The clock and the operating system's randomness: the only places where the broker meets them.
#![expect(clippy::disallowed_methods, reason = "this module is where the clock and the randomness come from")]

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use getrandom::SysRng;
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
