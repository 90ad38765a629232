//! What the verifier says of one minted case, as a whole value, and that the verdict says the same.

use std::sync::LazyLock;

use reference_values::ReferenceValues;
use system_tests::minted::{NOW, REPORT_DATA};
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::check::{Check, Outcome, Trail};
use verifier::endorsements::Endorsements;
use verifier::error::{ParseError, VerifyError};
use verifier::evidence::{Evidence, EvidenceInput, Tee};
use verifier::expected::Expected;
use verifier::policy::Policy;
use verifier::time::UnixTime;
use verifier::trust::{Scope, Tier};
use verifier::verdict::{Context, Stage, Verdict, assess};
use verifier::verify::{VerifiedEvidence, verify};

use crate::vectors::record;

/// Evidence, what was given beside it, and who asks when.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) evidence: Vec<u8>,
    pub(crate) tee: Option<Tee>,
    pub(crate) endorsements: Vec<(&'static str, Vec<u8>)>,
    /// Simulated roots that are pinned beside the vendors'.
    pub(crate) roots: Vec<Vec<u8>>,
    pub(crate) expected: Expected,
    pub(crate) now: i64,
}

/// What somebody asks of a case beside what lies in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) scope: Scope,
    pub(crate) wanted: Wanted<'a>,
}

/// Why a case is not believed.
#[derive(Debug, PartialEq)]
pub(crate) enum Refused {
    Parse(ParseError),
    Verify(VerifyError),
}

impl<'a> Asked<'a> {
    /// Without reference values.
    pub(crate) fn of(policy: &'a Policy, scope: Scope) -> Self {
        static NONE: LazyLock<ReferenceValues> = LazyLock::new(ReferenceValues::default);
        Self { policy, scope, wanted: Wanted { reference_values: &NONE, expectations: &[] } }
    }
}

impl Case {
    /// Asked at the instant of minting, with the report data of all minted evidence.
    pub(crate) fn new(evidence: Vec<u8>, endorsements: Vec<(&'static str, Vec<u8>)>, root: Vec<u8>) -> Self {
        let expected = Expected::report_data(REPORT_DATA);
        Self { evidence, tee: None, endorsements, roots: vec![root], expected, now: NOW }
    }

    /// The same without the endorsement of this name.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.endorsements.retain(|(given, _)| *given != name);
        self
    }

    /// The same with another endorsement under this name, or with one more.
    pub(crate) fn with(self, name: &'static str, content: Vec<u8>) -> Self {
        let mut changed = self.without(name);
        changed.endorsements.push((name, content));
        changed
    }

    /// Whether and why it is refused. The verdict on the same case must agree in every part that says so, whether the policy
    /// accepts simulated roots or not.
    pub(crate) fn outcome(&self) -> Result<(), Refused> {
        let (outcome, _) = self.verified_stating(&["verified", "error"]);
        for policy in [Policy::default(), accepting()] {
            let verdict = self.judged(&Asked::of(&policy, Scope::Hardware));
            match &outcome {
                Ok(_) => assert!(verdict.verified, "{:?}", verdict.error),
                Err(refused) => agree(refused, &verdict),
            }
        }
        outcome.map(|_| ())
    }

    /// The verified evidence, or why there is none; and the checks on the way.
    pub(crate) fn verified(&self) -> (Result<VerifiedEvidence, Refused>, Vec<Check>) {
        self.verified_stating(&[])
    }

    /// The same for a test that states these members of the verdict. It names no policy: the vector is of one that takes the
    /// simulated root for a vendor's, so that nothing but the case itself decides.
    pub(crate) fn verified_stating(
        &self,
        stated: &[&str],
    ) -> (Result<VerifiedEvidence, Refused>, Vec<Check>) {
        record::record(self, &Asked::of(&accepting(), Scope::Hardware), stated);
        self.verify()
    }

    /// Verifies twice, and nothing else.
    pub(crate) fn verify(&self) -> (Result<VerifiedEvidence, Refused>, Vec<Check>) {
        let mut trail = Trail::new();
        let input = match EvidenceInput::decode(&self.evidence, self.tee) {
            Ok(input) => input,
            Err(error) => return (Err(Refused::Parse(error)), Vec::new()),
        };
        let evidence = match Evidence::parse(&input) {
            Ok(evidence) => evidence,
            Err(error) => return (Err(Refused::Parse(error)), Vec::new()),
        };
        let (endorsements, anchors) = (self.endorsements(), self.anchors());
        let now = UnixTime::from_secs(self.now);
        let verified = verify(&evidence, &endorsements, &anchors, &self.expected, now, &mut trail);
        // What the first verification left in memory changes neither the outcome nor a check of the second.
        let mut again = Trail::new();
        let warm = verify(&evidence, &endorsements, &anchors, &self.expected, now, &mut again);
        assert_eq!((warm.err(), again.checks()), (verified.as_ref().err().cloned(), trail.checks()));
        (verified.map_err(Refused::Verify), trail.into_checks())
    }

    /// The verdict without reference values, for a test that states these members of it.
    pub(crate) fn verdict_stating(&self, stated: &[&str], policy: &Policy, scope: Scope) -> Verdict {
        self.answer(stated, &Asked::of(policy, scope))
    }

    /// The verdict without reference values.
    pub(crate) fn verdict(&self, policy: &Policy, scope: Scope) -> Verdict {
        self.verdict_stating(&[], policy, scope)
    }

    /// The verdict. Each that a test of `record::TESTS` asks for is a vector for other verifiers too, with what it states.
    pub(crate) fn answer(&self, stated: &[&str], asked: &Asked<'_>) -> Verdict {
        record::record(self, asked, stated);
        self.judged(asked)
    }

    /// The same, and nothing else.
    pub(crate) fn judged(&self, asked: &Asked<'_>) -> Verdict {
        let (endorsements, anchors) = (self.endorsements(), self.anchors());
        let context = Context {
            endorsements: &endorsements,
            anchors: &anchors,
            expected: &self.expected,
            wanted: asked.wanted,
            policy: asked.policy,
            scope: asked.scope,
        };
        assess(&self.evidence, self.tee, &context, UnixTime::from_secs(self.now))
    }

    pub(crate) fn endorsements(&self) -> Endorsements {
        let mut endorsements = Endorsements::new();
        for (name, content) in &self.endorsements {
            endorsements.add(name, content).unwrap();
        }
        endorsements
    }

    pub(crate) fn anchors(&self) -> Anchors {
        let mut anchors = Anchors::vendor().unwrap();
        for (number, root) in self.roots.iter().enumerate() {
            anchors.danger_add(&format!("danger_test_{number}"), root).unwrap();
        }
        anchors
    }
}

/// The production profile, with the simulated root accepted.
pub(crate) fn accepting() -> Policy {
    Policy { danger_accept_simulated: true, ..Policy::default() }
}

/// Puts each case beside what it must come to and names those that come to something else.
pub(crate) fn all(cases: impl IntoIterator<Item = (String, Case, Result<(), Refused>)>) {
    let mut count = 0;
    for (name, case, expected) in cases {
        record::title(&name);
        assert_eq!(case.outcome(), expected, "{name}");
        count += 1;
    }
    record::title("");
    assert_ne!(count, 0, "no case was tried");
}

/// Kind, stage, words, tier and exit code of a refusal.
fn agree(refused: &Refused, verdict: &Verdict) {
    let (kind, words, stage, exit_code) = match refused {
        Refused::Parse(error) => (error.kind(), error.to_string(), Stage::Parse, 3),
        Refused::Verify(error) => {
            let (stage, exit_code) = match error {
                VerifyError::Missing(_) => (Stage::Endorsements, 4),
                VerifyError::Unfitting { .. } => (Stage::Endorsements, 3),
                VerifyError::Snp(_)
                | VerifyError::Dcap(_)
                | VerifyError::Binding(_)
                | VerifyError::EventLog(_) => (Stage::Verify, 3),
            };
            (error.kind(), error.to_string(), stage, exit_code)
        }
    };
    let error = verdict.error.as_ref().unwrap();
    assert_eq!((error.stage, error.kind), (stage, kind), "{refused:?}");
    assert!(error.message.starts_with(&words), "{} does not begin with {words}", error.message);
    let told = (verdict.verified, verdict.tier, verdict.exit_code());
    assert_eq!(told, (false, Tier::None, exit_code), "{refused:?}");
    if stage == Stage::Verify {
        let last = verdict.checks.last().map(|check| check.outcome);
        assert_eq!(last, Some(Outcome::Fail), "{refused:?}");
    }
}
