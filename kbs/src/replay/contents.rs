//! Everything that a record names, found and held to its SHA-256 before anything is made of it.

use std::collections::BTreeMap;

use decision_log::{ATTESTATION, Digest, INPUTS, InputSet, Record};

use super::{Missing, ReplayError};

/// The contents of a record and of what it rests on, by their SHA-256.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    found: BTreeMap<Digest, Vec<u8>>,
    missing: Vec<Missing>,
    bytes: usize,
}

impl Contents {
    /// Finds everything that `record` names: what its inputs name too, and the attestation that it rests on with all of
    /// its own.
    ///
    /// # Errors
    /// All that is missing at once, and the first content that is another one than the record names.
    pub fn gather(record: &[u8], blobs: impl Fn(&Digest) -> Option<Vec<u8>>) -> Result<Self, ReplayError> {
        let mut contents = Self::default();
        let mut waiting = Record::decode(record)?.contents();
        // Ends: an attestation names no record, and inputs name nothing that names more.
        while let Some((what, digest)) = waiting.pop() {
            let Some(content) = contents.take(what, digest, &blobs)? else { continue };
            match what {
                INPUTS => waiting.extend(inputs(digest, content)?.contents()),
                ATTESTATION => waiting.extend(attestation(digest, content)?.contents()),
                _ => {}
            }
        }
        if contents.missing.is_empty() {
            return Ok(contents);
        }
        contents.missing.sort_by_key(|missing| (missing.what, missing.digest));
        Err(ReplayError::Missing(contents.missing))
    }

    /// Every content with its SHA-256.
    pub fn iter(&self) -> impl Iterator<Item = (&Digest, &[u8])> {
        self.found.iter().map(|(digest, content)| (digest, content.as_slice()))
    }

    pub(super) fn get(&self, what: &'static str, digest: &Digest) -> Result<&[u8], ReplayError> {
        let found = self.found.get(digest).map(Vec::as_slice);
        found.ok_or_else(|| ReplayError::Missing(vec![Missing { what, digest: *digest }]))
    }

    pub(super) fn text(&self, what: &'static str, digest: &Digest) -> Result<&str, ReplayError> {
        std::str::from_utf8(self.get(what, digest)?).map_err(|_| form(what, *digest, "not UTF-8 text"))
    }

    /// The content, when it was not taken before.
    fn take(
        &mut self,
        what: &'static str,
        digest: Digest,
        blobs: impl Fn(&Digest) -> Option<Vec<u8>>,
    ) -> Result<Option<&[u8]>, ReplayError> {
        if self.found.contains_key(&digest) {
            return Ok(None);
        }
        let Some(content) = blobs(&digest) else {
            // One content may have several names, such as a root that lies among the endorsements too.
            if !self.missing.iter().any(|missing| missing.digest == digest) {
                self.missing.push(Missing { what, digest });
            }
            return Ok(None);
        };
        let actual = Digest::of(&content);
        if actual != digest {
            return Err(ReplayError::Content { what, expected: digest, actual });
        }
        self.bytes = self.bytes.saturating_add(content.len());
        if self.bytes > TOTAL_BYTES || self.found.len() >= CONTENTS {
            return Err(form(what, digest, "the record names more than any decision rests on"));
        }
        Ok(Some(self.found.entry(digest).or_insert(content)))
    }
}

pub(super) fn inputs(digest: Digest, content: &[u8]) -> Result<InputSet, ReplayError> {
    InputSet::decode(content).map_err(|error| form(INPUTS, digest, &error))
}

/// The record of an attestation, and of nothing else.
pub(super) fn attestation(digest: Digest, content: &[u8]) -> Result<Record, ReplayError> {
    let record = Record::decode(content).map_err(|error| form(ATTESTATION, digest, &error))?;
    match record.rests_on() {
        None => Ok(record),
        Some(_) => Err(form(ATTESTATION, digest, "not the record of an attestation")),
    }
}

pub(super) fn form(what: &'static str, digest: Digest, reason: &(impl ToString + ?Sized)) -> ReplayError {
    ReplayError::Form { what, digest, reason: reason.to_string() }
}

/// Bytes of everything: a folder of endorsements has at most 256 MiB, the guest's part and the rest far less.
const TOTAL_BYTES: usize = 0x1400_0000;
/// Contents: a folder of endorsements has at most 65536 files; roots and reference values are configured one by one.
const CONTENTS: usize = 0x1_1000;
