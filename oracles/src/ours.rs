//! Our verifier behind one call.

use std::collections::BTreeSet;

use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::endorsements::Endorsements;
use verifier::expected::Expected;
use verifier::policy::Policy;
use verifier::time::UnixTime;
use verifier::trust::Scope;
use verifier::verdict::{Context, assess};

/// What our verifier says, as far as a peer says the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether the bytes are believed.
    pub verified: bool,
    /// The exit code of `vouchsafe verify --appraise hardware`.
    pub exit_code: u8,
    /// Intel's word for the TCB.
    pub tcb: Option<&'static str>,
    /// The rule that ended the verification.
    pub error: Option<&'static str>,
    /// The checks that failed.
    pub failed: BTreeSet<&'static str>,
}

impl Answer {
    /// Genuine, and good hardware; `tcb` is Intel's word.
    pub fn good(tcb: Option<&'static str>) -> Self {
        Self { verified: true, exit_code: 0, tcb, error: None, failed: BTreeSet::new() }
    }
}

/// Asks our verifier under the production profile, with this root pinned as a simulated one and accepted as such.
pub fn ask(evidence: &[u8], endorsements: &[&[u8]], root: &[u8], now: i64) -> Answer {
    let mut anchors = Anchors::vendor().expect("the vendors' roots");
    anchors.danger_add("danger_oracle", root).expect("a minted root");
    let mut given = Endorsements::new();
    for (number, bytes) in endorsements.iter().enumerate() {
        given.add(&number.to_string(), bytes).expect("a minted endorsement is recognised");
    }
    let policy = Policy { danger_accept_simulated: true, ..Policy::default() };
    let context = Context {
        endorsements: &given,
        anchors: &anchors,
        expected: &Expected::report_data([0x11; 64]),
        wanted: Wanted { reference_values: &Default::default(), expectations: &[] },
        policy: &policy,
        scope: Scope::Hardware,
    };
    let verdict = assess(evidence, None, &context, UnixTime::from_secs(now));
    Answer {
        verified: verdict.verified,
        exit_code: verdict.exit_code(),
        tcb: verdict.tcb.status,
        error: verdict.error.as_ref().map(|error| error.kind),
        failed: verdict.failed().map(|check| check.id).collect(),
    }
}
