//! Verified evidence to an attestation result: what we think of facts that are no longer in doubt.
//!
//! A bad appraisal is a value with every finding, not an error with the first one.

mod dcap;
mod deny;
mod enclave;
mod executables;
mod finding;
mod snp;
mod td;

use serde::Serialize;

use crate::check::{Check, Fact};
use crate::evidence::Tee;
use crate::policy::Policy;
use crate::time::UnixTime;
use crate::trust::TrustVector;
use crate::verify::{Verified, VerifiedEvidence};

pub(crate) use deny::DENIALS;
pub(crate) use executables::REFERENCE as REFERENCE_VALUES;
pub use executables::Wanted;
use finding::Findings;

/// What the appraisal found: the vector, the claims and every check of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationResult {
    /// The AR4SI vector.
    pub trust_vector: TrustVector,
    /// What is known of the platform's TCB.
    pub tcb: TcbReport,
    /// What the evidence says: common names first, then the TEE's own under its name.
    pub claims: Fact,
    /// The checks of the policy, in order.
    pub checks: Vec<Check>,
    /// The simulated root that the evidence ends at, if it does.
    pub danger_anchor: Option<String>,
}

/// The platform's TCB as a verdict shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TcbReport {
    /// Intel's merged status; SNP has none.
    pub status: Option<&'static str>,
    /// The date of the TCB level.
    pub date: Option<UnixTime>,
    /// Advisories that the platform's level is open to.
    pub advisories: Vec<String>,
    /// `tcbEvaluationDataNumber` of the collateral.
    pub evaluation_number: Option<u32>,
}

/// Judges verified evidence by reference values and policy. Asks nothing of the outside; lists every finding.
pub fn appraise(
    verified: &VerifiedEvidence,
    wanted: &Wanted<'_>,
    policy: &Policy,
    now: UnixTime,
) -> AttestationResult {
    let mut findings = Findings::new();
    findings.init_data(verified.host_data_bound(), policy);
    let (tcb, claims, danger_anchor) = match verified.facts() {
        Verified::Snp(verified) => {
            findings.anchor(verified.anchor(), policy);
            findings.revocation(verified.revocations(), policy);
            let tcb = snp::appraise(verified.facts(), policy, &mut findings);
            executables::appraise(Tee::Snp, |key| snp::value(verified.facts(), key), wanted, &mut findings);
            deny::snp(verified.facts(), &policy.deny, &mut findings);
            (tcb, snp::claims(verified.facts()), verified.anchor().danger_name())
        }
        Verified::Dcap(verified) => {
            findings.anchor(verified.anchor(), policy);
            findings.revocation(verified.revocations(), policy);
            let facts = verified.facts();
            let tcb = dcap::appraise(facts, verified.tcb(), policy, now, &mut findings);
            executables::appraise(facts.tee(), |key| dcap::value(facts, key), wanted, &mut findings);
            deny::dcap(facts, &policy.deny, &mut findings);
            (tcb, dcap::claims(facts, verified.tcb()), verified.anchor().danger_name())
        }
        Verified::Sample(sample) => {
            findings.sample();
            let own = (sample.tee.as_str(), Fact::Map(Vec::new()));
            let claims = vec![("report_data", Fact::hex(&sample.report_data)), own];
            (TcbReport::default(), Fact::Map(claims), Some("danger_accept_sample".to_owned()))
        }
    };
    let (trust_vector, checks) = findings.into_parts();
    AttestationResult { trust_vector, tcb, claims, checks, danger_anchor }
}
