//! Revocations among the protected settings: whoever can write to the database alone can neither drop nor add one.

use verifier::time::UnixTime;

use super::backend::Table;
use super::{SettingKind, Settings, Store, StoreError, row_error};
use crate::acts::Act;
use crate::revocations::{NewRevocation, Revocation, Revoked};

impl Store {
    /// Every revocation, lifted ones too, by name.
    pub(crate) fn revocations(&self) -> Result<Vec<Revocation>, StoreError> {
        read(&*self.settings()?)
    }

    /// Revokes something, with the reason given now where it is revoked already; none where as much is revoked as may be.
    pub(crate) fn revoke(
        &self,
        new: &NewRevocation,
        author: &str,
        now: UnixTime,
    ) -> Result<Option<Revocation>, StoreError> {
        let kept = self.revocations()?;
        let others = kept.iter().filter(|kept| kept.lifted.is_none() && kept.of != new.of);
        if others.count() >= REVOCATIONS {
            return Ok(None);
        }
        // Of those that were lifted the newest stay: every state of the settings names them all.
        let lifted = kept.iter().filter_map(|kept| Some((kept.lifted.as_ref()?.at, kept.of.name())));
        let surplus = (kept.len() >= KEPT).then(|| lifted.min()).flatten().map(|(_, name)| name);
        let revoked = Act { by: author.to_owned(), at: now.secs(), reason: new.reason.clone() };
        let revocation = Revocation { of: new.of.clone(), revoked, lifted: None };
        self.write_revocation(&revocation, surplus.as_deref(), author, now)?;
        Ok(Some(revocation))
    }

    /// Lifts the revocation of this name; none where none of this name is in force.
    pub(crate) fn lift(
        &self,
        name: &str,
        reason: &str,
        author: &str,
        now: UnixTime,
    ) -> Result<Option<Revocation>, StoreError> {
        let mut kept = self.revocations()?.into_iter();
        let in_force = kept.find(|kept| kept.lifted.is_none() && kept.of.name() == name);
        let Some(mut revocation) = in_force else { return Ok(None) };
        revocation.lifted = Some(Act { by: author.to_owned(), at: now.secs(), reason: reason.to_owned() });
        self.write_revocation(&revocation, None, author, now)?;
        Ok(Some(revocation))
    }

    fn write_revocation(
        &self,
        kept: &Revocation,
        surplus: Option<&str>,
        author: &str,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let content = serde_json::to_vec(kept).map_err(row_error(Table::Settings))?;
        let name = kept.of.name();
        let mut changes: Vec<(SettingKind, &str, Option<&[u8]>)> = Vec::new();
        changes.extend(surplus.map(|surplus| (SettingKind::Revocation, surplus, None)));
        changes.push((SettingKind::Revocation, &name, Some(&content)));
        self.change(&changes, author, now)?;
        Ok(())
    }
}

/// What is revoked in a state of the settings. A revocation that this version cannot read stops everything: it may be
/// about whoever asks.
pub(crate) fn revoked(settings: &Settings) -> Result<Vec<Revoked>, StoreError> {
    let kept = read(settings)?.into_iter().filter(|kept| kept.lifted.is_none());
    Ok(kept.map(|kept| kept.of).collect())
}

fn read(settings: &Settings) -> Result<Vec<Revocation>, StoreError> {
    let kept = settings.of(SettingKind::Revocation);
    kept.map(|(_, setting)| serde_json::from_slice(&setting.content).map_err(row_error(Table::Settings)))
        .collect()
}

/// Revocations in force at a time: each is looked at in every appraisal and stands in every verdict, 130 bytes at most.
const REVOCATIONS: usize = 1024;
/// Revocations that are kept, those that were lifted among them.
const KEPT: usize = 2048;
