//! The keys that seal challenges: versioned, and the same on every replica of one store.

use std::sync::{Arc, Mutex, PoisonError};

use verifier::time::UnixTime;
use zeroize::Zeroizing;

use crate::seal::SealingKey;
use crate::store::{KeyPurpose, OwnKey, Store, StoreError};
use crate::system::rng;

/// The keys as this replica knows them.
pub(crate) struct ChallengeKeys {
    store: Option<Arc<Store>>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: Vec<Numbered>,
    /// The place of the key that seals.
    sealing: usize,
}

/// A key with its number and the instant at which it was made.
type Numbered = (u32, i64, Arc<SealingKey>);

impl ChallengeKeys {
    /// The keys of a store; the first is made where there is none.
    pub(crate) fn open(store: Arc<Store>, now: UnixTime) -> Result<Self, StoreError> {
        let known = Known::of(read(store.own_keys(KeyPurpose::Challenge, now, new_key)?)?, now);
        Ok(Self { store: Some(store), known: Mutex::new(known) })
    }

    /// The key that seals, and its number.
    pub(crate) fn newest(&self) -> (u32, Arc<SealingKey>) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match known.keys.get(known.sealing) {
            Some((number, _, key)) => (*number, Arc::clone(key)),
            // Never: `open` leaves no empty list. A key that nobody else has opens nothing.
            None => (0, Arc::new(SealingKey::generate(&mut rng()))),
        }
    }

    /// The key of a number. The store is not asked: whoever sends an unknown number, as anybody can, waits for nothing.
    pub(crate) fn numbered(&self, number: u32) -> Option<Arc<SealingKey>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.keys.iter().find(|(known, ..)| *known == number).map(|(_, _, key)| Arc::clone(key))
    }

    /// Makes a new key where the newest is old, and forgets those that sealed nothing that is still open.
    pub(crate) fn tend(&self, session: i64, now: UnixTime) -> Result<(), StoreError> {
        let Some(store) = &self.store else { return Ok(()) };
        self.refresh(now)?;
        let keys: Vec<(u32, i64)> = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.keys.iter().map(|(number, made, _)| (*number, *made)).collect()
        };
        let Some((newest, made)) = keys.last().copied() else { return Ok(()) };
        if now.secs().saturating_sub(made) >= LIFE_SECONDS {
            store.rotate(KeyPurpose::Challenge, now, new_key)?;
        } else if now.secs().saturating_sub(made) > session.saturating_add(SLACK_SECONDS) {
            store.forget_keys(KeyPurpose::Challenge, newest)?;
        }
        self.refresh(now)
    }

    fn refresh(&self, now: UnixTime) -> Result<(), StoreError> {
        let Some(store) = &self.store else { return Ok(()) };
        let keys = read(store.kept_keys(KeyPurpose::Challenge)?)?;
        if !keys.is_empty() {
            *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Known::of(keys, now);
        }
        Ok(())
    }
}

impl Known {
    /// The newest key seals once every replica knows it; until then the one before.
    fn of(keys: Vec<Numbered>, now: UnixTime) -> Self {
        let known_to_all = |(_, made, _): &Numbered| made.saturating_add(PUBLISHED_SECONDS) <= now.secs();
        let sealing = keys.iter().rposition(known_to_all).unwrap_or(0);
        Self { keys, sealing }
    }
}

/// A new key, as the store keeps it.
pub(crate) fn new_key() -> Result<Zeroizing<Vec<u8>>, StoreError> {
    Ok(Zeroizing::new(SealingKey::generate(&mut rng()).expose().to_vec()))
}

fn read(keys: Vec<OwnKey>) -> Result<Vec<Numbered>, StoreError> {
    let open = |key: OwnKey| {
        let opened = SealingKey::from_bytes(&key.material);
        let opened = opened.ok_or_else(|| StoreError::Sealed { what: "the challenge key".to_owned() })?;
        Ok((key.version, key.made, Arc::new(opened)))
    };
    keys.into_iter().map(open).collect()
}

/// How long a key seals: thirty days.
const LIFE_SECONDS: i64 = 30 * 24 * 3600;
/// From the making of a key until it seals: replicas look for new keys several times a minute.
const PUBLISHED_SECONDS: i64 = 60;
/// What clocks of replicas may differ by, and more.
const SLACK_SECONDS: i64 = 3600;

#[cfg(test)]
mod tests;
