//! What the broker does by itself, a few times a minute.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use actix_web::web;

use crate::broker::Broker;
use crate::config::MOST_SKEW_SECONDS;
use crate::store::StoreError;

/// Tends a broker until it is gone.
pub(crate) async fn tend(broker: Weak<Broker>) {
    let mut ticks = tokio::time::interval(PAUSE);
    loop {
        ticks.tick().await;
        let Some(broker) = broker.upgrade() else { return };
        let done = web::block(move || once(&broker)).await;
        if let Ok(Err(error)) = done {
            tracing::warn!(%error, "housekeeping is not done: it goes on in ten seconds");
        }
    }
}

/// One round; the first error. Each step is done whatever became of the others. Blocks.
pub(crate) fn once(broker: &Arc<Broker>) -> Result<(), StoreError> {
    // By a clock that is wrong nothing is forgotten.
    if !broker.compare_clock()? {
        return Ok(());
    }
    let now = broker.clock.now();
    let session = i64::try_from(broker.config.limits.session.as_secs()).unwrap_or(i64::MAX);
    let steps: [(&str, &Step<'_>); 7] = [
        ("epoch", &|| broker.keep_epoch()),
        ("sessions", &|| {
            // Clocks of replicas differ: what one of them may still take, no other forgets.
            while broker.store.forget_sessions(now.plus_secs(-SLACK_SECONDS))? {}
            Ok(())
        }),
        ("challenge keys", &|| broker.challenge_keys.tend(session, now)),
        ("token keys", &|| broker.token_keys.tend(now)),
        ("federation keys", &|| broker.federation_keys.as_ref().map_or(Ok(()), |keys| keys.tend(now))),
        ("root key", &|| rewrap(broker)),
        ("records", &|| {
            let gone = broker.store.retain(&broker.config.retention(), now)?;
            if gone > 0 {
                tracing::info!(records = gone, "decisions deleted: their hashes are kept");
            }
            Ok(())
        }),
    ];
    let mut first = Ok(());
    for (step, work) in steps {
        if let Err(error) = work() {
            tracing::error!(step, %error, "a step of housekeeping failed");
            first = first.and(Err(error));
        }
    }
    first
}

fn rewrap(broker: &Broker) -> Result<(), StoreError> {
    let version = broker.store.root_version();
    if broker.rewrapped.load(Ordering::Relaxed) != version {
        let done = broker.store.rewrap()?;
        broker.rewrapped.store(version, Ordering::Relaxed);
        tracing::info!(done, "every key is wrapped by the current root key");
    }
    Ok(())
}

type Step<'a> = dyn Fn() -> Result<(), StoreError> + 'a;

/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(10);
/// What two replicas may differ by, each of them from the store's clock in its own direction, and a minute for what a
/// request takes from its first look at the clock to its commit.
pub(crate) const SLACK_SECONDS: i64 = 2 * MOST_SKEW + 60;
#[expect(clippy::as_conversions, reason = "a widening in a constant")]
const MOST_SKEW: i64 = MOST_SKEW_SECONDS as i64;
