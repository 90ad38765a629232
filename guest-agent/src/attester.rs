//! What an attester is.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use kbs_protocol::evidence::EvidenceError;
use kbs_protocol::{RawJson, Tee};

/// Evidence in the JSON form of its TEE (docs/kbs-protocol.md section 15), ready for a broker.
pub type EvidenceJson = RawJson;

/// Something that can prove what this machine runs.
///
/// The library takes it as an argument, so that nothing in it depends on the hardware that is there.
pub trait Attester {
    /// Under which name a broker knows the evidence.
    fn tee(&self) -> Tee;

    /// Evidence that carries these 64 bytes: a digest, then zero bytes.
    fn evidence(&self, report_data: &[u8; 64]) -> Result<EvidenceJson, AttestError>;
}

/// Why there is no evidence.
#[derive(Debug, thiserror::Error)]
pub enum AttestError {
    /// A file of the kernel's interface could not be used.
    #[error("cannot {action} {}", path.display())]
    Kernel {
        /// What was tried: `read`, `write`, `create`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The kernel's answer.
        #[source]
        source: io::Error,
    },
    /// A file of the kernel's interface holds something else than it should.
    #[error("{} holds something else than {expected}", path.display())]
    Unexpected {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// A file of the kernel's interface holds more than it should.
    #[error("{} holds more than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: usize,
    },
    /// Somebody else wrote to the report entry each time it was used.
    #[error("another writer interfered with the report at each of {attempts} attempts")]
    Raced {
        /// How often it was tried.
        attempts: u32,
    },
    /// The device or its firmware refused.
    #[error("{device} gave no report: {reason}")]
    Device {
        /// The device.
        device: &'static str,
        /// What the firmware or the hypervisor said.
        reason: String,
    },
    /// The table of certificates that the host gave is malformed.
    #[error("the host's certificate table is malformed: {rule}")]
    CertificateTable {
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// The evidence has no JSON form.
    #[error("the evidence cannot be written as JSON")]
    Form(#[from] EvidenceError),
    /// The report does not carry the report data that was asked for.
    #[error("the report carries other report data than was asked for")]
    ReportData,
    /// An attester from outside this crate failed.
    #[error("the attester failed")]
    Foreign(#[source] Box<dyn Error + Send + Sync>),
}

/// The attesters of a machine, best first, or why they could not be found out.
pub type Attesters = Result<Vec<Box<dyn Attester>>, AttestError>;
