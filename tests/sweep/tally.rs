//! Numbers of flips, by what became of them.

use crate::exempt::RULES;
use crate::trial::{Outcome, Stage};

/// Of one file, or of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) tried: u64,
    /// By [`Stage::ALL`].
    pub(crate) refused: [u64; Stage::ALL.len()],
    /// By [`RULES`]: tried, and accepted as the rule says.
    pub(crate) exempt: Vec<(u64, u64)>,
    /// Accepted without a rule, or with another verdict.
    pub(crate) accepted: u64,
    pub(crate) panicked: u64,
}

/// A flip that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) piece: usize,
    pub(crate) file: usize,
    pub(crate) byte: usize,
    pub(crate) bit: u8,
    pub(crate) what: String,
}

impl Default for Tally {
    fn default() -> Self {
        let refused = [0; Stage::ALL.len()];
        Self { tried: 0, refused, exempt: vec![(0, 0); RULES.len()], accepted: 0, panicked: 0 }
    }
}

impl Tally {
    /// Counts a flip; says what is wrong with it, if it must not be.
    pub(crate) fn count(&mut self, rule: Option<usize>, outcome: &Outcome) -> Option<String> {
        self.tried += 1;
        let may_differ = rule.and_then(|rule| RULES.get(rule)?.differs);
        let exempt = rule.and_then(|rule| self.exempt.get_mut(rule));
        match (outcome, exempt) {
            (Outcome::Refused(stage), exempt) => {
                exempt.into_iter().for_each(|(tried, _)| *tried += 1);
                let refused = Stage::ALL.iter().zip(&mut self.refused).find(|(known, _)| *known == stage);
                refused.into_iter().for_each(|(_, count)| *count += 1);
                None
            }
            (Outcome::Same, Some((tried, accepted))) => {
                *tried += 1;
                *accepted += 1;
                None
            }
            (Outcome::Different(difference), Some((tried, accepted)))
                if may_differ == Some(difference.as_str()) =>
            {
                *tried += 1;
                *accepted += 1;
                None
            }
            (Outcome::Same, None) => {
                self.accepted += 1;
                Some("accepted as before".to_owned())
            }
            (Outcome::Different(difference), _) => {
                self.accepted += 1;
                Some(format!("accepted with another verdict: {difference}"))
            }
            (Outcome::Panicked(message), _) => {
                self.panicked += 1;
                Some(format!("panicked: {message}"))
            }
        }
    }

    /// Adds another's numbers.
    pub(crate) fn add(&mut self, other: &Self) {
        self.tried += other.tried;
        self.accepted += other.accepted;
        self.panicked += other.panicked;
        self.refused.iter_mut().zip(&other.refused).for_each(|(sum, count)| *sum += count);
        for ((tried, accepted), (more_tried, more_accepted)) in self.exempt.iter_mut().zip(&other.exempt) {
            *tried += more_tried;
            *accepted += more_accepted;
        }
    }

    /// All that were refused.
    pub(crate) fn all_refused(&self) -> u64 {
        self.refused.iter().sum()
    }

    /// Accepted under a rule.
    pub(crate) fn exempt_accepted(&self) -> u64 {
        self.exempt.iter().map(|(_, accepted)| accepted).sum()
    }
}
