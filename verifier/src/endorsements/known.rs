//! What came inside evidence and was verified: intermediates, and the certificates of machines.
//!
//! Nothing here is a verdict. A certificate that is known is the same object again, with the memory of its own signature
//! beside it; names, rights, time and revocation are asked anew at every use.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::crypto::KeyId;
use crate::time::UnixTime;
use crate::x509::Certificate;

/// Whose a certificate is, by what its vendor certifies: a machine has one place, however many certificates its vendor
/// issues for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MachineId {
    /// An Intel platform, by the PPID of its PCK certificates.
    Platform([u8; 16]),
    /// An AMD chip, by the hwID of its VCEKs.
    Chip(Vec<u8>),
    /// A cloud's VLEK, by its key.
    Key(KeyId),
}

/// What a set of endorsements knows besides what it was given.
#[derive(Debug, Default)]
pub(super) struct Known {
    issuers: Mutex<Vec<Arc<Certificate>>>,
    machines: Mutex<Machines>,
}

#[derive(Debug, Default)]
struct Machines {
    certificates: BTreeMap<Box<[u8]>, (MachineId, Arc<Certificate>)>,
    places: BTreeMap<MachineId, Box<[u8]>>,
    /// No certificate is over before this.
    first_end: Option<UnixTime>,
}

impl Known {
    pub(super) fn issuer(&self, der: &[u8], now: UnixTime) -> Option<Arc<Certificate>> {
        let mut issuers = held(&self.issuers);
        let place = issuers.iter().position(|issuer| issuer.der() == der)?;
        if is_over(issuers.get(place)?, now) {
            issuers.remove(place);
            return None;
        }
        issuers.get(place).cloned()
    }

    pub(super) fn remember_issuer(&self, certificate: &Arc<Certificate>, now: UnixTime) {
        let mut issuers = held(&self.issuers);
        if issuers.iter().any(|issuer| issuer.der() == certificate.der()) {
            return;
        }
        issuers.retain(|issuer| !is_over(issuer, now));
        if issuers.len() >= MAX_ISSUERS {
            issuers.remove(0);
        }
        issuers.push(Arc::clone(certificate));
    }

    pub(super) fn leaf(&self, der: &[u8], now: UnixTime) -> Option<Arc<Certificate>> {
        let mut machines = held(&self.machines);
        let (_, leaf) = machines.certificates.get(der)?;
        if is_over(leaf, now) {
            machines.remove(der);
            return None;
        }
        Some(Arc::clone(leaf))
    }

    pub(super) fn remember_leaf(&self, machine: MachineId, certificate: &Arc<Certificate>, now: UnixTime) {
        let mut machines = held(&self.machines);
        if machines.certificates.contains_key(certificate.der()) {
            return;
        }
        if let Some(former) = machines.places.get(&machine).cloned() {
            machines.remove(&former);
        }
        if machines.places.len() >= MAX_MACHINES && machines.first_end.is_some_and(|end| end < now) {
            machines.purge(now);
        }
        if machines.places.len() < MAX_MACHINES {
            machines.insert(machine, certificate);
        }
    }

    pub(super) fn forget_leaves(&self) {
        *held(&self.machines) = Machines::default();
    }
}

impl Machines {
    fn insert(&mut self, machine: MachineId, certificate: &Arc<Certificate>) {
        let (der, end): (Box<[u8]>, _) = (certificate.der().into(), certificate.validity().not_after);
        self.first_end = Some(self.first_end.map_or(end, |first| first.min(end)));
        self.places.insert(machine.clone(), der.clone());
        self.certificates.insert(der, (machine, Arc::clone(certificate)));
    }

    fn remove(&mut self, der: &[u8]) {
        if let Some((machine, _)) = self.certificates.remove(der) {
            self.places.remove(&machine);
        }
    }

    /// Takes away what is over. Not done at every newcomer: whoever comes to a full memory must not make others wait.
    fn purge(&mut self, now: UnixTime) {
        self.certificates.retain(|_, (_, leaf)| !is_over(leaf, now));
        let kept: BTreeMap<_, _> =
            self.certificates.iter().map(|(der, (machine, _))| (machine.clone(), der.clone())).collect();
        self.places = kept;
        self.first_end = self.certificates.values().map(|(_, leaf)| leaf.validity().not_after).min();
    }
}

fn is_over(certificate: &Certificate, now: UnixTime) -> bool {
    certificate.validity().not_after < now
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Intel has two PCK CAs for each root generation, AMD one ASK and one ASVK for each product.
const MAX_ISSUERS: usize = 32;
/// Machines that are remembered: two to four megabytes.
const MAX_MACHINES: usize = 1024;
