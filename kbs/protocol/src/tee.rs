//! The names by which the protocol calls a TEE (kbs-types 0.18, `Tee`).

use core::fmt;

/// A kind of TEE that the protocol has a name for; most of them a given broker will refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tee {
    /// An Azure SEV-SNP guest behind a vTPM.
    AzSnpVtpm,
    /// An Azure TDX guest behind a vTPM.
    AzTdxVtpm,
    /// NVIDIA GPUs and switches.
    Nvidia,
    /// An Intel SGX enclave.
    Sgx,
    /// An AMD SEV-SNP guest.
    Snp,
    /// An Intel TDX guest.
    Tdx,
    /// An Arm CCA realm.
    Cca,
    /// A Hygon CSV guest.
    Csv,
    /// An IBM Z Secure Execution guest.
    Se,
    /// A Hygon DCU accelerator.
    HygonDcu,
    /// An NVIDIA data processing unit.
    NvidiaDpu,
    /// A discrete or virtual TPM.
    Tpm,
    /// No hardware at all: the protocol's test evidence of the CPU class.
    Sample,
    /// No hardware at all: the protocol's test evidence of the device class.
    SampleDevice,
}

/// The protocol has no TEE of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the protocol knows no TEE of that name")]
pub struct UnknownTee;

impl Tee {
    /// Every TEE, in the order of kbs-types.
    pub const ALL: [Self; 14] = [
        Self::AzSnpVtpm,
        Self::AzTdxVtpm,
        Self::Nvidia,
        Self::Sgx,
        Self::Snp,
        Self::Tdx,
        Self::Cca,
        Self::Csv,
        Self::Se,
        Self::HygonDcu,
        Self::NvidiaDpu,
        Self::Tpm,
        Self::Sample,
        Self::SampleDevice,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AzSnpVtpm => "az-snp-vtpm",
            Self::AzTdxVtpm => "az-tdx-vtpm",
            Self::Nvidia => "nvidia",
            Self::Sgx => "sgx",
            Self::Snp => "snp",
            Self::Tdx => "tdx",
            Self::Cca => "cca",
            Self::Csv => "csv",
            Self::Se => "se",
            Self::HygonDcu => "hygondcu",
            Self::NvidiaDpu => "nvidia-dpu",
            Self::Tpm => "tpm",
            Self::Sample => "sample",
            Self::SampleDevice => "sampledevice",
        }
    }

    /// The TEE of this name; `nvidiadpu` is taken for `nvidia-dpu`, as kbs-types does.
    pub fn parse(name: &str) -> Result<Self, UnknownTee> {
        if name == "nvidiadpu" {
            return Ok(Self::NvidiaDpu);
        }
        Self::ALL.into_iter().find(|tee| tee.as_str() == name).ok_or(UnknownTee)
    }
}

impl fmt::Display for Tee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
