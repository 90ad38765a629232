//! How often a challenge was answered with what is not believed. A challenge is made once for one guest, and whoever has
//! one may be wrong some times; after that he begins anew with `/auth`, where the limits on strangers are.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::session::Nonce;

/// The challenges that were answered wrongly; of so many that were first answered so last.
#[derive(Debug, Default)]
pub(crate) struct Misses(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    of: HashMap<Nonce, u8>,
    order: VecDeque<Nonce>,
}

impl Misses {
    /// Whether this challenge was answered wrongly as often as it may be.
    pub(crate) fn are_too_many(&self, nonce: &Nonce) -> bool {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.of.get(nonce).is_some_and(|misses| *misses >= MOST)
    }

    /// Counts a wrong answer. Who wants to be forgotten has to answer [`KEPT`] other challenges wrongly.
    pub(crate) fn count(&self, nonce: Nonce) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Counted { of, order } = &mut *counted;
        let misses = of.entry(nonce).or_insert_with(|| {
            order.push_back(nonce);
            0
        });
        *misses = misses.saturating_add(1);
        if order.len() > KEPT
            && let Some(oldest) = order.pop_front()
        {
            of.remove(&oldest);
        }
    }
}

/// Wrong answers to one challenge.
pub(crate) const MOST: u8 = 4;
/// Challenges that are counted at a time: some megabytes.
const KEPT: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use kbs_protocol::HashAlgorithm;
    use verifier::evidence::Tee;
    use verifier::time::UnixTime;

    use super::*;
    use crate::session::Challenge;
    use crate::system::rng;

    fn nonce() -> Nonce {
        Challenge::new(Tee::Snp, HashAlgorithm::Sha384, UnixTime::from_secs(0), &mut rng()).nonce()
    }

    #[test]
    fn a_challenge_may_be_answered_wrongly_so_often_and_others_do_not_count() {
        let misses = Misses::default();
        let (one, other) = (nonce(), nonce());
        for _ in 0..MOST {
            assert!(!misses.are_too_many(&one));
            misses.count(one);
        }
        assert!(misses.are_too_many(&one));
        assert!(!misses.are_too_many(&other));
        // However often: the count does not come round.
        for _ in 0..300 {
            misses.count(one);
        }
        assert!(misses.are_too_many(&one));
    }

    #[test]
    fn so_many_challenges_are_counted_and_the_oldest_goes_first() {
        let misses = Misses::default();
        let (first, second) = (nonce(), nonce());
        for _ in 0..MOST {
            misses.count(first);
        }
        misses.count(second);
        for _ in 2..KEPT {
            misses.count(nonce());
        }
        assert!(misses.are_too_many(&first));
        misses.count(nonce());
        assert!(!misses.are_too_many(&first));
        let counted = misses.0.lock().unwrap();
        assert_eq!((counted.of.len(), counted.order.len()), (KEPT, KEPT));
    }
}
