//! The given certificates by what they are for, so that one verification does not read a whole fleet's.

use std::collections::BTreeMap;

use super::Endorsement;
use crate::dcap::TCB_SIGNER_NAME;
use crate::snp::{Vek, recognise};
use crate::x509::Certificate;

/// Certificates in the order in which they were given, and where to find which.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) all: Vec<Endorsement<Certificate>>,
    /// What each VCEK and VLEK says of its key, with its place.
    veks: Vec<(usize, Vek)>,
    /// The chip of VCEKs, in 64 bytes as reports have it, and their places among `veks`.
    by_chip: BTreeMap<[u8; 64], Vec<usize>>,
    /// Those of no chip, among `veks`.
    vleks: Vec<usize>,
    /// All that is neither VCEK nor VLEK.
    others: Vec<usize>,
    tcb_signers: Vec<usize>,
}

impl Given {
    pub(super) fn push(&mut self, certificate: Endorsement<Certificate>) {
        let (place, value) = (self.all.len(), &certificate.value);
        let vek = recognise(value).and_then(|words| Vek::read(value, words).ok());
        if value.subject_common_name() == Some(TCB_SIGNER_NAME) {
            self.tcb_signers.push(place);
        }
        match vek {
            Some(vek) => {
                let number = self.veks.len();
                match vek.chip_id.as_deref().and_then(padded) {
                    Some(chip) => self.by_chip.entry(chip).or_default().push(number),
                    None => self.vleks.push(number),
                }
                self.veks.push((place, vek));
            }
            None => self.others.push(place),
        }
        self.all.push(certificate);
    }

    /// The VCEKs of this chip and all VLEKs; where the chip is masked (64 zeros), those of every chip. In the order given.
    pub(super) fn veks_of(&self, chip: &[u8; 64]) -> Vec<(&Endorsement<Certificate>, &Vek)> {
        let numbers: Vec<usize> = if *chip == [0; 64] {
            (0..self.veks.len()).collect()
        } else {
            let mut numbers = self.by_chip.get(chip).cloned().unwrap_or_default();
            numbers.extend(&self.vleks);
            numbers.sort_unstable();
            numbers
        };
        let of = |number: usize| {
            let (place, vek) = self.veks.get(number)?;
            Some((self.all.get(*place)?, vek))
        };
        numbers.into_iter().filter_map(of).collect()
    }

    /// All that may be an authority.
    pub(super) fn others(&self) -> impl Iterator<Item = &Endorsement<Certificate>> + Clone {
        self.others.iter().filter_map(|place| self.all.get(*place))
    }

    /// Those by whose name Intel signs TCB info and identities.
    pub(super) fn tcb_signers(&self) -> impl Iterator<Item = &Endorsement<Certificate>> + Clone {
        self.tcb_signers.iter().filter_map(|place| self.all.get(*place))
    }
}

/// Turin's ids have 8 bytes; reports fill them with zeros.
fn padded(chip: &[u8]) -> Option<[u8; 64]> {
    let mut padded = [0; 64];
    padded.get_mut(..chip.len())?.copy_from_slice(chip);
    Some(padded)
}
