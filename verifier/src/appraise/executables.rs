//! Whether what booted is what the operator knows.

use reference_values::{Key, Mismatch, ReferenceValues, Value};

use super::finding::Findings;
use crate::check::{Fact, Outcome};
use crate::evidence::Tee;
use crate::trust::value;

/// What the operator wants to see.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Alternatives: one entry of the evidence's TEE must match as a whole.
    pub reference_values: &'a ReferenceValues,
    /// Expectations: every one must match.
    pub expectations: &'a [(Key, Value)],
}

/// Compares and sets the claim: every wanted value equal affirms, one that differs warns, none known says nothing.
pub(super) fn appraise(
    tee: Tee,
    actual: impl Fn(Key) -> Option<Value>,
    wanted: &Wanted<'_>,
    findings: &mut Findings,
) {
    let mut matched: Vec<Key> = Vec::new();
    let mut entry_matched = false;
    let mut differs = false;
    for (key, value) in wanted.expectations {
        let found = actual(*key);
        let equal = found.as_ref().is_some_and(|found| key.accepts(value, found));
        let outcome = if equal { Outcome::Pass } else { Outcome::Fail };
        let (expected, actual) =
            (labelled(*key, fact(value)), labelled(*key, found.as_ref().map_or(Fact::None, fact)));
        findings.note("appraise.expectation", outcome, expected, actual);
        differs |= !equal;
        matched.push(*key);
    }
    match closest(tee, &actual, wanted.reference_values) {
        Closest::NoEntry => {
            let outcome =
                if wanted.expectations.is_empty() { Outcome::NotChecked } else { Outcome::NotApplicable };
            findings.note(REFERENCE, outcome, "a reference value for this TEE", Fact::None);
        }
        Closest::Match(name, keys) => {
            findings.note(REFERENCE, Outcome::Pass, "an entry that matches as a whole", name.to_owned());
            // Software extends an RTMR, so beside another MRTD it may hold anything. What is asked for one verdict by
            // name is the asker's to know; an entry that releases keys must say what extended it.
            let rooted = keys.contains(&Key::MrTd);
            // And a signer has other enclaves, and old versions of this one.
            let version = keys.contains(&Key::IsvSvn) || keys.contains(&Key::MinIsvSvn);
            let told_apart = version && keys.contains(&Key::IsvProdId);
            matched.extend(keys.into_iter().filter(|key| match key {
                Key::MrSigner => told_apart,
                key => rooted || !is_rtmr(*key),
            }));
            entry_matched = true;
        }
        Closest::Differs(name, mismatches) => {
            differs = true;
            for mismatch in mismatches {
                let expected = Fact::List(mismatch.wanted.iter().take(MAX_SHOWN).map(fact).collect());
                let expected = Fact::Map(vec![
                    ("entry", Fact::from(name.to_owned())),
                    ("key", mismatch.key.as_str().into()),
                    ("one_of", expected),
                ]);
                let found = mismatch.actual.as_ref().map_or(Fact::None, fact);
                findings.note(REFERENCE, Outcome::Fail, expected, labelled(mismatch.key, found));
            }
        }
    }
    findings.executables(claim(differs, coverage(&matched)));
    let something = entry_matched || !matched.is_empty();
    if !differs && something && !matched.iter().any(|key| measures_code(*key)) {
        findings.note(
            "appraise.executables",
            Outcome::NotChecked,
            "a wanted value that measures what runs (launch digest, MRTD, an RTMR beside it, MRENCLAVE, a signer beside \
             isv-prod-id and isv-svn or min-isv-svn)",
            Fact::List(matched.iter().map(|key| key.as_str().into()).collect()),
        );
    }
}

enum Closest<'a> {
    NoEntry,
    Match(&'a str, Vec<Key>),
    Differs(&'a str, Vec<Mismatch<'a>>),
}

/// The entry that matches, or the one with the fewest differences: that one explains a refusal best.
fn closest<'a>(
    tee: Tee,
    actual: &impl Fn(Key) -> Option<Value>,
    reference_values: &'a ReferenceValues,
) -> Closest<'a> {
    let mut closest = Closest::NoEntry;
    for entry in reference_values.entries().iter().filter(|entry| entry.tee() == tee.as_str()) {
        match entry.compare(actual) {
            Ok(()) => {
                let keys = entry.wanted().iter().map(|(key, _)| *key).collect();
                return Closest::Match(entry.name(), keys);
            }
            Err(mismatches) => match &closest {
                Closest::Differs(_, fewest) if fewest.len() <= mismatches.len() => {}
                _ => closest = Closest::Differs(entry.name(), mismatches),
            },
        }
    }
    closest
}

#[derive(Clone, Copy)]
enum Coverage {
    Nothing,
    Boot,
    Runtime,
}

fn coverage(matched: &[Key]) -> Coverage {
    let runtime = [Key::MrTd, Key::Rtmr0, Key::Rtmr1, Key::Rtmr2, Key::Rtmr3];
    if runtime.iter().all(|key| matched.contains(key)) {
        Coverage::Runtime
    } else if matched.iter().any(|key| measures_code(*key)) {
        Coverage::Boot
    } else {
        Coverage::Nothing
    }
}

const fn claim(differs: bool, coverage: Coverage) -> i8 {
    match (differs, coverage) {
        (true, _) => value::UNRECOGNIZED_RUNTIME,
        (false, Coverage::Runtime) => value::APPROVED_RUNTIME,
        (false, Coverage::Boot) => value::APPROVED_BOOT,
        (false, Coverage::Nothing) => value::NONE,
    }
}

/// Values that the hardware computed from code, or a key that vouches for the code; what the host merely handed in
/// (MRCONFIGID, HOST_DATA, security versions) identifies nothing by itself.
const fn measures_code(key: Key) -> bool {
    matches!(
        key,
        Key::LaunchDigest
            | Key::IdKeyDigest
            | Key::AuthorKeyDigest
            | Key::MrTd
            | Key::Rtmr0
            | Key::Rtmr1
            | Key::Rtmr2
            | Key::Rtmr3
            | Key::MrEnclave
            | Key::MrSigner
    )
}

const fn is_rtmr(key: Key) -> bool {
    matches!(key, Key::Rtmr0 | Key::Rtmr1 | Key::Rtmr2 | Key::Rtmr3)
}

fn labelled(key: Key, found: Fact) -> Fact {
    Fact::Map(vec![(key.as_str(), found)])
}

fn fact(value: &Value) -> Fact {
    match value {
        Value::Bytes(bytes) => Fact::hex(bytes),
        Value::Number(number) => Fact::Number(*number),
    }
}

/// The check of the reference values; where it passes, what was found is the name of the entry that matches.
pub(crate) const REFERENCE: &str = "appraise.reference-values";
/// Alternatives shown for one key in a failed check.
const MAX_SHOWN: usize = 8;
