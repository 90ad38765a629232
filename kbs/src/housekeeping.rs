//! What the broker does by itself, a few times a minute.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use actix_web::web;

use crate::broker::Broker;
use crate::store::StoreError;

/// Tends a broker until it is gone.
pub(crate) async fn tend(broker: Weak<Broker>) {
    let mut ticks = tokio::time::interval(PAUSE);
    loop {
        ticks.tick().await;
        let Some(broker) = broker.upgrade() else { return };
        let done = web::block(move || once(&broker)).await;
        if let Ok(Err(error)) = done {
            tracing::warn!(%error, "housekeeping is put off");
        }
    }
}

/// One round. Blocks.
pub(crate) fn once(broker: &Arc<Broker>) -> Result<(), StoreError> {
    // By a clock that is wrong nothing is forgotten.
    if !broker.compare_clock()? {
        return Ok(());
    }
    let now = broker.clock.now();
    // Clocks of replicas differ a little: what one of them may still take, no other forgets.
    while broker.store.forget_sessions(now.plus_secs(-SLACK_SECONDS))? {}
    let epoch = broker.store.settings()?.epoch();
    if let Err(error) = broker.epoch_file.keep(epoch) {
        tracing::error!(%error, epoch, "the epoch of the settings cannot be kept in epoch_file");
    }
    let version = broker.store.root_version();
    if broker.rewrapped.load(Ordering::Relaxed) != version {
        let done = broker.store.rewrap()?;
        broker.rewrapped.store(version, Ordering::Relaxed);
        tracing::info!(done, "every key is wrapped by the current root key");
    }
    let gone = broker.store.retain(&broker.config.retention(), now)?;
    if gone > 0 {
        tracing::info!(records = gone, "decisions deleted: their hashes are kept");
    }
    let session = i64::try_from(broker.config.limits.session.as_secs()).unwrap_or(i64::MAX);
    broker.challenge_keys.tend(session, now)?;
    broker.token_keys.tend(now)?;
    broker.federation_keys.as_ref().map_or(Ok(()), |keys| keys.tend(now))
}

/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(10);
/// More than clocks may differ by.
pub(crate) const SLACK_SECONDS: i64 = 300;
