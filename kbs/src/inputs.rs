//! The inputs that stand outside the store, and whether they are those in force: of several brokers over one store, only
//! those decide whose files say what the newest say.

use std::sync::Arc;

use decision_log::Digest;
use endorsements::Loaded;
use verifier::time::UnixTime;

use crate::broker::{Broker, Snapshot};
use crate::config::Config;
use crate::store::{SettingKind, Settings, Store, StoreError};

/// A digest of each kind of input that stands in files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outside([(&'static str, String); 5]);

/// Why nothing is decided now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InputsError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another broker over this store was started, or read its endorsements, with files that say something else.
    #[error(
        "{kinds} of this broker's files are not those in force: another broker of this store has read others"
    )]
    NotInForce {
        /// Which kinds differ.
        kinds: String,
    },
}

impl Outside {
    /// Of the files as they were read.
    pub(crate) fn of(config: &Config, loaded: &Loaded) -> Self {
        let roots: Vec<Digest> = config.danger_roots.iter().map(|root| Digest::of(&root.bytes)).collect();
        Self(
            [
                ("appraisal-policy", Digest::of(&config.appraisal_json())),
                ("resource-policy", config.resource_policy.digest()),
                ("reference-values", Digest::of(config.reference_values.canonical().as_bytes())),
                ("danger-roots", of_all(roots)),
                ("revocation", of_all(revocation(loaded))),
            ]
            .map(|(kind, digest)| (kind, digest.to_string())),
        )
    }

    /// Makes these the ones in force; that begins an epoch where they differ from the former.
    pub(crate) fn put_in_force(&self, store: &Store, now: UnixTime) -> Result<(), StoreError> {
        let settings = store.settings()?;
        let differing = self.differing(&settings);
        let changes: Vec<(SettingKind, &str, Option<&[u8]>)> =
            differing.map(|(kind, digest)| (SettingKind::Inputs, *kind, Some(digest.as_bytes()))).collect();
        if changes.is_empty() {
            return Ok(());
        }
        let kinds: Vec<&str> = changes.iter().map(|(_, kind, _)| *kind).collect();
        let epoch = store.change(&changes, AUTHOR, now)?;
        tracing::info!(
            epoch,
            changed = kinds.join(" "),
            "inputs changed: older tokens open nothing any more"
        );
        Ok(())
    }

    fn check(&self, settings: &Settings) -> Result<(), InputsError> {
        let kinds: Vec<&str> = self.differing(settings).map(|(kind, _)| *kind).collect();
        if kinds.is_empty() {
            return Ok(());
        }
        Err(InputsError::NotInForce { kinds: kinds.join(", ") })
    }

    fn differing<'a>(&'a self, settings: &'a Settings) -> impl Iterator<Item = &'a (&'static str, String)> {
        let in_force = |kind: &str| settings.get(SettingKind::Inputs, kind).map(|setting| &*setting.content);
        self.0.iter().filter(move |(kind, digest)| in_force(kind) != Some(digest.as_bytes()))
    }
}

impl Broker {
    /// The inputs and settings that one whole request goes by: they belong together.
    pub(crate) fn standing(&self, now: UnixTime) -> Result<(Snapshot, Arc<Settings>), InputsError> {
        let (snapshot, settings) = self.of_one_epoch(|| self.snapshot(now))?;
        if snapshot.outside.check(&settings).is_ok() {
            return Ok((snapshot, settings));
        }
        // Another broker may have been quicker to see a file that is here too.
        let (snapshot, settings) = self.of_one_epoch(|| self.snapshot_now(now))?;
        snapshot.outside.check(&settings)?;
        Ok((snapshot, settings))
    }

    /// What is decided by uploads of one epoch must not be stamped with a later one.
    fn of_one_epoch(
        &self,
        snapshot: impl Fn() -> Result<Snapshot, StoreError>,
    ) -> Result<(Snapshot, Arc<Settings>), StoreError> {
        for _ in 0..ATTEMPTS {
            let snapshot = snapshot()?;
            let settings = self.store.settings()?;
            if snapshot.uploaded.epoch() == settings.epoch() {
                return Ok((snapshot, settings));
            }
        }
        Err(StoreError::Contended { what: "the settings".to_owned() })
    }
}

/// The files that say what is revoked or out of date: CRLs, TCB infos, QE identities.
fn revocation(loaded: &Loaded) -> Vec<Digest> {
    let endorsements = &loaded.endorsements;
    let crls = endorsements.crls().iter().map(|crl| crl.name.as_str());
    let tcb_infos = endorsements.tcb_infos().iter().map(|info| info.name.as_str());
    let identities = endorsements.qe_identities().iter().map(|identity| identity.name.as_str());
    let names: std::collections::HashSet<&str> = crls.chain(tcb_infos).chain(identities).collect();
    let files = loaded.files.iter().filter(|file| names.contains(file.name.as_str()));
    files.map(|file| Digest::of(&file.bytes)).collect()
}

/// A digest of contents, whatever their names and order.
fn of_all(mut digests: Vec<Digest>) -> Digest {
    digests.sort();
    digests.dedup();
    let bytes: Vec<u8> = digests.iter().flat_map(|digest| *digest.as_bytes()).collect();
    Digest::of(&bytes)
}

/// How often the inputs are read while admins change them.
const ATTEMPTS: u32 = 8;
/// Who changed the inputs, in the history of the settings.
const AUTHOR: &str = "files of a broker";

#[cfg(test)]
mod tests;
