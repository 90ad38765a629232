//! The findings of one appraisal: checks, and what each does to the trust vector.

use crate::anchors::AnchorUse;
use crate::check::{Check, Fact, Outcome};
use crate::policy::{Policy, RevocationRule};
use crate::trust::{Tier, TrustVector, value};
use crate::x509::{Revocation, RevocationState};

/// Collects checks and lets the claims fall.
pub(super) struct Findings {
    vector: TrustVector,
    checks: Vec<Check>,
}

/// The claim that a rule bears on.
#[derive(Clone, Copy)]
pub(super) enum Claim {
    /// The hardware and its firmware.
    Hardware,
    /// How the guest is set up.
    Configuration,
}

impl Findings {
    /// Hardware and configuration start affirming: every rule below must hold for them to stay so.
    pub(super) fn new() -> Self {
        let vector = TrustVector {
            hardware: value::AFFIRMING,
            configuration: value::AFFIRMING,
            ..TrustVector::default()
        };
        Self { vector, checks: Vec::with_capacity(16) }
    }

    pub(super) fn into_parts(self) -> (TrustVector, Vec<Check>) {
        (self.vector, self.checks)
    }

    /// A rule of the policy: `found` is the AR4SI value that the claim falls to when it does not hold.
    pub(super) fn rule(
        &mut self,
        claim: Claim,
        id: &'static str,
        holds: bool,
        expected: impl Into<Fact>,
        actual: impl Into<Fact>,
        found: i8,
    ) {
        let outcome = if holds { Outcome::Pass } else { Outcome::Fail };
        self.note(id, outcome, expected, actual);
        if !holds {
            self.fall(claim, found);
        }
    }

    /// A rule about the guest's configuration, contraindicated when it does not hold.
    pub(super) fn configuration(
        &mut self,
        id: &'static str,
        holds: bool,
        expected: impl Into<Fact>,
        actual: impl Into<Fact>,
    ) {
        self.rule(Claim::Configuration, id, holds, expected, actual, value::CONTRAINDICATED);
    }

    /// A check without effect on the vector.
    pub(super) fn note(
        &mut self,
        id: &'static str,
        outcome: Outcome,
        expected: impl Into<Fact>,
        actual: impl Into<Fact>,
    ) {
        let (expected, actual) = (expected.into(), actual.into());
        self.checks.push(Check { id, outcome, expected, actual, source: POLICY });
    }

    /// Sets the claim on executables.
    pub(super) fn executables(&mut self, found: i8) {
        self.vector.executables = found;
    }

    /// Says that the instance is one of those the policy names.
    pub(super) fn known_instance(&mut self) {
        self.vector.instance_identity = value::AFFIRMING;
    }

    /// Nothing can be said of the hardware.
    pub(super) fn hardware_unknown(&mut self) {
        if Tier::of(self.vector.hardware) == Tier::Affirming {
            self.vector.hardware = value::NONE;
        }
    }

    /// A simulated root is contraindicated unless the policy names simulation.
    pub(super) fn anchor(&mut self, anchor: &AnchorUse, policy: &Policy) {
        let holds = !anchor.danger || policy.danger_accept_simulated;
        let expected = if policy.danger_accept_simulated {
            "a vendor's root or a danger_ root"
        } else {
            "a vendor's root"
        };
        let (actual, found) = (anchor.name.clone(), value::CONTRAINDICATED);
        self.rule(Claim::Hardware, "appraise.anchor", holds, expected, actual, found);
    }

    /// Init-data counts for what the host data of the evidence vouches for.
    pub(super) fn init_data(&mut self, bound: bool, policy: &Policy) {
        let actual = if bound { "equal to the digest of the init-data" } else { "not compared" };
        let expected = "host data that equals the digest of the init-data";
        if bound || policy.require_init_data {
            self.configuration("appraise.init-data", bound, expected, actual);
        } else {
            self.note("appraise.init-data", Outcome::NotChecked, expected, actual);
        }
    }

    /// Sample evidence proves nothing, whatever the policy.
    pub(super) fn sample(&mut self) {
        let found = value::CONTRAINDICATED;
        self.rule(
            Claim::Hardware,
            "appraise.sample",
            false,
            "evidence that hardware signed",
            "sample",
            found,
        );
        if Tier::of(self.vector.configuration) == Tier::Affirming {
            self.vector.configuration = value::NONE;
        }
    }

    /// One rule for all vendors: required and not good means not affirming; otherwise it is shown.
    pub(super) fn revocation(&mut self, revocations: &[Revocation], policy: &Policy) {
        for revocation in revocations {
            let actual = Fact::Map(vec![
                ("certificate", revocation.certificate.into()),
                ("crl", revocation.source.into()),
                ("state", Fact::from(revocation.state.to_string())),
            ]);
            let expected = "an authentic CRL inside its validity that does not list the certificate";
            match (&revocation.state, policy.revocation) {
                (RevocationState::Good, _) => self.note(REVOCATION, Outcome::Pass, expected, actual),
                (RevocationState::NotApplicable, _) => {
                    self.note(REVOCATION, Outcome::NotApplicable, Fact::None, actual);
                }
                (_, RevocationRule::IfAvailable) => {
                    self.note(REVOCATION, Outcome::NotChecked, expected, actual);
                }
                (_, RevocationRule::Required) => {
                    self.note(REVOCATION, Outcome::Fail, expected, actual);
                    self.fall(Claim::Hardware, value::UNSAFE_HARDWARE);
                }
            }
        }
    }

    fn fall(&mut self, claim: Claim, found: i8) {
        let current = match claim {
            Claim::Hardware => &mut self.vector.hardware,
            Claim::Configuration => &mut self.vector.configuration,
        };
        let fallen = Tier::of(*current).worse(Tier::of(found)) != Tier::of(*current);
        if fallen {
            *current = found;
        }
    }
}

const REVOCATION: &str = "appraise.revocation";
const POLICY: &str = "the appraisal policy";
