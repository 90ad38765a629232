//! Tokens travel in headers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sim::intel::QuoteForm;
use verifier::check::{Check, Fact, Outcome};
use verifier::policy::Policy;
use verifier::result::{POLICY_BYTES_MAX, Profile, compact};
use verifier::verdict::Verdict;

use super::{judge, result};
use crate::minted_dcap::case::Dcap;
use crate::minted_snp::case::Snp;

/// Bytes of a token without init-data.
const TOKEN_MAX: usize = 16 << 10;

/// A policy of exactly the most bytes that a token repeats.
fn largest_policy() -> Policy {
    let mut policy = Policy { danger_accept_simulated: true, ..Policy::default() };
    let size = |policy: &Policy| serde_json::to_vec(policy).unwrap().len();
    policy.tcb.accept_advisories = vec![String::new()];
    let rest = POLICY_BYTES_MAX - size(&policy);
    policy.tcb.accept_advisories = vec!["I".repeat(rest)];
    assert_eq!(size(&policy), POLICY_BYTES_MAX);
    policy
}

/// Every check that was made failed, and a dozen more were not made.
fn loudest(mut verdict: Verdict) -> Verdict {
    for check in &mut verdict.checks {
        check.outcome = Outcome::Fail;
    }
    let ids: [&'static str; 12] = std::array::from_fn(|number| {
        let id: &'static str = Box::leak(format!("appraise.some.rule-{number:02}").into_boxed_str());
        id
    });
    let check =
        |id| Check { id, outcome: Outcome::NotChecked, expected: Fact::None, actual: Fact::None, source: "" };
    verdict.checks.extend(ids.map(check));
    verdict.tcb.advisories = (0..24).map(|number| format!("INTEL-SA-{number:05}")).collect();
    verdict
}

#[test]
fn a_token_stays_under_sixteen_kibibytes_whatever_the_policy() {
    for case in [Snp::good().mint(), Dcap::of(QuoteForm::TdxV5Td15Ex).mint(), Dcap::of(QuoteForm::Sgx).mint()]
    {
        let verdict = loudest(judge(&case, &largest_policy()));
        for profile in [Profile::Trustee, Profile::Ietf] {
            let claims = result(&verdict, profile);
            let echoed = claims.to_string().contains(&"I".repeat(1000));
            assert!(echoed, "the policy is repeated");
            let kid = URL_SAFE_NO_PAD.encode([0; 32]);
            let token = compact(&kid, claims.to_string().as_bytes(), |_| Ok::<_, ()>([0xff; 64])).unwrap();
            assert!(token.len() < TOKEN_MAX, "{:?} {profile:?}: {} bytes", verdict.tee, token.len());
        }
    }
}
