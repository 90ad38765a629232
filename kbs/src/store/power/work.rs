//! What a broker asks of its store, drawn by the dice.

use decision_log::{Denial, Digest, InputSet, Record, Release};
use kbs_protocol::{HashAlgorithm, ResourcePath};
use verifier::evidence::Tee;
use verifier::time::UnixTime;
use zeroize::Zeroizing;

use super::super::{
    Answer, Concluded, Conclusion, Inputs, KeyPurpose, Secret, SettingKind, Store, StoreError,
};
use super::dice::Dice;
use super::world::{Kept, PURPOSES, SETTINGS, Spent, World};
use crate::admin::tests::an_admin;
use crate::session::{Challenge, Nonce};
use crate::system::rng;

/// One call of the store: one batch, after what that batch needs.
#[derive(Clone)]
pub(super) enum Call {
    Put { path: String, bytes: Vec<u8> },
    Delete { path: String },
    Conclude(Box<Decided>),
    Release(Record),
    Denial(Record),
    Change(Vec<(SettingKind, String, Option<Vec<u8>>)>),
    Rotate { purpose: KeyPurpose, key: Vec<u8> },
    ForgetKeys { purpose: KeyPurpose, below: u32 },
    ForgetSessions { before: UnixTime },
}

/// An attestation that was decided.
#[derive(Clone)]
pub(super) struct Decided {
    pub(super) nonce: Nonce,
    pub(super) body: Vec<u8>,
    answer: Answer,
    expires: UnixTime,
    record: Record,
    inputs: u64,
}

/// One thread that writes: its name is in all that it writes.
#[derive(Clone)]
pub(super) struct Lane {
    pub(super) name: usize,
    /// Whether it is alone, and may do what touches everybody's rows.
    pub(super) alone: bool,
    /// Records that it has made: no two are equal, unless that is meant.
    pub(super) made: u64,
    pub(super) world: World,
}

impl Lane {
    /// The next thing that it does.
    pub(super) fn call(&mut self, dice: &mut Dice) -> Call {
        // Settings and keys belong to one thread, sweeps to one that is alone.
        let kinds = if self.alone {
            20
        } else if self.name == 0 {
            19
        } else {
            14
        };
        match dice.below(kinds) {
            0..=3 => {
                // Most secrets fit a page, some take many.
                let length = if dice.once_in(12) { 30_000 } else { 600 };
                let length = dice.place(length);
                Call::Put { path: self.path(dice), bytes: dice.bytes(length) }
            }
            4 => Call::Delete { path: self.path(dice) },
            5..=9 => self.conclude(dice),
            10 | 11 => Call::Release(self.release(dice)),
            12 | 13 => Call::Denial(self.denial()),
            14 | 15 => Call::Change(self.change(dice)),
            16 | 17 => {
                let purpose = PURPOSES[dice.place(PURPOSES.len())];
                Call::Rotate { purpose, key: dice.bytes(32) }
            }
            18 => {
                let purpose = PURPOSES[dice.place(PURPOSES.len())];
                let keys = self.world.keys.get(purpose.name()).map_or(&[][..], Vec::as_slice);
                // The newest stays, as it does in a broker.
                let newest = keys.last().map_or(1, |(version, _)| u64::from(*version));
                Call::ForgetKeys { purpose, below: u32::try_from(dice.below(newest) + 1).unwrap() }
            }
            _ => {
                let past = i64::try_from(dice.below(LONGEST)).unwrap();
                Call::ForgetSessions { before: NOW.plus_secs(past) }
            }
        }
    }

    fn path(&self, dice: &mut Dice) -> String {
        format!("lane{}/key/k{}", self.name, dice.below(5))
    }

    fn number(&mut self) -> Digest {
        self.made += 1;
        Digest::of(format!("{} {}", self.name, self.made).as_bytes())
    }

    fn conclude(&mut self, dice: &mut Dice) -> Call {
        let affirmed = !dice.once_in(3);
        let answer = if affirmed {
            Answer::Token(hex::encode(dice.bytes(200)))
        } else {
            Answer::Refused("no".to_owned())
        };
        let life = i64::try_from(dice.below(LONGEST)).unwrap();
        let length = dice.place(3000);
        Call::Conclude(Box::new(Decided {
            nonce: Challenge::new(Tee::Snp, HashAlgorithm::Sha384, NOW, &mut rng()).nonce(),
            body: [self.number().as_bytes().as_slice(), &dice.bytes(length)].concat(),
            answer,
            expires: NOW.plus_secs(life),
            record: self.release(dice),
            inputs: dice.below(3),
        }))
    }

    fn release(&mut self, dice: &mut Dice) -> Record {
        // Equal releases of one second happen.
        let token = if dice.once_in(8) { Digest::of(&[]) } else { self.number() };
        let release = Release {
            attestation: Some(Digest::of(b"a")),
            foreign_issuer: None,
            epoch: 1,
            token,
            resource: format!("kbs:///lane{}/key/k", self.name),
            version: Some(1),
            answer: Some(Digest::of(b"answer")),
            resource_policy: Digest::of(POLICY),
            tee_key: Digest::of(b"k"),
            method: "GET".to_owned(),
            query: [].into(),
            rule: "r".to_owned(),
        };
        Record::release(NOW.secs(), "test", release)
    }

    fn denial(&mut self) -> Record {
        let denial = Denial {
            attestation: Some(Digest::of(b"a")),
            foreign_issuer: None,
            epoch: 1,
            token: self.number(),
            resource: format!("kbs:///lane{}/key/k", self.name),
            resource_policy: Digest::of(POLICY),
            reason: "not-allowed".to_owned(),
            detail: vec![],
            method: "GET".to_owned(),
            query: [].into(),
        };
        Record::denial(NOW.secs(), "test", denial)
    }

    fn change(&self, dice: &mut Dice) -> Vec<(SettingKind, String, Option<Vec<u8>>)> {
        let mut changes = std::collections::BTreeMap::new();
        for _ in 0..=dice.below(3) {
            let key = (SETTINGS[dice.place(SETTINGS.len())], format!("s{}", dice.below(3)));
            let length = dice.place(300);
            changes.insert(key, (!dice.once_in(4)).then(|| dice.bytes(length)));
        }
        changes.into_iter().map(|((kind, name), content)| (kind, name, content)).collect()
    }
}

impl Call {
    /// Makes the call, and holds its answer to what the world says.
    pub(super) fn make(&self, store: &Store, world: &World) -> Result<(), StoreError> {
        match self {
            Self::Put { path, bytes } => {
                let secret = Secret::new(Zeroizing::new(bytes.clone()));
                let version = store.put(&an_admin(), &parsed(path), &secret, "text/plain", NOW)?;
                assert_eq!(version, world.secrets.get(path).map_or(0, |kept| kept.newest) + 1);
            }
            Self::Delete { path } => {
                let deleted = store.delete(&an_admin(), &parsed(path))?;
                let there = world.secrets.get(path).is_some_and(|kept| !kept.versions.is_empty());
                assert_eq!(deleted, there);
            }
            Self::Conclude(decided) => {
                let concluded = decided.conclude(store, &decided.body)?;
                assert!(matches!(concluded, Concluded::Recorded(_)), "{concluded:?}");
            }
            Self::Release(record) => {
                while store.record_release(record, &[POLICY], &*store.settings()?, None)?.is_none() {}
            }
            Self::Denial(record) => {
                assert_eq!(store.record_denial(record, &[POLICY])?, Some(record.id()));
            }
            Self::Change(changes) => {
                let changes: Vec<_> = changes
                    .iter()
                    .map(|(kind, name, content)| (*kind, name.as_str(), content.as_deref()))
                    .collect();
                assert_eq!(store.change(&changes, "test", NOW)?, world.epoch + 1);
            }
            Self::Rotate { purpose, key } => {
                let version = store.rotate(*purpose, NOW, || Ok(Zeroizing::new(key.clone())))?;
                assert_eq!(version, newest(world, *purpose) + 1);
            }
            Self::ForgetKeys { purpose, below } => store.forget_keys(*purpose, *below)?,
            Self::ForgetSessions { before } => assert!(!store.forget_sessions(*before)?),
        }
        Ok(())
    }

    /// What the world is after it.
    pub(super) fn apply(&self, world: &mut World) {
        match self {
            Self::Put { path, bytes } => {
                let kept: &mut Kept = world.secrets.entry(path.clone()).or_default();
                kept.newest += 1;
                kept.versions.push((kept.newest, bytes.clone()));
                let surplus = kept.versions.len().saturating_sub(16);
                kept.versions.drain(..surplus);
            }
            Self::Delete { path } => world.secrets.entry(path.clone()).or_default().versions.clear(),
            Self::Conclude(decided) => decided.apply(world),
            Self::Release(record) => {
                *world.records.entry(record.id()).or_default() += 1;
                world.taken += length(&record.encode()) + length(POLICY);
            }
            Self::Denial(record) => {
                *world.records.entry(record.id()).or_default() += 1;
                let size = length(&record.encode()) + length(POLICY);
                world.taken += size;
                world.denied += size;
            }
            Self::Change(changes) => {
                world.epoch += 1;
                for (kind, name, content) in changes {
                    let key = (*kind, name.clone());
                    match content {
                        Some(content) => drop(world.settings.insert(key, content.clone())),
                        None => drop(world.settings.remove(&key)),
                    }
                }
            }
            Self::Rotate { purpose, key } => {
                let version = newest(world, *purpose) + 1;
                world.keys.entry(purpose.name()).or_default().push((version, key.clone()));
            }
            Self::ForgetKeys { purpose, below } => {
                if let Some(keys) = world.keys.get_mut(purpose.name()) {
                    keys.retain(|(version, _)| version >= below);
                }
            }
            Self::ForgetSessions { before } => {
                world.sessions.retain(|_, session| session.expires >= before.secs());
            }
        }
    }
}

impl Decided {
    /// Concludes on this body.
    pub(super) fn conclude(&self, store: &Store, body: &[u8]) -> Result<Concluded, StoreError> {
        let policy = format!("policy {}", self.inputs).into_bytes();
        let set = InputSet {
            policy: Digest::of(&policy),
            reference_values: vec![],
            endorsements: vec![],
            danger_roots: vec![],
            attestation_policies: vec![],
            policy_reference_values: vec![],
        };
        store.conclude(&Conclusion {
            affirming: self.affirming(),
            nonce: self.nonce,
            body: Digest::of(body),
            answer: self.answer.clone(),
            expires: self.expires,
            record: &self.record,
            blobs: &[body],
            inputs: &Inputs::new(&set, vec![policy]),
        })
    }

    fn affirming(&self) -> bool {
        matches!(self.answer, Answer::Token(_))
    }

    fn apply(&self, world: &mut World) {
        let id = self.record.id();
        *world.records.entry(id).or_default() += 1;
        let (Answer::Token(answer) | Answer::Refused(answer)) = &self.answer;
        let size = length(&self.record.encode()) + length(&self.body) + length(answer.as_bytes());
        world.taken += size;
        if !self.affirming() {
            world.denied += size;
        }
        let spent = Spent {
            body: Digest::of(&self.body),
            decision: id,
            answer: self.answer.clone(),
            expires: self.expires.secs(),
        };
        world.sessions.insert(self.nonce.as_bytes().to_vec(), spent);
    }
}

fn newest(world: &World, purpose: KeyPurpose) -> u32 {
    world.keys.get(purpose.name()).and_then(|keys| keys.last()).map_or(0, |(version, _)| *version)
}

fn parsed(path: &str) -> ResourcePath {
    ResourcePath::parse(path).unwrap()
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap()
}

pub(super) const NOW: UnixTime = UnixTime::from_secs(1_775_000_000);
/// Seconds that the longest session lasts.
const LONGEST: u64 = 1000;
const POLICY: &[u8] = b"package policy";
