//! Rows of a database that somebody else can write.

use std::sync::Arc;

use decision_log::Record;

use super::NOW;
use super::full_store::{FULL, alterations, open};
use super::memory::Memory;
use crate::challenge_key::ChallengeKeys;
use crate::signing::SigningAlgorithm;
use crate::signing_keys::{Rules, SigningKeys};
use crate::store::{KeyPurpose, Retention, Store, revoked};

/// A full store whose rows were altered as the bytes say, read in every way that there is. What comes out is an error, or
/// what was put in.
pub fn rows(bytes: &[u8]) {
    let mut rows = FULL.rows.clone();
    for (place, value) in alterations(bytes) {
        match value {
            Some(value) => drop(rows.insert(place, value)),
            None => drop(rows.remove(&place)),
        }
    }
    let untouched = rows == FULL.rows;
    let store = match open(Arc::new(Memory::of(rows))) {
        Ok(store) => Arc::new(store),
        Err(error) => {
            assert!(!untouched && !error.to_string().is_empty());
            return;
        }
    };
    let verified = store.verify();
    assert!(!untouched || verified.is_ok(), "{verified:?}");
    FULL.check_secrets(&store);
    read_settings(&store);
    read_sessions(&store);
    read_records(&store);
    read_keys(&store);
    let _ = store.list("", "", 100);
    let _ = store.newest_instant();
    change(&store);
    // Whatever was written on top of it.
    FULL.check_secrets(&store);
    let _ = store.verify().map_err(|error| error.to_string());
}

fn read_settings(store: &Store) {
    let _ = (store.holds(), store.revocations());
    let Ok(settings) = store.settings() else { return };
    FULL.check_settings(&settings);
    revoked(&settings).expect("revocations that are authentic");
}

fn read_sessions(store: &Store) {
    let _ = store.session(&FULL.session, NOW);
}

fn read_records(store: &Store) {
    for id in &FULL.records {
        if let Ok(Some(record)) = store.record(id)
            && let Ok(decoded) = Record::decode(&record)
        {
            assert_eq!(decoded.encode(), record, "two encodings of one record");
        }
        let _ = store.deleted(id);
    }
}

fn read_keys(store: &Arc<Store>) {
    let _ = ChallengeKeys::open(Arc::clone(store), NOW);
    for purpose in [KeyPurpose::Token, KeyPurpose::Federation] {
        let rules = Rules { purpose, algorithm: SigningAlgorithm::Es256, life: 3600, token: 300 };
        // Where there is none left, one is made: that costs more than all the rest.
        if store.kept_keys(purpose).is_ok_and(|keys| !keys.is_empty())
            && let Ok(keys) = SigningKeys::open(Arc::clone(store), rules, NOW)
        {
            let _ = (keys.signer(NOW), keys.published(NOW), keys.of_kid("none", NOW.plus_secs(1)));
        }
    }
}

/// What the broker does with them by itself, and what admins have it do.
fn change(store: &Store) {
    let _ = store.rewrap();
    let retention = Retention { max_age: Some(0), max_bytes: Some(0), min_age: 0 };
    let _ = store.retain(&retention, NOW.plus_secs(1));
    for id in &FULL.records {
        let _ = store.delete_record(id, "tester", 0, NOW.plus_secs(1));
        let _ = store.deleted(id);
    }
    let _ = store.forget_sessions(NOW.plus_secs(1000));
    let _ = store.raise_epoch(7, NOW);
}
