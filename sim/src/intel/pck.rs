//! The SGX extension of a PCK certificate (PCK certificate and CRL profile, section 1.3.5).

use serde::{Deserialize, Serialize};

use crate::asn1 as write;
use crate::error::MintError;
use crate::x509::Extension;

/// What the PCK certificate says of its platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SgxExtension {
    /// PPID: the platform's provisioning id.
    pub ppid: [u8; 16],
    /// The sixteen SGX TCB components.
    pub components: [u8; 16],
    /// PCESVN.
    pub pce_svn: u16,
    /// CPUSVN: on current platforms the components again.
    pub cpu_svn: [u8; 16],
    /// PCEID.
    pub pce_id: [u8; 2],
    /// FMSPC: family, model, stepping, platform type and custom SKU.
    pub fmspc: [u8; 6],
    /// SGXType: 0 standard, 1 scalable, 2 scalable with integrity.
    pub sgx_type: u8,
    /// Platform instance id; in certificates of the Platform CA alone.
    pub platform_instance_id: Option<[u8; 16]>,
    /// How the platform is set up; in certificates of the Platform CA alone.
    pub configuration: Option<PckConfiguration>,
}

/// The configuration of a multi-package platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PckConfiguration {
    /// Packages can be added after first boot.
    pub dynamic_platform: bool,
    /// Platform keys are cached by Intel's registration service.
    pub cached_keys: bool,
    /// Simultaneous multithreading is on.
    pub smt_enabled: bool,
}

impl SgxExtension {
    /// The certificate's extension.
    pub fn encode(&self) -> Result<Extension, MintError> {
        let mut entries = vec![
            entry(&[1], write::octet_string(self.ppid))?,
            entry(&[2], write::sequence(self.tcb()?))?,
            entry(&[3], write::octet_string(self.pce_id))?,
            entry(&[4], write::octet_string(self.fmspc))?,
            entry(&[5], write::enumerated(self.sgx_type))?,
        ];
        if let Some(id) = self.platform_instance_id {
            entries.push(entry(&[6], write::octet_string(id))?);
        }
        if let Some(configuration) = self.configuration {
            let flags = write::sequence([
                entry(&[7, 1], write::boolean(configuration.dynamic_platform))?,
                entry(&[7, 2], write::boolean(configuration.cached_keys))?,
                entry(&[7, 3], write::boolean(configuration.smt_enabled))?,
            ]);
            entries.push(entry(&[7], flags)?);
        }
        Ok(Extension::new(oid::SGX, write::sequence(entries)))
    }

    fn tcb(&self) -> Result<Vec<Vec<u8>>, MintError> {
        let mut entries = Vec::with_capacity(18);
        for (number, svn) in (1..).zip(self.components) {
            entries.push(entry(&[2, number], write::integer(&[svn]))?);
        }
        entries.push(entry(&[2, 17], write::integer(&self.pce_svn.to_be_bytes()))?);
        entries.push(entry(&[2, 18], write::octet_string(self.cpu_svn))?);
        Ok(entries)
    }
}

fn entry(arcs: &[u32], value: Vec<u8>) -> Result<Vec<u8>, MintError> {
    let mut oid = oid::SGX;
    for arc in arcs {
        oid = oid.push_arc(*arc).map_err(|_| MintError::TooLong { field: "an OID", length: arcs.len() })?;
    }
    Ok(write::sequence([write::oid(&oid), value]))
}

/// OIDs of Intel's certificates.
pub mod oid {
    use der::oid::ObjectIdentifier;

    /// The SGX extension.
    pub const SGX: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113741.1.13.1");
    /// ecdsa-with-SHA256.
    pub(in crate::intel) const ECDSA_SHA256: ObjectIdentifier =
        ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
}
