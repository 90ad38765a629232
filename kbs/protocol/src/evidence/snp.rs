//! An SNP report in JSON: the serde form of the `sev` crate, which is what Trustee deserialises.
//!
//! Layout: AMD SEV-SNP ABI (56860), table "ATTESTATION_REPORT"; versions 2 to 5. The form has no members for reserved
//! bytes; a report in which one is set is refused, for the other side could not write it back.

mod bytes;
mod layout;

use serde::{Deserialize, Serialize};

use self::bytes::Bytes;
use super::EvidenceError;
use crate::json::RawJson;
use crate::limits::ATTESTATION_BYTES;

/// Size of an SNP attestation report in bytes.
pub const REPORT_BYTES: usize = 0x4A0;

/// `snp`: a report and the certificates that the host gave with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snp {
    /// The report, field by field.
    attestation_report: Report,
    /// Certificates; null where the host gave none.
    #[serde(default)]
    cert_chain: Option<Vec<CertificateEntry>>,
}

/// One entry of the host's certificate table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateEntry {
    /// `ARK`, `ASK`, `VCEK`, `VLEK` or `CRL`.
    pub cert_type: String,
    /// The entry as the host gave it, DER or PEM.
    pub data: Vec<u8>,
}

impl Snp {
    /// From the 1184 bytes of a report and the host's certificates.
    pub fn new(report: &[u8], certificates: Vec<CertificateEntry>) -> Result<Self, EvidenceError> {
        let size = EvidenceError::ReportSize { expected: REPORT_BYTES, actual: report.len() };
        let bytes: &[u8; REPORT_BYTES] = report.try_into().map_err(|_| size)?;
        let cert_chain = if certificates.is_empty() { None } else { Some(certificates) };
        Ok(Self { attestation_report: layout::read(bytes)?, cert_chain })
    }

    /// Reads the JSON.
    pub fn parse(evidence: &RawJson) -> Result<Self, EvidenceError> {
        Ok(evidence.read("snp evidence", ATTESTATION_BYTES)?)
    }

    /// The JSON.
    pub fn to_json(&self) -> Result<RawJson, EvidenceError> {
        Ok(RawJson::of(self)?)
    }

    /// The report's 1184 bytes, reserved ones zero.
    pub fn report(&self) -> Result<[u8; REPORT_BYTES], EvidenceError> {
        layout::write(&self.attestation_report)
    }

    /// The certificates that came with it.
    pub fn certificates(&self) -> &[CertificateEntry] {
        self.cert_chain.as_deref().unwrap_or_default()
    }
}

/// The fields of a report under the names and in the order of `sev`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Report {
    version: u32,
    guest_svn: u32,
    policy: u64,
    family_id: Bytes<16>,
    image_id: Bytes<16>,
    vmpl: u32,
    sig_algo: u32,
    current_tcb: Tcb,
    plat_info: u64,
    key_info: u32,
    report_data: Bytes<64>,
    measurement: Bytes<48>,
    host_data: Bytes<32>,
    id_key_digest: Bytes<48>,
    author_key_digest: Bytes<48>,
    report_id: Bytes<32>,
    report_id_ma: Bytes<32>,
    reported_tcb: Tcb,
    cpuid_fam_id: Option<u8>,
    cpuid_mod_id: Option<u8>,
    cpuid_step: Option<u8>,
    chip_id: Bytes<64>,
    committed_tcb: Tcb,
    current: Firmware,
    committed: Firmware,
    launch_tcb: Tcb,
    #[serde(default)]
    launch_mit_vector: Option<u64>,
    #[serde(default)]
    current_mit_vector: Option<u64>,
    signature: Signature,
}

/// A TCB version; `fmc` is there from Turin on, whose layout puts it first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Tcb {
    #[serde(default)]
    fmc: Option<u8>,
    bootloader: u8,
    tee: u8,
    snp: u8,
    microcode: u8,
}

/// A firmware version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Firmware {
    major: u8,
    minor: u8,
    build: u8,
}

/// An ECDSA signature, both numbers little-endian.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Signature {
    r: Bytes<72>,
    s: Bytes<72>,
}

#[cfg(test)]
mod tests;
