//! The keys that sign one kind of token: versioned, and the same on every replica of one store.
//!
//! ```text
//! made ── LEAD ──▶ signs ── until the next one signs ──▶ verifies ── a token's life, and SLACK ──▶ forgotten
//!   └──────────── published in the JWK set, and verifies ─────────────────────────────────────────┘
//! ```

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use verifier::time::UnixTime;

use crate::housekeeping::SLACK_SECONDS;
use crate::signing::{SigningAlgorithm, SigningKey, UnusableKey};
use crate::store::{KeyPurpose, OwnKey, Store, StoreError};

/// The keys as this replica knows them.
pub(crate) struct SigningKeys {
    store: Arc<Store>,
    rules: Rules,
    /// The operator's own key, which then is the only one.
    provided: Option<Arc<SigningKey>>,
    known: Mutex<Known>,
}

/// What keys are made for, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// What they sign.
    pub purpose: KeyPurpose,
    /// The algorithm of new ones.
    pub algorithm: SigningAlgorithm,
    /// How old a key gets before another is made, in seconds.
    pub life: i64,
    /// The longest life of a token, in seconds.
    pub token: i64,
}

/// A key that was made beside those in use.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Rotated {
    /// Its id.
    pub kid: String,
    /// From when on it signs.
    pub signs_from: UnixTime,
}

/// Why no key was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RotateError {
    /// The operator provides the key.
    #[error("the signing key is the configuration's: provide another one there")]
    Provided,
    /// The newest key does not sign yet.
    #[error("a new key is published already; it signs from {signs_from} on")]
    Underway {
        /// From when on it signs.
        signs_from: UnixTime,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

struct Known {
    keys: Vec<Version>,
    looked: UnixTime,
}

#[derive(Clone)]
struct Version {
    number: u32,
    made: i64,
    key: Arc<SigningKey>,
}

impl SigningKeys {
    /// The keys of a store; the first is made where there is none of the algorithm.
    pub(crate) fn open(store: Arc<Store>, rules: Rules, now: UnixTime) -> Result<Self, StoreError> {
        let keys = read(store.own_keys(rules.purpose, now, || new_key(rules.algorithm))?)?;
        let made = Self { store, rules, provided: None, known: Mutex::new(Known { keys, looked: now }) };
        if made.known_keys().iter().all(|version| version.key.algorithm() != rules.algorithm) {
            made.make(now)?;
        }
        Ok(made)
    }

    /// The operator's key alone.
    pub(crate) fn provided(store: Arc<Store>, rules: Rules, key: Arc<SigningKey>, now: UnixTime) -> Self {
        let known = Mutex::new(Known { keys: Vec::new(), looked: now });
        Self { store, rules, provided: Some(key), known }
    }

    /// The key that signs at this instant.
    pub(crate) fn signer(&self, now: UnixTime) -> Result<Arc<SigningKey>, UnusableKey> {
        if let Some(key) = &self.provided {
            return Ok(Arc::clone(key));
        }
        let keys = self.known_keys();
        let signing = signing(&keys, self.rules.algorithm, now).ok_or(UnusableKey)?;
        Ok(Arc::clone(&signing.key))
    }

    /// The key of an id, also where another replica made it since. Unknown ids, which anybody can send, cause at most one
    /// look into the store a second.
    pub(crate) fn of_kid(&self, kid: &str, now: UnixTime) -> Option<Arc<SigningKey>> {
        if let Some(key) = self.find(kid, now) {
            return Some(key);
        }
        {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.looked == now || self.provided.is_some() {
                return None;
            }
            known.looked = now;
        }
        self.refresh().ok()?;
        self.find(kid, now)
    }

    /// Every key that verifies, or is going to sign, as a JWK set.
    pub(crate) fn published(&self, now: UnixTime) -> Value {
        let keys = self.known_keys();
        let kept = keys.iter().filter(|version| !self.is_over(version, &keys, now));
        let made = kept.map(|version| version.key.jwk());
        json!({"keys": self.provided.iter().map(|key| key.jwk()).chain(made).collect::<Vec<_>>()})
    }

    /// Makes a key beside those in use, as an operator asks.
    pub(crate) fn rotate(&self, now: UnixTime) -> Result<Rotated, RotateError> {
        if self.provided.is_some() {
            return Err(RotateError::Provided);
        }
        self.refresh()?;
        let keys = self.known_keys();
        let next = keys.last().map(|newest| UnixTime::from_secs(newest.made).plus_secs(LEAD_SECONDS));
        let signs_now = signing(&keys, self.rules.algorithm, now).map(|version| version.number);
        if let Some(signs_from) = next.filter(|_| signs_now != keys.last().map(|newest| newest.number)) {
            return Err(RotateError::Underway { signs_from });
        }
        self.make(now)?;
        let newest = self.known_keys().pop().ok_or_else(unusable)?;
        let signs_from = UnixTime::from_secs(newest.made).plus_secs(LEAD_SECONDS);
        Ok(Rotated { kid: newest.key.kid().to_owned(), signs_from })
    }

    /// Makes a new key where the newest is old, and forgets those whose last token is over.
    pub(crate) fn tend(&self, now: UnixTime) -> Result<(), StoreError> {
        if self.provided.is_some() {
            return Ok(());
        }
        self.refresh()?;
        let keys = self.known_keys();
        let Some(newest) = keys.last() else { return Ok(()) };
        if now.secs().saturating_sub(newest.made) >= self.rules.life {
            return self.make(now);
        }
        let first = keys.iter().find(|version| !self.is_over(version, &keys, now));
        match first.filter(|first| keys.first().is_some_and(|oldest| oldest.number != first.number)) {
            Some(first) => {
                self.store.forget_keys(self.rules.purpose, first.number)?;
                self.refresh()
            }
            None => Ok(()),
        }
    }

    fn find(&self, kid: &str, now: UnixTime) -> Option<Arc<SigningKey>> {
        if let Some(key) = &self.provided {
            return (key.kid() == kid).then(|| Arc::clone(key));
        }
        let keys = self.known_keys();
        let named = keys.iter().find(|version| version.key.kid() == kid);
        named.filter(|version| !self.is_over(version, &keys, now)).map(|version| Arc::clone(&version.key))
    }

    /// Whether a later key signs for so long that no token of this one is left.
    fn is_over(&self, version: &Version, keys: &[Version], now: UnixTime) -> bool {
        let kept = LEAD_SECONDS.saturating_add(self.rules.token).saturating_add(SLACK_SECONDS);
        let signs_long = |later: &Version| later.made.saturating_add(kept) <= now.secs();
        keys.iter().any(|later| {
            later.number > version.number
                && later.key.algorithm() == self.rules.algorithm
                && signs_long(later)
        })
    }

    fn make(&self, now: UnixTime) -> Result<(), StoreError> {
        let number = self.store.rotate(self.rules.purpose, now, || new_key(self.rules.algorithm))?;
        tracing::info!(purpose = self.rules.purpose.name(), number, "a new signing key is published");
        self.refresh()
    }

    fn refresh(&self) -> Result<(), StoreError> {
        let keys = read(self.store.kept_keys(self.rules.purpose)?)?;
        if !keys.is_empty() {
            self.known.lock().unwrap_or_else(PoisonError::into_inner).keys = keys;
        }
        Ok(())
    }

    fn known_keys(&self) -> Vec<Version> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).keys.clone()
    }
}

/// The newest key of the algorithm that was published for long enough; before there is one, the oldest.
fn signing(keys: &[Version], algorithm: SigningAlgorithm, now: UnixTime) -> Option<&Version> {
    let mut usable = keys.iter().filter(|version| version.key.algorithm() == algorithm);
    let oldest = usable.next()?;
    let published = |version: &&Version| version.made.saturating_add(LEAD_SECONDS) <= now.secs();
    Some(usable.rfind(published).unwrap_or(oldest))
}

fn new_key(algorithm: SigningAlgorithm) -> Result<zeroize::Zeroizing<Vec<u8>>, StoreError> {
    SigningKey::generate(algorithm).map_err(|_| unusable())
}

fn read(keys: Vec<OwnKey>) -> Result<Vec<Version>, StoreError> {
    let open = |kept: OwnKey| {
        let key = Arc::new(SigningKey::from_der(&kept.material).map_err(|_| unusable())?);
        Ok(Version { number: kept.version, made: kept.made, key })
    };
    keys.into_iter().map(open).collect()
}

fn unusable() -> StoreError {
    StoreError::Sealed { what: "a signing key".to_owned() }
}

/// How long a relying party may keep a JWK set, as the answer says.
pub(crate) const CACHE_SECONDS: i64 = 300;
/// How long a key is published before it signs: whoever keeps a set as long as he may has it by then, and so has every
/// replica, which looks several times a minute.
const LEAD_SECONDS: i64 = 2 * CACHE_SECONDS;

#[cfg(test)]
pub(crate) mod tests;
