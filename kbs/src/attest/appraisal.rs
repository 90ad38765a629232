//! What the operator's attestation policies say of believed evidence, for the verifier to join with its own appraisal.

use policy::{Appraised, AttestationError, Extension, TrustClaims};
use verifier::result::{EncodeError, PolicyAppraisal, Session, annotated_evidence, appraised};
use verifier::time::UnixTime;
use verifier::trust::{Tier, TrustVector};
use verifier::verdict::Verdict;

use crate::uploaded::Uploaded;
use decision_log::{Appraisal, Digest};

/// A verdict with what the policy of its class says of the same evidence.
#[derive(Debug)]
pub(crate) struct Judged {
    /// Ours.
    pub(crate) verdict: Verdict,
    /// The policy's, where one was uploaded and the evidence is believed.
    pub(crate) policy: Option<PolicyAppraisal>,
    /// The policy's answer as JSON, as it is recorded.
    said: Vec<u8>,
}

/// Why a policy says nothing usable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AppraisalError {
    /// It could not be evaluated, or its answer is none.
    #[error("the attestation policy {id}: {source}")]
    Policy {
        /// The policy's id.
        id: String,
        /// Why.
        source: AttestationError,
    },
    /// It says more than a token has room for.
    #[error("the attestation policy {id}: extensions of {actual} bytes, at most {limit} fit into a token")]
    Extensions {
        /// The policy's id.
        id: String,
        /// The limit in bytes.
        limit: usize,
        /// The size in bytes.
        actual: usize,
    },
    /// The evidence cannot be written for it.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl Judged {
    /// Asks the policy of a class. Evidence that is not believed is not shown to a policy.
    pub(crate) fn new(
        verdict: Verdict,
        class: &str,
        session: &Session<'_>,
        uploaded: &Uploaded,
        now: UnixTime,
    ) -> Result<Self, AppraisalError> {
        let Some((id, policy)) = uploaded.attestation_policy(class).filter(|_| verdict.error.is_none())
        else {
            return Ok(Self::alone(verdict));
        };
        let evidence = annotated_evidence(&verdict, session)?;
        let refused = |source| AppraisalError::Policy { id: id.to_owned(), source };
        let answer = policy.evaluate(&evidence, uploaded.reference_values(), now.secs()).map_err(refused)?;
        let said = serde_json::to_vec(&answer).map_err(|error| EncodeError { reason: error.to_string() })?;
        let policy = PolicyAppraisal {
            id: id.to_owned(),
            policy: *policy.digest().as_bytes(),
            reference_values: *Digest::of(uploaded.reference_text()).as_bytes(),
            claims: vector(&answer.trust_claims),
            extensions: extensions(id, answer)?,
        };
        Ok(Self { verdict, policy: Some(policy), said })
    }

    /// A verdict that no policy was asked about.
    pub(crate) fn alone(verdict: Verdict) -> Self {
        Self { verdict, policy: None, said: Vec::new() }
    }

    /// The tier that goes into the token.
    pub(crate) fn tier(&self) -> Tier {
        appraised(&self.verdict, self.policy.as_ref()).1
    }

    /// What is recorded of the policy's answer.
    pub(crate) fn record(&self) -> Option<Appraisal> {
        self.policy.as_ref().map(|policy| Appraisal {
            id: policy.id.clone(),
            policy: Digest::from_bytes(policy.policy),
            said: Digest::of(&self.said),
            tier: self.tier().as_str().to_owned(),
        })
    }

    /// The policy's answer as JSON, if there is one.
    pub(crate) fn said(&self) -> Option<&[u8]> {
        self.policy.as_ref().map(|_| self.said.as_slice())
    }
}

/// The same eight claims under the verifier's type.
fn vector(claims: &TrustClaims) -> TrustVector {
    TrustVector {
        instance_identity: claims.instance_identity,
        configuration: claims.configuration,
        executables: claims.executables,
        file_system: claims.file_system,
        hardware: claims.hardware,
        runtime_opaque: claims.runtime_opaque,
        storage_opaque: claims.storage_opaque,
        sourced_data: claims.sourced_data,
    }
}

fn extensions(id: &str, answer: Appraised) -> Result<Vec<(String, serde_json::Value)>, AppraisalError> {
    let sizes = answer
        .extensions
        .iter()
        .map(|Extension { name, value, .. }| name.len().saturating_add(value.to_string().len()));
    let actual = sizes.fold(0, usize::saturating_add);
    if actual > EXTENSION_BYTES {
        return Err(AppraisalError::Extensions { id: id.to_owned(), limit: EXTENSION_BYTES, actual });
    }
    Ok(answer.extensions.into_iter().map(|extension| (extension.name, extension.value)).collect())
}

/// A token travels in a header, of which a server takes 128 KiB at most and ours 64.
const EXTENSION_BYTES: usize = 16 << 10;
