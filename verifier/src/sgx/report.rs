//! The 384-byte report of an SGX enclave: the body of an SGX quote, and what the quoting enclave says of itself.

use crate::reader::{ReadError, Reader};

/// An enclave's report (Intel SDM vol. 3D, table "REPORT structure", without key id and MAC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnclaveReport {
    /// CPUSVN: the platform's raw security version.
    pub cpu_svn: [u8; 16],
    /// MISCSELECT as its four bytes stand in the report (little-endian bits).
    pub misc_select: [u8; 4],
    /// CET_ATTRIBUTES: how control-flow enforcement is set up, zero without ATTRIBUTES.CET.
    pub cet_attributes: u8,
    /// ISVEXTPRODID (key separation and sharing).
    pub isv_ext_prod_id: [u8; 16],
    /// ATTRIBUTES: 8 bytes of flags, then 8 bytes of XFRM.
    pub attributes: [u8; 16],
    /// MRENCLAVE: the measurement of the enclave.
    pub mr_enclave: [u8; 32],
    /// MRSIGNER: the hash of the key that signed the enclave.
    pub mr_signer: [u8; 32],
    /// CONFIGID, given by the host at launch (key separation and sharing).
    pub config_id: [u8; 64],
    /// ISVPRODID.
    pub isv_prod_id: u16,
    /// ISVSVN: the enclave's own security version.
    pub isv_svn: u16,
    /// CONFIGSVN.
    pub config_svn: u16,
    /// ISVFAMILYID (key separation and sharing).
    pub isv_family_id: [u8; 16],
    /// REPORTDATA: 64 bytes that the enclave chose.
    pub report_data: [u8; 64],
}

impl EnclaveReport {
    /// Parses a report; its three reserved ranges must be zero.
    pub fn parse(bytes: &[u8; ENCLAVE_REPORT_SIZE]) -> Result<Self, ReadError> {
        let mut reader = Reader::new("SGX enclave report", bytes);
        let cpu_svn = reader.array()?;
        let misc_select = reader.array()?;
        let cet_attributes = reader.u8()?;
        reader.reserved(11)?;
        let isv_ext_prod_id = reader.array()?;
        let attributes = reader.array()?;
        let mr_enclave = reader.array()?;
        reader.reserved(32)?;
        let mr_signer = reader.array()?;
        reader.reserved(32)?;
        let config_id = reader.array()?;
        let isv_prod_id = reader.u16_le()?;
        let isv_svn = reader.u16_le()?;
        let config_svn = reader.u16_le()?;
        reader.reserved(42)?;
        let isv_family_id = reader.array()?;
        let report_data = reader.array()?;
        reader.finish()?;
        Ok(Self {
            cpu_svn,
            misc_select,
            cet_attributes,
            isv_ext_prod_id,
            attributes,
            mr_enclave,
            mr_signer,
            config_id,
            isv_prod_id,
            isv_svn,
            config_svn,
            isv_family_id,
            report_data,
        })
    }

    /// ATTRIBUTES.FLAGS as a number; see [`ATTRIBUTE_DEBUG`] and its like.
    pub fn flags(&self) -> u64 {
        self.attributes.first_chunk().copied().map_or(0, u64::from_le_bytes)
    }

    /// ATTRIBUTES.XFRM: the extended CPU features that the enclave may use.
    pub fn xfrm(&self) -> u64 {
        self.attributes.last_chunk().copied().map_or(0, u64::from_le_bytes)
    }

    /// Whether the host may debug the enclave.
    pub fn debug(&self) -> bool {
        self.flags() & ATTRIBUTE_DEBUG != 0
    }
}

/// Size of an enclave report in bytes.
pub const ENCLAVE_REPORT_SIZE: usize = 384;
/// ATTRIBUTES.INIT: the enclave was initialised, as every enclave that makes a report was (Intel SDM vol. 3D, section
/// 34.7.1, as the flags below).
pub const ATTRIBUTE_INIT: u64 = 1;
/// ATTRIBUTES.DEBUG: the enclave's memory is open to its host.
pub const ATTRIBUTE_DEBUG: u64 = 1 << 1;
/// ATTRIBUTES.MODE64BIT: the enclave runs in 64-bit mode.
pub const ATTRIBUTE_MODE64: u64 = 1 << 2;
/// ATTRIBUTES.PROVISIONKEY: the enclave may derive the provisioning key.
pub const ATTRIBUTE_PROVISION_KEY: u64 = 1 << 4;
/// ATTRIBUTES.EINITTOKENKEY: the enclave may derive the key of launch tokens.
pub const ATTRIBUTE_EINITTOKEN_KEY: u64 = 1 << 5;
/// ATTRIBUTES.CET: control-flow enforcement is on.
pub const ATTRIBUTE_CET: u64 = 1 << 6;
/// ATTRIBUTES.KSS: key separation and sharing is on, and CONFIGID has a meaning.
pub const ATTRIBUTE_KSS: u64 = 1 << 7;
/// ATTRIBUTES.AEXNOTIFY: the enclave is told of asynchronous exits.
pub const ATTRIBUTE_AEX_NOTIFY: u64 = 1 << 10;
/// The flags that Intel has not defined: 3, 9:8, 63:11.
pub const ATTRIBUTES_RESERVED: u64 = !(ATTRIBUTE_INIT
    | ATTRIBUTE_DEBUG
    | ATTRIBUTE_MODE64
    | ATTRIBUTE_PROVISION_KEY
    | ATTRIBUTE_EINITTOKEN_KEY
    | ATTRIBUTE_CET
    | ATTRIBUTE_KSS
    | ATTRIBUTE_AEX_NOTIFY);
