//! One accepted case: its files, and who asks when.

use std::collections::HashSet;
use std::sync::Arc;

use reference_values::ReferenceValues;
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::endorsements::Endorsements;
use verifier::evidence::Tee;
use verifier::expected::Expected;
use verifier::policy::Policy;
use verifier::time::UnixTime;
use verifier::trust::Scope;
use verifier::verdict::{Context, Verdict, assess};

/// One accepted case. Its first file is the evidence, the others are endorsements.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Where it comes from: `fixtures/snp/…`, `minted/…`.
    pub(crate) name: String,
    pub(crate) tee: Tee,
    pub(crate) files: Vec<File>,
    pub(crate) asked: Asked,
}

/// A file that is read for a case.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// What a verdict depends on besides the files.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) anchors: Arc<Anchors>,
    pub(crate) expected: Expected,
    pub(crate) policy: Policy,
    pub(crate) at: UnixTime,
}

impl File {
    pub(crate) fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: bytes.into() }
    }
}

impl Piece {
    /// The evidence, which is the first file.
    pub(crate) fn evidence(&self) -> &[u8] {
        self.files.first().map_or(&[], |file| &file.bytes)
    }

    /// The endorsements, parsed anew: nothing is remembered from earlier ones.
    pub(crate) fn endorsements(&self) -> Endorsements {
        collect(self.files.iter().skip(1).map(|file| (file.name.as_str(), file.bytes.as_slice())))
    }

    /// The same with other bytes in the place of file number `index`.
    pub(crate) fn endorsements_with(&self, index: usize, bytes: &[u8]) -> Endorsements {
        let files = self.files.iter().enumerate().skip(1);
        collect(files.map(|(i, file)| (file.name.as_str(), if i == index { bytes } else { &file.bytes })))
    }

    /// The whole trip: decode, parse, verify, appraise.
    pub(crate) fn judge(&self, evidence: &[u8], endorsements: &Endorsements) -> Verdict {
        let Asked { anchors, expected, policy, at } = &self.asked;
        let context = Context {
            endorsements,
            anchors,
            expected,
            wanted: Wanted { reference_values: &ReferenceValues::default(), expectations: &[] },
            policy,
            scope: Scope::Hardware,
        };
        assess(evidence, Some(self.tee), &context, *at)
    }
}

/// By piece and file: whether an earlier piece has the same bytes at the same instant, as three quotes under one
/// collateral have. Those are swept once.
pub(crate) fn repeats(pieces: &[Piece]) -> Vec<Vec<bool>> {
    let mut seen = HashSet::new();
    let mut repeats = |piece: &'_ Piece| {
        piece.files.iter().map(|file| !seen.insert((file.bytes.clone(), piece.asked.at.secs()))).collect()
    };
    pieces.iter().map(&mut repeats).collect()
}

/// A flip changes no size, and no case has many files: all of them are taken.
fn collect<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Endorsements {
    let mut endorsements = Endorsements::new();
    for (name, bytes) in files {
        endorsements.add(name, bytes).expect("an endorsement is within the limits");
    }
    endorsements
}
