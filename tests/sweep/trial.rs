//! What became of one flip, compared with the unflipped case.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use verifier::check::{Check, Fact};
use verifier::verdict::{self, Verdict};

/// Where a flip was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The bytes are no evidence.
    Parse,
    /// An endorsement is wanting: what was flipped is none any more, or another's.
    Endorsements,
    /// A rule of verification failed.
    Verify,
    /// Believed, with a failed check that the unflipped case does not have: a CRL that says nothing any more.
    Appraise,
}

impl Stage {
    /// All, in the order of the trip.
    pub(crate) const ALL: [Self; 4] = [Self::Parse, Self::Endorsements, Self::Verify, Self::Appraise];

    /// The name in the log.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Endorsements => "endorsements",
            Self::Verify => "verify",
            Self::Appraise => "appraise",
        }
    }
}

/// What became of a flip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Not accepted as before.
    Refused(Stage),
    /// Accepted with the verdict of the unflipped case.
    Same,
    /// Accepted with another verdict: what differs.
    Different(String),
    /// The message.
    Panicked(String),
}

/// The unflipped case's verdict.
#[derive(Debug)]
pub(crate) struct Base {
    verdict: Verdict,
    failed: BTreeMap<&'static str, usize>,
}

impl Base {
    /// A case that is accepted: its evidence is believed, whatever its tier.
    pub(crate) fn new(verdict: Verdict) -> anyhow::Result<Self> {
        anyhow::ensure!(verdict.verified, "not accepted to begin with: {:?}", verdict.error);
        Ok(Self { failed: count(verdict.failed()), verdict })
    }

    /// Judges, and compares with the unflipped case.
    pub(crate) fn compare(&self, judge: impl FnOnce() -> Verdict) -> Outcome {
        // Nothing that the closure borrows is looked at after a panic but to report it.
        match catch_unwind(AssertUnwindSafe(judge)) {
            Err(_) => Outcome::Panicked(PANIC.take()),
            Ok(flipped) => self.outcome(&flipped),
        }
    }

    fn outcome(&self, flipped: &Verdict) -> Outcome {
        if let Some(stage) = self.refused(flipped) {
            return Outcome::Refused(stage);
        }
        match self.difference(flipped) {
            None => Outcome::Same,
            Some(difference) => Outcome::Different(difference),
        }
    }

    fn refused(&self, flipped: &Verdict) -> Option<Stage> {
        if let Some(error) = &flipped.error {
            let stage = match error.stage {
                verdict::Stage::Parse => Stage::Parse,
                verdict::Stage::Endorsements => Stage::Endorsements,
                verdict::Stage::Verify => Stage::Verify,
            };
            // A quote without collateral is believed with its TCB unknown; that is no refusal where it was so before.
            if !flipped.verified || self.verdict.error.is_none() {
                return Some(stage);
            }
        }
        let before = |id: &str| self.failed.get(id).copied().unwrap_or(0);
        let more = count(flipped.failed()).iter().any(|(id, count)| *count > before(id));
        (more && flipped.exit_code() >= self.verdict.exit_code()).then_some(Stage::Appraise)
    }

    /// What differs between the verdicts. Which of the given files took part is no part of it: a flipped file that
    /// nobody needs is listed by its name as before, or as unreadable.
    fn difference(&self, flipped: &Verdict) -> Option<String> {
        let base = &self.verdict;
        let uncounted = |verdict: &Verdict| {
            let (claims, trustee) = (without_count(&verdict.claims), without_count(&verdict.trustee));
            let unused_endorsements = Vec::new();
            Verdict { claims, trustee, unused_endorsements, ..verdict.clone() }
        };
        if base.checks != flipped.checks {
            let pairs = base.checks.iter().zip(&flipped.checks);
            let differing = pairs.clone().find(|(one, other)| one != other);
            return Some(differing.map_or_else(
                || format!("{} checks, before {}", flipped.checks.len(), base.checks.len()),
                |(one, other)| format!("check {}: {:?}, before {:?}", other.id, other.actual, one.actual),
            ));
        }
        let unused_endorsements = base.unused_endorsements.clone();
        let same = *base == Verdict { unused_endorsements, ..flipped.clone() };
        let longer = !same && uncounted(base) == uncounted(flipped);
        let words = if longer { LONGER } else { "claims, TCB, tier or error" };
        (!same).then(|| words.to_owned())
    }
}

/// Keeps the message of a panic for [`Base::compare`] instead of printing it.
pub(crate) fn keep_panics() {
    std::panic::set_hook(Box::new(|info| PANIC.set(info.to_string())));
}

/// Claims without the number of bytes after a quote.
fn without_count(claims: &Fact) -> Fact {
    match claims {
        Fact::Map(members) => {
            let kept = members.iter().filter(|(name, _)| *name != "trailing_bytes");
            Fact::Map(kept.map(|(name, value)| (*name, without_count(value))).collect())
        }
        other => other.clone(),
    }
}

fn count<'a>(checks: impl Iterator<Item = &'a Check>) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for check in checks {
        *counts.entry(check.id).or_default() += 1;
    }
    counts
}

/// The one difference that a rule of the table may name.
pub(crate) const LONGER: &str = "the number of bytes after the quote, and nothing else";

thread_local! {
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

#[cfg(test)]
mod tests;
