//! Holds among the protected settings: whoever can write to the database alone can neither drop nor narrow one unseen.

use verifier::time::UnixTime;

use super::backend::{Condition, Table};
use super::{SettingKind, Settings, Store, StoreError, row_error};
use crate::acts::Act;
use crate::holds::{Hold, NewHold};
use crate::system::rng;

impl Store {
    /// Every hold, ended ones too, by name.
    pub(crate) fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        read(&*self.settings()?)
    }

    /// The holds in force, and the condition that nobody changed them.
    pub(super) fn holds_unchanged(&self) -> Result<(Vec<Hold>, Condition), StoreError> {
        let (settings, unchanged) = self.settings_unchanged()?;
        let mut holds = read(&settings)?;
        holds.retain(|hold| hold.ended.is_none());
        Ok((holds, unchanged))
    }

    /// Begins a hold; none where there are as many as there may be.
    pub(crate) fn add_hold(
        &self,
        new: &NewHold,
        author: &str,
        now: UnixTime,
    ) -> Result<Option<Hold>, StoreError> {
        let kept = self.holds()?;
        if kept.iter().filter(|hold| hold.ended.is_none()).count() >= HOLDS {
            return Ok(None);
        }
        // Of those that ended the newest stay: every state of the settings names them all.
        let ended = kept.iter().filter_map(|hold| Some((hold.ended.as_ref()?.at, hold.name.as_str())));
        let surplus = (kept.len() >= KEPT).then(|| ended.min()).flatten().map(|(_, name)| name);
        let mut name = [0; 8];
        rand_core::Rng::fill_bytes(&mut rng(), &mut name);
        let begun = Act { by: author.to_owned(), at: now.secs(), reason: new.reason.clone() };
        let hold = Hold { name: hex::encode(name), on: new.on.clone(), begun, ended: None };
        self.write_hold(&hold, surplus, author, now)?;
        Ok(Some(hold))
    }

    /// Ends the hold of this name; none where none of this name is in force.
    pub(crate) fn end_hold(
        &self,
        name: &str,
        reason: &str,
        author: &str,
        now: UnixTime,
    ) -> Result<Option<Hold>, StoreError> {
        let inforce = self.holds()?.into_iter().find(|hold| hold.name == name && hold.ended.is_none());
        let Some(mut hold) = inforce else { return Ok(None) };
        hold.ended = Some(Act { by: author.to_owned(), at: now.secs(), reason: reason.to_owned() });
        self.write_hold(&hold, None, author, now)?;
        Ok(Some(hold))
    }

    fn write_hold(
        &self,
        hold: &Hold,
        surplus: Option<&str>,
        author: &str,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let content = serde_json::to_vec(hold).map_err(row_error(Table::Settings))?;
        let mut changes: Vec<(SettingKind, &str, Option<&[u8]>)> = Vec::new();
        changes.extend(surplus.map(|surplus| (SettingKind::Hold, surplus, None)));
        changes.push((SettingKind::Hold, &hold.name, Some(&content)));
        self.change(&changes, author, now)?;
        Ok(())
    }
}

fn read(settings: &Settings) -> Result<Vec<Hold>, StoreError> {
    let held = settings.of(SettingKind::Hold);
    held.map(|(_, setting)| serde_json::from_slice(&setting.content).map_err(row_error(Table::Settings)))
        .collect()
}

/// Holds in force at a time; each is looked at for every record that is due.
const HOLDS: usize = 1024;
/// Holds that are kept, those that ended among them.
const KEPT: usize = 2048;
