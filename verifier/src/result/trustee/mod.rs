//! Verified facts under the names, and in the forms, in which CoCo's Trustee gives them to its policies
//! (confidential-containers/trustee, `attestation-service/docs/tcb_claims.md`; the maps are made in
//! `deps/verifier/src/{snp,tdx,sgx,intel_dcap}`): a policy that was written for Trustee gives the same answer here.
//!
//! Trustee lifts `report_data` and `init_data` out of these maps; so do we (see `evidence`).

mod events;
mod intel;
mod sample;
mod snp;

use crate::check::Fact;
use crate::verify::{Verified, VerifiedEvidence};

/// The map that stands under the TEE's name.
pub(crate) fn claims(verified: &VerifiedEvidence) -> Fact {
    match verified.facts() {
        Verified::Snp(verified) => snp::claims(verified.facts()),
        Verified::Dcap(verified) => intel::claims(verified),
        Verified::Sample(sample) => sample::claims(sample),
    }
}
