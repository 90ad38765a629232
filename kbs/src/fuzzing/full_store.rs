//! A store with something in every table, and what may come out of it.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use decision_log::{Digest, InputSet, Record, Release};
use kbs_protocol::{HashAlgorithm, ResourcePath};
use policy::{Limits, ResourcePolicy};
use verifier::evidence::Tee;
use verifier::policy::Id;
use zeroize::Zeroizing;

use super::memory::{Memory, Rows};
use super::{Counter, NOW, altered, tokens};
use crate::challenge_key::new_key;
use crate::grant::{Grant, authorize};
use crate::holds::{NewHold, Scope};
use crate::revocations::{NewRevocation, Revoked};
use crate::root_key::RootKeys;
use crate::seal::SealingKey;
use crate::session::{Challenge, Nonce};
use crate::signing::{SigningAlgorithm, SigningKey};
use crate::store::backend::{Backend, Table};
use crate::store::{
    Answer, Conclusion, Inputs, KeyPurpose, Reserve, Secret, SettingKind, Settings, Store, StoreError,
};
use crate::uploaded::RESOURCE_POLICY;

/// A store, and all that was ever put into it.
pub(super) struct Full {
    pub(super) rows: Rows,
    /// Secrets that were put under each path.
    pub(super) secrets: Vec<(Grant, Vec<&'static [u8]>)>,
    /// Every state of the settings.
    pub(super) settings: Vec<Arc<Settings>>,
    pub(super) session: Nonce,
    pub(super) records: Vec<Digest>,
    pub(super) backup: Vec<u8>,
}

pub(super) static FULL: LazyLock<Full> = LazyLock::new(make);

/// A store of any rows under the one root key.
pub(super) fn open(backend: Arc<dyn Backend>) -> Result<Store, StoreError> {
    let root = RootKeys::of_key(SealingKey::from_bytes(&[7; 32]).expect("32 bytes"));
    Store::over(backend, root, ROOM, Reserve::none())
}

pub(super) fn store_over(backend: Arc<Memory>) -> Store {
    open(backend).expect("a new store")
}

impl Full {
    /// The secret of every path is one of those that were put there, or there is an error, or nothing.
    pub(super) fn check_secrets(&self, store: &Store) {
        for (grant, put) in &self.secrets {
            if let Ok(Some(found)) = store.load(grant) {
                assert!(
                    put.contains(&found.secret().expose()),
                    "{}: a secret that nobody put there",
                    grant.path()
                );
            }
        }
    }

    /// The settings are those of one state, or none at all where the head was taken away.
    pub(super) fn check_settings(&self, settings: &Settings) {
        let known = self.settings.iter().any(|known| **known == *settings);
        assert!(known, "settings that nobody made: {settings:?}");
    }

    /// The same, whatever their epoch.
    pub(super) fn check_contents(&self, settings: &Settings) {
        let known = self.settings.iter().any(|known| contents(known) == contents(settings));
        assert!(known, "settings that nobody made: {settings:?}");
    }
}

/// What somebody makes of rows who can write to the database: rows with other values, and those that are taken away. Each
/// step is what is done, to which row, how many bytes follow, and these.
pub(super) fn alterations(mut bytes: &[u8]) -> Vec<((Table, Vec<u8>), Option<Vec<u8>>)> {
    let mut changes = Vec::new();
    let rows: Vec<_> = FULL.rows.iter().collect();
    while let Some(([what, which, length], rest)) = bytes.split_first_chunk::<3>() {
        let (piece, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        bytes = rest;
        let ((table, key), value) = rows[usize::from(*which) % rows.len()];
        let other = rows[usize::from(piece.first().copied().unwrap_or(0)) % rows.len()].1;
        changes.push(match what % 5 {
            0 => ((*table, key.clone()), Some(altered(value, piece))),
            1 => ((*table, key.clone()), Some(piece.to_vec())),
            2 => ((*table, key.clone()), Some(other.clone())),
            3 => ((*table, altered(key, piece)), Some(value.clone())),
            _ => ((*table, key.clone()), None),
        });
    }
    changes
}

fn contents(settings: &Settings) -> Vec<(&'static str, &str, &[u8])> {
    use SettingKind as K;
    let kinds =
        [K::ResourcePolicy, K::AttestationPolicy, K::ReferenceValue, K::Inputs, K::Hold, K::Revocation];
    let of = |kind: K| settings.of(kind).map(move |(name, setting)| (kind.name(), name, &*setting.content));
    kinds.into_iter().flat_map(of).collect()
}

fn make() -> Full {
    let backend = Arc::new(Memory::default());
    let store = store_over(Arc::clone(&backend));
    for purpose in [KeyPurpose::Challenge, KeyPurpose::Integrity] {
        store.own_keys(purpose, NOW, new_key).expect("a key");
    }
    let signing = || SigningKey::generate(SigningAlgorithm::Es256).map_err(|_| StoreError::HalfImported);
    for purpose in [KeyPurpose::Token, KeyPurpose::Federation] {
        store.own_keys(purpose, NOW, signing).expect("a key");
    }
    let secrets = put_secrets(&store);
    let mut settings = vec![store.settings().expect("no settings")];
    for change in [hold, revoke, lift, set_policy, set_value] {
        change(&store);
        settings.push(store.settings().expect("settings"));
    }
    let (session, decision) = conclude(&store);
    let settings_now = store.settings().expect("settings");
    let release = store.record_release(&record("kbs:///a/b/1"), &[b"policy"], &settings_now, None);
    let release = release.expect("a release").expect("settings that stand");
    let denial = store.record_denial(&record("kbs:///a/b/2"), &[]).expect("a denial").expect("room");
    store.delete_record(&denial, "tester", 0, NOW).expect("deleted");
    store.keep_instant(None, NOW).expect("an instant");
    let mut backup = Vec::new();
    store.export(&mut backup, NOW).expect("a backup");
    let rows = backend.rows().clone();
    Full { rows, secrets, settings, session, records: vec![decision, release, denial], backup }
}

fn put_secrets(store: &Store) -> Vec<(Grant, Vec<&'static [u8]>)> {
    let secrets: [(&str, &[&[u8]]); 3] =
        [("a/b/1", &[b"first", b"second"]), ("a/b/2", &[b"third"]), ("a/b/3", &[b"gone"])];
    let (admin, token) = (tokens::an_admin(), tokens::a_foreign_token());
    let policy = ResourcePolicy::compile("package policy\nallow := true", Limits::default());
    let policy = policy.expect("a policy");
    let put = |(path, contents): (&str, &[&'static [u8]])| {
        let path = ResourcePath::parse(path).expect("a path");
        for content in contents {
            let secret = Secret::new(Zeroizing::new(content.to_vec()));
            store.put(&admin, &path, &secret, "text/plain", NOW).expect("put");
        }
        if contents.contains(&b"gone".as_slice()) {
            store.delete(&admin, &path).expect("deleted");
        }
        let grant = authorize(&policy, &token, &path, &BTreeMap::new(), NOW).expect("a grant");
        (grant, contents.to_vec())
    };
    secrets.into_iter().map(put).collect()
}

fn hold(store: &Store) {
    let hold = NewHold { on: Scope::Resource("kbs:///a/b/1".to_owned()), reason: "case 7".to_owned() };
    store.add_hold(&hold, "tester", NOW).expect("a hold");
}

fn revoke(store: &Store) {
    let of = Revoked::Chip(Id([1; 64]));
    store.revoke(&NewRevocation { of, reason: "stolen".to_owned() }, "tester", NOW).expect("revoked");
}

fn lift(store: &Store) {
    let name = Revoked::Chip(Id([1; 64])).name();
    store.lift(&name, "found again", "tester", NOW).expect("lifted");
}

fn set_policy(store: &Store) {
    let text = ResourcePolicy::DEFAULT.as_bytes();
    store.change(&[(SettingKind::ResourcePolicy, RESOURCE_POLICY, Some(text))], "tester", NOW).expect("set");
}

fn set_value(store: &Store) {
    store.change(&[(SettingKind::ReferenceValue, "svn", Some(b"3"))], "tester", NOW).expect("set");
}

fn conclude(store: &Store) -> (Nonce, Digest) {
    let nonce = Challenge::new(Tee::Snp, HashAlgorithm::Sha384, NOW, &mut Counter(0)).nonce();
    let set = InputSet {
        policy: Digest::of(b"policy"),
        reference_values: vec![],
        endorsements: vec![],
        danger_roots: vec![],
        attestation_policies: vec![],
        policy_reference_values: vec![],
    };
    let record = record("kbs:///a/b/3");
    let conclusion = Conclusion {
        affirming: false,
        nonce,
        body: Digest::of(b"body"),
        answer: Answer::Token("token".to_owned()),
        expires: NOW.plus_secs(300),
        record: &record,
        blobs: &[b"body"],
        inputs: &Inputs::new(&set, vec![b"policy".to_vec()]),
    };
    store.conclude(&conclusion).expect("recorded");
    (nonce, record.id())
}

fn record(resource: &str) -> Record {
    let release = Release {
        attestation: None,
        foreign_issuer: None,
        epoch: 1,
        token: Digest::of(b"t"),
        resource: resource.to_owned(),
        version: Some(1),
        answer: Some(Digest::of(b"answer")),
        resource_policy: Digest::of(b"p"),
        tee_key: Digest::of(b"k"),
        method: "GET".to_owned(),
        query: [].into(),
        rule: "data.policy.allow".to_owned(),
    };
    Record::release(NOW.secs(), "test", release)
}

const ROOM: u64 = 1 << 20;
