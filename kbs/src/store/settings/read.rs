//! The settings as they stand: one small row at every request, the rest where that changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use aws_lc_rs::hmac;
use decision_log::Digest;

use super::{
    CONTENT, CONTENT_END, Entry, HEAD, Head, Manifest, OLDER, Setting, SettingKind, Settings, content_key,
    manifest_key, tampered,
};
use crate::store::backend::{Condition, Row, Table};
use crate::store::{ATTEMPTS, Store, StoreError, row_error};

impl Store {
    /// The settings, and the condition that they are still these.
    pub(in crate::store) fn settings_unchanged(&self) -> Result<(Arc<Settings>, Condition), StoreError> {
        let settings = self.settings()?;
        let unchanged = settings.unchanged();
        Ok((settings, unchanged))
    }

    pub(super) fn read_settings(&self) -> Result<(Arc<Settings>, Option<Vec<u8>>), StoreError> {
        let key = self.integrity_key()?;
        let (head, highest) = self.settings_head()?;
        if let Some(known) = self.known_as(head.as_deref(), highest) {
            return Ok((known, head));
        }
        // One reads the rest. It asks for the head again: whoever had to wait for another reader finds its state here.
        let reading = Arc::clone(&self.known.lock().unwrap_or_else(PoisonError::into_inner).reading);
        let _one_at_a_time = reading.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let (head, highest) = self.settings_head()?;
            if let Some(known) = self.known_as(head.as_deref(), highest) {
                return Ok((known, head));
            }
            // Nobody changed anything meanwhile: what is missing was taken away.
            if let Some((_, error)) = last.take().filter(|(seen, _)| *seen == head) {
                return Err(error);
            }
            match self.open_settings(head.as_deref(), highest, &key) {
                Ok(settings) => {
                    if let Some(head) = &head {
                        self.know(head.clone(), &settings);
                    }
                    return Ok((settings, head));
                }
                // A change deletes what it replaces: that may have been what was to be read.
                Err(error @ StoreError::Tampered { .. }) => last = Some((head, error)),
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Contended { what: "the settings".to_owned() })
    }

    /// The head, and the highest epoch that was known before it was read: what is older than that was put back. What
    /// others come to know while it is read says nothing against it.
    fn settings_head(&self) -> Result<(Option<Vec<u8>>, u64), StoreError> {
        let highest = self.known.lock().unwrap_or_else(PoisonError::into_inner).highest;
        Ok((self.backend.get(Table::Settings, HEAD)?, highest))
    }

    /// The settings that this process has under this head.
    fn known_as(&self, head: Option<&[u8]>, highest: u64) -> Option<Arc<Settings>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let same = head.is_some() && known.head.as_deref() == head && known.settings.epoch >= highest;
        same.then(|| Arc::clone(&known.settings))
    }

    /// From now on these are the settings, unless newer ones are known.
    pub(super) fn know(&self, head: Vec<u8>, settings: &Arc<Settings>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if settings.epoch >= known.highest {
            known.highest = settings.epoch;
            known.head = Some(head);
            known.settings = Arc::clone(settings);
        }
    }

    fn open_settings(
        &self,
        head: Option<&[u8]>,
        highest: u64,
        key: &hmac::Key,
    ) -> Result<Arc<Settings>, StoreError> {
        let Some(bytes) = head else {
            // No change was ever made, or all of them were taken away.
            return if highest > 0 { Err(tampered(OLDER)) } else { Ok(Arc::default()) };
        };
        let head = Head::open(bytes, key)?;
        if head.epoch < highest {
            return Err(tampered(OLDER));
        }
        let settings = self.load_settings(&head)?;
        Ok(Arc::new(Settings { head: Some(bytes.to_vec()), ..settings }))
    }

    /// Reads what a head names. What is known already under the same digest is not read again.
    fn load_settings(&self, head: &Head) -> Result<Settings, StoreError> {
        let manifest = self.backend.get(Table::Settings, &manifest_key(head.epoch))?.unwrap_or_default();
        if Digest::of(&manifest) != head.manifest {
            return Err(tampered("the manifest of the settings"));
        }
        let manifest: Manifest = serde_json::from_slice(&manifest).map_err(row_error(Table::Settings))?;
        let known = Arc::clone(&self.known.lock().unwrap_or_else(PoisonError::into_inner).settings);
        let kept = |kind, name: &str, entry: &Entry| {
            let setting = known.get(kind, name).filter(|setting| setting.version == entry.version)?;
            (Digest::of(&setting.content) == entry.content).then(|| Arc::clone(&setting.content))
        };
        let mut settings = Settings { epoch: head.epoch, ..Settings::default() };
        let (mut missing, mut rows) = (Vec::new(), BTreeMap::<SettingKind, BTreeMap<String, Setting>>::new());
        for (kind, entries) in manifest.rows {
            for (name, entry) in entries {
                match kept(kind, &name, &entry) {
                    Some(content) => {
                        rows.entry(kind).or_default().insert(name, entry.with(content));
                    }
                    None => missing.push((kind, name, entry)),
                }
            }
        }
        let found = self.contents(&missing)?;
        for (kind, name, entry) in missing {
            let content = found.get(&content_key(kind, &name, entry.version));
            let content = content
                .filter(|content| Digest::of(content) == entry.content)
                .ok_or_else(|| tampered(&format!("the setting {} {name:?}", kind.name())))?;
            let content = Arc::from(content.as_slice());
            rows.entry(kind).or_default().insert(name, entry.with(content));
        }
        settings.rows = rows;
        Ok(settings)
    }

    /// The rows of these settings: a few one by one, many in the order of the table.
    fn contents(
        &self,
        wanted: &[(SettingKind, String, Entry)],
    ) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, StoreError> {
        let keys = wanted.iter().map(|(kind, name, entry)| content_key(*kind, name, entry.version));
        if wanted.len() <= ONE_BY_ONE {
            let row = |key: Vec<u8>| {
                let content = self.backend.get(Table::Settings, &key);
                content.map(|content| content.map(|content| (key, content))).transpose()
            };
            return keys.filter_map(row).collect();
        }
        let keys: BTreeSet<Vec<u8>> = keys.collect();
        let (mut found, mut from) = (BTreeMap::new(), CONTENT.to_vec());
        loop {
            let rows = self.backend.scan(Table::Settings, &from, Some(CONTENT_END), AT_ONCE)?;
            let last = (rows.len() == AT_ONCE).then(|| rows.last().map(|row| row.key.clone())).flatten();
            found.extend(
                rows.into_iter().filter(|row| keys.contains(&row.key)).map(|Row { key, value }| (key, value)),
            );
            let Some(last) = last else { return Ok(found) };
            from = last;
            from.push(0);
        }
    }
}

impl Entry {
    fn with(self, content: Arc<[u8]>) -> Setting {
        let Self { version, epoch, author, at, .. } = self;
        Setting { content, version, epoch, author, at }
    }
}

/// So many contents are read by their keys; more are found faster by going through all.
const ONE_BY_ONE: usize = 16;
/// Rows of a scan; each has 64 KiB at most, a policy more.
const AT_ONCE: usize = 128;
