//! The hardware: what can sign evidence.

use serde::{Deserialize, Serialize};

use crate::amd::{Chip, SigningChoice};
use crate::intel::IntelMachine;

/// Which kind of guest a simulated machine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tee {
    /// AMD SEV-SNP.
    Snp,
    /// Intel TDX.
    Tdx,
}

/// The hardware of a simulated machine.
#[derive(Clone, Debug)]
pub enum Machine {
    /// AMD SEV-SNP.
    Amd(Box<AmdHardware>),
    /// Intel TDX.
    Intel(Box<IntelHardware>),
}

/// An AMD machine and what its host knows.
#[derive(Clone, Debug)]
pub struct AmdHardware {
    /// The processor.
    pub chip: Chip,
    /// Which key signs its reports.
    pub signer: SigningChoice,
    /// The version of its reports.
    pub report_version: u32,
    /// The certificate of the signing key, DER.
    pub endorsement: Vec<u8>,
    /// The certificate of that certificate's issuer, DER.
    pub intermediate: Vec<u8>,
}

/// An Intel machine and what its host knows.
#[derive(Clone, Debug)]
pub struct IntelHardware {
    /// The platform.
    pub machine: IntelMachine,
    /// The PEM chain that quotes carry.
    pub chain: String,
}

impl Machine {
    /// Which kind of guest it runs.
    pub const fn tee(&self) -> Tee {
        match self {
            Self::Amd(_) => Tee::Snp,
            Self::Intel(_) => Tee::Tdx,
        }
    }
}

impl Tee {
    /// The protocol's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Snp => "snp",
            Self::Tdx => "tdx",
        }
    }
}
