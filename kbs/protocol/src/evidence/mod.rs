//! Evidence as CoCo writes it in JSON (docs/kbs-protocol.md section 15): the encoder of the agents.
//!
//! A verifier has a decoder of its own. The decoders here are for agents that pass evidence on and for tests; they
//! check the form, never a signature.

mod host_data;
mod quote;
mod sample;
mod snp;

pub use host_data::{host_data, host_data_of};
pub use quote::{Sgx, Tdx};
pub use sample::Sample;
pub use snp::{CertificateEntry, REPORT_BYTES, Snp};

/// Why evidence has no form in the other encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// The JSON is not this evidence.
    #[error("the evidence is not of the form of this TEE")]
    Json(#[from] crate::json::JsonError),
    /// A report of another size.
    #[error("an SNP report has {expected} bytes, this one has {actual}")]
    ReportSize {
        /// The size in bytes.
        expected: usize,
        /// The size in bytes.
        actual: usize,
    },
    /// The evidence ends before a field of it.
    #[error("the evidence has {actual} bytes, its fields reach to {expected}")]
    Short {
        /// Where the field ends.
        expected: usize,
        /// The size in bytes.
        actual: usize,
    },
    /// A report version that is not known.
    #[error("SNP report version {actual} is not one of 2 to 5")]
    ReportVersion {
        /// The version.
        actual: u32,
    },
    /// Bytes that the JSON form has no member for.
    #[error("the SNP report has a byte at offset {offset:#x} that the JSON form does not carry")]
    NotCarried {
        /// Offset of the first such byte.
        offset: usize,
    },
    /// A member that this version of the report does not have, or has and is null.
    #[error("the member {member} does not fit an SNP report of version {version}")]
    Member {
        /// Which member.
        member: &'static str,
        /// The report's version.
        version: u32,
    },
    /// A member is not standard base64 with padding.
    #[error("the member {member} is not base64")]
    Base64 {
        /// Which member.
        member: &'static str,
    },
}

#[cfg(test)]
mod tests;
