//! The broker: everything that a request needs, made once at the start.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use decision_log::{Digest, InputSet, Named};
use endorsements::{FetchError, Folder, Loaded};
use verifier::policy::Policy;
use verifier::time::UnixTime;

use crate::challenge_key::ChallengeKeys;
use crate::clock_guard::{ClockGuard, ClockWrong};
use crate::config::{Config, ConfigError, Input, StoreAt, json_of_policy};
use crate::epoch_file::EpochFile;
use crate::flight::{Flights, Misses};
use crate::gate::Gate;
use crate::inputs::Outside;
use crate::refusals::Refusals;
use crate::revocations::effective;
use crate::root_key::{RootKeyError, RootKeys};
use crate::signing::{SigningAlgorithm, UnusableKey};
use crate::signing_keys::{Rules, SigningKeys};
use crate::store::{Inputs, KeyPurpose, Store, StoreError};
use crate::system::{Clock, Steady};
use crate::uploaded::{Uploaded, Uploads};

/// The running broker's state.
pub(crate) struct Broker {
    /// The configuration in force.
    pub config: Config,
    /// Where each request's one instant comes from.
    pub clock: Clock,
    pub(crate) store: Arc<Store>,
    pub(crate) challenge_keys: ChallengeKeys,
    pub(crate) epoch_file: EpochFile,
    /// The version of the current root key that every key was found to be wrapped by, or [`NEVER`].
    pub(crate) rewrapped: AtomicU64,
    pub(crate) token_keys: SigningKeys,
    pub(crate) federation_keys: Option<SigningKeys>,
    pub(crate) refusals: Refusals,
    pub(crate) flights: Flights,
    /// Challenges that were answered wrongly.
    pub(crate) misses: Misses,
    uploads: Uploads,
    pub(crate) gate: Gate,
    pub(crate) clock_guard: ClockGuard,
    endorsements: Option<Folder>,
    inputs: Mutex<Option<Snapshot>>,
    /// Held while new files are put in force.
    putting: Mutex<()>,
}

/// The operator's inputs as they stand: what is verified with, and what is recorded of it.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) inputs: Arc<Inputs>,
    /// The appraisal policy, with what admins revoked.
    pub(crate) appraisal: Arc<Policy>,
    /// Of the reference values in their canonical form.
    pub(crate) reference_values: Digest,
    /// What admins uploaded.
    pub(crate) uploaded: Arc<Uploaded>,
    /// Digests of everything in files that decides.
    pub(crate) outside: Arc<Outside>,
}

/// Why the broker does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no store where one should be.
    #[error("{place}: there is no store")]
    NoStore {
        /// Where it should be.
        place: String,
    },
    /// The root key.
    #[error("the root key: {0}")]
    RootKey(#[from] RootKeyError),
    /// The endorsements.
    #[error("endorsements: {0}")]
    Endorsements(#[from] FetchError),
    /// The signing key.
    #[error(transparent)]
    TokenKey(#[from] UnusableKey),
    /// Another program has the address, or the machine has not.
    #[error("listen: {address}: {source}")]
    Bind {
        /// The address.
        address: std::net::SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The network.
    #[error("listen: {0}")]
    Listen(#[from] std::io::Error),
}

/// What may be made where it is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    /// Store and root key: a broker's first start.
    MakeBoth,
    /// A store, under a root key that is there: whoever takes in a backup has its key.
    MakeStore,
    /// Nothing. Who mistypes a name would back up an empty store, and call that a success.
    Refuse,
}

/// Opens the store that a configuration names, or makes it; refuses one that was put back to an older state.
pub(crate) fn open_store(config: &Config, absent: Absent) -> Result<Store, StartError> {
    let limits = &config.limits;
    let open_root = |store_is_new| RootKeys::open(&config.root_key, &config.previous_root_keys, store_is_new);
    Ok(match &config.store {
        StoreAt::File(file) => {
            if absent == Absent::Refuse && !file.exists() {
                return Err(StartError::NoStore { place: file.display().to_string() });
            }
            let root = open_root(absent == Absent::MakeBoth && !file.exists())?;
            Store::open(file, root, limits.denied_records, limits.reserve)?
        }
        StoreAt::Postgres(database) => {
            // None of the replicas makes a key file: each would have another.
            let root = open_root(false)?;
            Store::open_postgres(database, root, limits.denied_records)?
        }
    })
}

impl Broker {
    /// Opens the store, reads the endorsements and makes at the first start the keys that are kept from then on.
    pub(crate) fn start(config: Config, clock: Clock) -> Result<Self, StartError> {
        let store = open_store(&config, Absent::MakeBoth)?;
        Self::with_store(config, clock, store)
    }

    pub(crate) fn with_store(config: Config, clock: Clock, store: Store) -> Result<Self, StartError> {
        let (store, now) = (Arc::new(store), clock.now());
        let epoch_file = EpochFile::open(&config.epoch_file)?;
        store.expect_epoch(epoch_file.highest());
        epoch_file.keep(store.settings()?.epoch())?;
        let challenge_keys = ChallengeKeys::open(Arc::clone(&store), now)?;
        let token_keys = token_keys(&config, &store, now)?;
        let federation_keys = federation_keys(&config, &store, now)?;
        let endorsements = config.endorsements.as_deref().map(Folder::open).transpose()?;
        Ok(Self {
            gate: Gate::new(&config.limits, Steady::system()),
            clock_guard: ClockGuard::new(config.limits.clock_skew),
            refusals: Refusals::default(),
            flights: Flights::default(),
            misses: Misses::default(),
            inputs: Mutex::new(None),
            putting: Mutex::new(()),
            uploads: Uploads::default(),
            config,
            clock,
            store,
            challenge_keys,
            epoch_file,
            rewrapped: AtomicU64::new(NEVER),
            token_keys,
            federation_keys,
            endorsements,
        })
    }

    /// A request's one instant, unless the clock cannot be believed.
    pub(crate) fn instant(&self) -> Result<UnixTime, ClockWrong> {
        let now = self.clock.now();
        self.clock_guard.look(now).map(|()| now)
    }

    /// Holds the clock against the store: its own clock, and the newest instant on record, which is kept up. Blocks.
    /// Whether the clock can be believed.
    pub(crate) fn compare_clock(&self) -> Result<bool, StoreError> {
        let recorded = self.store.newest_instant()?;
        let store = self.store.clock()?;
        let Ok(due) = self.clock_guard.compare(self.clock.now(), store, recorded) else { return Ok(false) };
        due.map(|now| self.store.keep_instant(recorded, now)).transpose()?;
        Ok(true)
    }

    /// The operator's inputs, after a look at the folder of endorsements unless that was done within the last second:
    /// whoever asks for what is missing, and as often as he likes, causes no more looks than that. New inputs are put in
    /// force before anything is decided by them.
    pub(crate) fn snapshot(&self, now: UnixTime) -> Result<Snapshot, StoreError> {
        self.snapshot_of(Folder::refresh, now)
    }

    /// The same, after a look in any case.
    pub(crate) fn snapshot_now(&self, now: UnixTime) -> Result<Snapshot, StoreError> {
        self.snapshot_of(Folder::refresh_now, now)
    }

    fn snapshot_of(
        &self,
        refresh: impl FnOnce(&Folder) -> Result<Arc<Loaded>, FetchError>,
        now: UnixTime,
    ) -> Result<Snapshot, StoreError> {
        let loaded = match &self.endorsements {
            None => self.kept().map(|kept| kept.loaded).unwrap_or_default(),
            Some(folder) => refresh(folder).unwrap_or_else(|error| {
                tracing::warn!(%error, "endorsements stay as they were read before");
                folder.current()
            }),
        };
        match self.kept().filter(|kept| Arc::ptr_eq(&kept.loaded, &loaded)) {
            Some(kept) => self.with_uploads(kept),
            None => self.with_endorsements(loaded, now),
        }
    }

    /// The snapshot with what is uploaded now. The store is asked without a lock: requests do not wait for each other's
    /// answers of it.
    fn with_uploads(&self, kept: Snapshot) -> Result<Snapshot, StoreError> {
        let uploaded = self.uploaded()?;
        if kept.uploaded.epoch() == uploaded.epoch() {
            return Ok(kept);
        }
        let made = self.make_snapshot(Arc::clone(&kept.loaded), kept.outside, uploaded);
        let mut inputs = self.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        // Of several that made one at the same time the newest stays; other endorsements are not put back.
        let older = |kept: &Snapshot| {
            Arc::ptr_eq(&kept.loaded, &made.loaded) && kept.uploaded.epoch() < made.uploaded.epoch()
        };
        if inputs.as_ref().is_some_and(older) {
            *inputs = Some(made.clone());
        }
        Ok(made)
    }

    /// A snapshot with other endorsements than the last. One at a time: what is put in force last is what is kept.
    fn with_endorsements(&self, loaded: Arc<Loaded>, now: UnixTime) -> Result<Snapshot, StoreError> {
        let _one_at_a_time = self.putting.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever waited here may have read the folder before the one that he waited for.
        let loaded = self.endorsements.as_ref().map_or(loaded, Folder::current);
        if let Some(kept) = self.kept().filter(|kept| Arc::ptr_eq(&kept.loaded, &loaded)) {
            return self.with_uploads(kept);
        }
        let outside = Arc::new(Outside::of(&self.config, &loaded));
        outside.put_in_force(&self.store, now)?;
        self.keep_epoch()?;
        let made = self.make_snapshot(loaded, outside, self.uploaded()?);
        *self.inputs.lock().unwrap_or_else(PoisonError::into_inner) = Some(made.clone());
        Ok(made)
    }

    /// Keeps the epoch of the settings outside of the store: from then on nobody puts the store back before it unseen.
    pub(crate) fn keep_epoch(&self) -> Result<(), StoreError> {
        let epoch = self.store.settings()?.epoch();
        if let Err(error) = self.epoch_file.keep(epoch) {
            tracing::error!(%error, epoch, "the epoch of the settings cannot be kept in epoch_file");
        }
        Ok(())
    }

    /// What admins uploaded, as it stands.
    pub(crate) fn uploaded(&self) -> Result<Arc<Uploaded>, StoreError> {
        self.uploads.of(&self.store, self.config.policy_limits())
    }

    fn kept(&self) -> Option<Snapshot> {
        self.inputs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn make_snapshot(&self, loaded: Arc<Loaded>, outside: Arc<Outside>, uploaded: Arc<Uploaded>) -> Snapshot {
        for skipped in &loaded.skipped {
            tracing::warn!(file = skipped.name, reason = skipped.reason, "endorsement file passed over");
        }
        tracing::info!(files = loaded.files.len(), "endorsements read");
        let config = &self.config;
        let appraisal = Arc::new(effective(&config.appraisal, uploaded.revoked()));
        let policy = json_of_policy(&appraisal);
        let mut blobs = vec![policy.clone()];
        let mut named = |name: &str, bytes: &[u8]| {
            blobs.push(bytes.to_vec());
            Named { name: name.to_owned(), content: Digest::of(bytes) }
        };
        let mut inputs = |files: &[Input]| files.iter().map(|file| named(&file.name, &file.bytes)).collect();
        let reference_values = inputs(&config.reference_files);
        let danger_roots = inputs(&config.danger_roots);
        let endorsements = loaded.files.iter().map(|file| named(&file.name, &file.bytes)).collect();
        let attestation_policies = uploaded
            .attestation_policies()
            .map(|(id, policy)| named(id, policy.text().as_bytes()))
            .collect::<Vec<_>>();
        // They are asked for by attestation policies alone.
        let policy_values = !attestation_policies.is_empty();
        let policy_reference_values = policy_values.then(|| named("uploaded", uploaded.reference_text()));
        let set = InputSet {
            policy: Digest::of(&policy),
            reference_values,
            endorsements,
            danger_roots,
            attestation_policies,
            policy_reference_values: policy_reference_values.into_iter().collect(),
        };
        let canonical = Digest::of(config.reference_values.canonical().as_bytes());
        let inputs = Arc::new(Inputs::new(&set, blobs));
        Snapshot { inputs, appraisal, reference_values: canonical, outside, loaded, uploaded }
    }
}

fn token_keys(config: &Config, store: &Arc<Store>, now: UnixTime) -> Result<SigningKeys, StoreError> {
    let rules = Rules {
        purpose: KeyPurpose::Token,
        algorithm: SigningAlgorithm::Es256,
        life: seconds(config.token.key_life),
        token: seconds(config.limits.token),
    };
    match &config.token.provided {
        Some(key) => Ok(SigningKeys::provided(Arc::clone(store), rules, Arc::clone(key), now)),
        None => SigningKeys::open(Arc::clone(store), rules, now),
    }
}

fn federation_keys(
    config: &Config,
    store: &Arc<Store>,
    now: UnixTime,
) -> Result<Option<SigningKeys>, StoreError> {
    let Some(federation) = &config.federation else { return Ok(None) };
    let rules = Rules {
        purpose: KeyPurpose::Federation,
        algorithm: federation.algorithm,
        life: seconds(federation.key_life),
        token: seconds(federation.life),
    };
    SigningKeys::open(Arc::clone(store), rules, now).map(Some)
}

fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// No version of a root key: nothing was looked at yet.
const NEVER: u64 = u64::MAX;
