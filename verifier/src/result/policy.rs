//! What an attestation policy says of evidence, and the one rule by which it is joined with our own appraisal.

use serde_json::Value;

use crate::trust::{Tier, TrustVector};
use crate::verdict::Verdict;

/// The answer of an operator's attestation policy about one piece of evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyAppraisal {
    /// The id under which the policy was asked.
    pub id: String,
    /// SHA-256 of the policy's text.
    pub policy: [u8; 32],
    /// SHA-256 of the reference values that it could ask for, as one JSON object.
    pub reference_values: [u8; 32],
    /// What it claims; 0 asserts nothing.
    pub claims: TrustVector,
    /// What else it says, by name.
    pub extensions: Vec<(String, Value)>,
}

/// The vector of a result, and its tier: our own appraisal alone, or joined with a policy's.
///
/// The tier is never better than that of any claim in the vector (draft-ietf-rats-ear, section 3.2): a result that was
/// asked of the hardware alone still carries the warning about the executables.
pub fn appraised(verdict: &Verdict, policy: Option<&PolicyAppraisal>) -> (TrustVector, Tier) {
    let own = super::ear::vector(verdict);
    let (vector, tier) = match policy {
        // What is not believed is no policy's to judge.
        Some(policy) if verdict.error.is_none() => {
            let vector = join(&own, &policy.claims);
            (vector, vector.tier(verdict.enforced.scope))
        }
        _ => (own, verdict.tier),
    };
    let said = claims(&vector).into_iter().map(Tier::of).filter(|tier| *tier != Tier::None);
    (vector, said.fold(tier, Tier::worse))
}

/// Our claims and a policy's, claim by claim: the worse of the two where both say something, and what a policy says of
/// a claim that we leave open. A policy never lifts a claim of ours, nor our silence about the hardware: that is no
/// silence, the verifier looked and could not affirm it.
fn join(ours: &TrustVector, policy: &TrustVector) -> TrustVector {
    let open = |ours: i8, policy: i8| if ours == 0 { policy } else { worse(ours, policy) };
    TrustVector {
        hardware: worse(ours.hardware, policy.hardware),
        instance_identity: open(ours.instance_identity, policy.instance_identity),
        configuration: open(ours.configuration, policy.configuration),
        executables: open(ours.executables, policy.executables),
        file_system: open(ours.file_system, policy.file_system),
        runtime_opaque: open(ours.runtime_opaque, policy.runtime_opaque),
        storage_opaque: open(ours.storage_opaque, policy.storage_opaque),
        sourced_data: open(ours.sourced_data, policy.sourced_data),
    }
}

/// Of two claims of one tier, ours stands. A policy's 0 asserts nothing; its -1 and 1 say that it cannot tell.
fn worse(ours: i8, policy: i8) -> i8 {
    let theirs = Tier::of(policy);
    if policy == 0 || theirs == Tier::of(ours) || Tier::of(ours).worse(theirs) != theirs {
        ours
    } else {
        policy
    }
}

fn claims(vector: &TrustVector) -> [i8; 8] {
    [
        vector.instance_identity,
        vector.configuration,
        vector.executables,
        vector.file_system,
        vector.hardware,
        vector.runtime_opaque,
        vector.storage_opaque,
        vector.sourced_data,
    ]
}
