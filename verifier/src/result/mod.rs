//! A verdict in the forms in which attestation results travel: an EAR in two profiles, signed as a JWT or bare, and
//! a conceptual message wrapper around it.
//!
//! ```text
//! Verdict ─ ear::encode(profile, context) ─▶ claims set (JSON) ─ jwt::compact(sign) ─▶ compact JWT
//!                                                  └────────────────┬────────────────────┘
//!                                                            crate::cmw::Record
//! ```
//!
//! Sources: draft-ietf-rats-ear-04 (EAR), draft-ietf-rats-ar4si-10 (the vector and its values), RFC 9711 (EAT),
//! RFC 7800 (`cnf`); for the profile of CoCo's Trustee its `attestation-service/docs/tcb_claims.md`.

mod ear;
mod enforced;
mod evidence;
mod jwt;
mod policy;
mod short;
mod trustee;

#[cfg(test)]
mod tests;

pub use ear::{
    Device, EncodeError, Form, Parts, Profile, ResultContext, Session, annotated_evidence, encode,
    encode_parts, media_type,
};
pub use enforced::{POLICY_BYTES_MAX, policy_digest, policy_json};
pub use jwt::compact;
pub use policy::{PolicyAppraisal, appraised};
pub use short::shorten;
pub(crate) use trustee::claims as trustee_claims;
