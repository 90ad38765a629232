//! SNP through `/dev/sev-guest`, with the ioctls of the `sev` crate; its parsers and its cryptography are not used.

use kbs_protocol::Tee;
use kbs_protocol::evidence::{CertificateEntry, Snp};
use sev::firmware::guest::Firmware;
use sev::firmware::host::{CertTableEntry, CertType};

use super::tsm::check_report_data;
use crate::attester::{AttestError, Attester, EvidenceJson};

/// SNP through `/dev/sev-guest`.
#[derive(Debug, Default)]
pub struct SevGuest;

impl SevGuest {
    /// The device is opened at each report.
    pub const fn new() -> Self {
        Self
    }
}

impl Attester for SevGuest {
    fn tee(&self) -> Tee {
        Tee::Snp
    }

    fn evidence(&self, report_data: &[u8; 64]) -> Result<EvidenceJson, AttestError> {
        let refused = |error: &dyn core::fmt::Display| device_error(error);
        let mut device = Firmware::open().map_err(|error| refused(&error))?;
        let mut last = None;
        // The lowest privilege level (the strongest claim) that the firmware grants: 0, or more under an SVSM.
        for vmpl in 0..=VMPL_MAX {
            match report(&mut device, *report_data, vmpl) {
                Ok((report, certificates)) => {
                    let snp = Snp::new(&report, certificates)?;
                    check_report_data(&report, report_data)?;
                    return Ok(snp.to_json()?);
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| device_error(&"no privilege level was granted")))
    }
}

/// A report with the host's certificates, or without where the extended request fails.
fn report(
    device: &mut Firmware,
    report_data: [u8; 64],
    vmpl: u32,
) -> Result<(Vec<u8>, Vec<CertificateEntry>), AttestError> {
    if let Ok((report, certificates)) = device.get_ext_report(None, Some(report_data), Some(vmpl)) {
        let entries = certificates.into_iter().flatten().filter_map(|entry| entry_of(&entry)).collect();
        return Ok((report, entries));
    }
    let report =
        device.get_report(None, Some(report_data), Some(vmpl)).map_err(|error| device_error(&error))?;
    Ok((report, Vec::new()))
}

/// The protocol's name for an entry; what only this host knows is left out.
fn entry_of(entry: &CertTableEntry) -> Option<CertificateEntry> {
    let name = match entry.cert_type {
        CertType::ARK => "ARK",
        CertType::ASK => "ASK",
        CertType::VCEK => "VCEK",
        CertType::VLEK => "VLEK",
        CertType::CRL => "CRL",
        CertType::Empty | CertType::OTHER(_) => return None,
    };
    Some(CertificateEntry { cert_type: name.to_owned(), data: entry.data().to_vec() })
}

fn device_error(error: &dyn core::fmt::Display) -> AttestError {
    AttestError::Device { device: DEVICE, reason: error.to_string() }
}

/// Where the kernel puts the device.
pub(super) const DEVICE: &str = "/dev/sev-guest";

/// AMD SEV-SNP ABI (56860), MSG_REPORT_REQ: at most three.
const VMPL_MAX: u32 = 3;
