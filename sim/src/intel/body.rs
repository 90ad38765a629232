//! The bodies of quotes as records of all their fields, written to bytes and read back.

use crate::bytes::Bytes;
use crate::error::MintError;

/// What a quote vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuoteBody {
    /// An SGX enclave, body type 1, 384 bytes.
    Enclave(Box<EnclaveReport>),
    /// A TDX guest, body types 2, 3 and 4.
    Td(Box<TdReport>),
}

/// REPORTBODY of an SGX enclave; reserved bytes are zero (quote library API appendix A.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnclaveReport {
    /// CPUSVN.
    pub cpu_svn: [u8; 16],
    /// MISCSELECT.
    pub misc_select: u32,
    /// CET_ATTRIBUTES and reserved bytes, twelve in all, then ISVEXTPRODID.
    pub cet_attributes: [u8; 12],
    /// ISVEXTPRODID.
    pub isv_extended_product_id: [u8; 16],
    /// ATTRIBUTES: flags, then XFRM.
    pub attributes: [u8; 16],
    /// MRENCLAVE.
    pub mr_enclave: [u8; 32],
    /// MRSIGNER.
    pub mr_signer: [u8; 32],
    /// CONFIGID.
    pub config_id: [u8; 64],
    /// ISVPRODID.
    pub isv_product_id: u16,
    /// ISVSVN.
    pub isv_svn: u16,
    /// CONFIGSVN.
    pub config_svn: u16,
    /// ISVFAMILYID.
    pub isv_family_id: [u8; 16],
    /// REPORTDATA.
    pub report_data: [u8; 64],
}

/// The report of a TDX guest; its length says which version it has (TDX quote library API appendix A.3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TdReport {
    /// TEE_TCB_SVN.
    pub tee_tcb_svn: [u8; 16],
    /// MRSEAM.
    pub mr_seam: [u8; 48],
    /// MRSIGNERSEAM: zero for Intel's module.
    pub mr_signer_seam: [u8; 48],
    /// SEAMATTRIBUTES.
    pub seam_attributes: [u8; 8],
    /// TDATTRIBUTES.
    pub td_attributes: u64,
    /// XFAM.
    pub xfam: u64,
    /// MRTD.
    pub mr_td: [u8; 48],
    /// MRCONFIGID.
    pub mr_config_id: [u8; 48],
    /// MROWNER.
    pub mr_owner: [u8; 48],
    /// MROWNERCONFIG.
    pub mr_owner_config: [u8; 48],
    /// RTMR0 to RTMR3.
    pub rtmrs: [[u8; 48]; 4],
    /// REPORTDATA.
    pub report_data: [u8; 64],
    /// What TDX 1.5 adds: body type 3.
    pub td15: Option<TdReport15>,
    /// What body type 4 adds to type 3; ignored without it.
    pub td15_ex: Option<Box<TdReport15Ex>>,
}

/// What body type 3 adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TdReport15 {
    /// TEE_TCB_SVN_2: the levels of the running module.
    pub tee_tcb_svn2: [u8; 16],
    /// MRSERVICETD.
    pub mr_service_td: [u8; 48],
}

/// What body type 4 adds (`sgx_report2_body_v1_5_ex_t`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TdReport15Ex {
    /// Index of the virtual machine inside a partitioned guest.
    pub vm_id: u8,
    /// Id of this instance of the guest.
    pub td_id: [u8; 32],
    /// Hash of the device information.
    pub device_info: [u8; 48],
    /// Hash of the service guests bound at creation.
    pub initial_service_td_hash: [u8; 48],
    /// Attributes of the service guest bound at creation.
    pub initial_service_td_attributes: [u8; 8],
    /// CPUSVN at creation.
    pub initial_cpu_svn: [u8; 16],
    /// TEE_TCB_SVN at creation.
    pub initial_tee_tcb_svn: [u8; 16],
    /// Model of the platform at creation.
    pub initial_tee_fmspc: [u8; 12],
    /// Hash of the service guests bound now.
    pub current_service_td_hash: [u8; 48],
    /// Attributes of the service guest bound now.
    pub current_service_td_attributes: [u8; 8],
}

impl QuoteBody {
    /// The type of a quote v5's body descriptor.
    pub const fn kind(&self) -> u16 {
        match self {
            Self::Enclave(_) => 1,
            Self::Td(td) => match (&td.td15, &td.td15_ex) {
                (None, _) => 2,
                (Some(_), None) => 3,
                (Some(_), Some(_)) => 4,
            },
        }
    }

    /// The body's bytes.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Enclave(report) => report.encode().to_vec(),
            Self::Td(report) => report.encode(),
        }
    }

    pub(crate) fn decode(kind: u16, bytes: &mut Bytes<'_>) -> Result<Self, MintError> {
        match kind {
            1 => Ok(Self::Enclave(Box::new(EnclaveReport::decode(bytes)?))),
            2..=4 => Ok(Self::Td(Box::new(TdReport::decode(kind, bytes)?))),
            _ => Err(bytes.wrong()),
        }
    }
}

impl EnclaveReport {
    /// The 384 bytes.
    pub fn encode(&self) -> [u8; 384] {
        let parts: [&[u8]; 16] = [
            &self.cpu_svn,
            &self.misc_select.to_le_bytes(),
            &self.cet_attributes,
            &self.isv_extended_product_id,
            &self.attributes,
            &self.mr_enclave,
            &[0; 32],
            &self.mr_signer,
            &[0; 32],
            &self.config_id,
            &self.isv_product_id.to_le_bytes(),
            &self.isv_svn.to_le_bytes(),
            &self.config_svn.to_le_bytes(),
            &[0; 42],
            &self.isv_family_id,
            &self.report_data,
        ];
        let mut bytes = [0; 384];
        let mut at = 0;
        for part in parts {
            // Safe: the parts add up to 384 bytes, whatever the fields hold.
            bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        bytes
    }

    pub(crate) fn decode(bytes: &mut Bytes<'_>) -> Result<Self, MintError> {
        let (cpu_svn, misc_select, cet_attributes) = (bytes.array()?, bytes.u32()?, bytes.array()?);
        let (isv_extended_product_id, attributes) = (bytes.array()?, bytes.array()?);
        let mr_enclave = bytes.array()?;
        bytes.zeros::<32>()?;
        let mr_signer = bytes.array()?;
        bytes.zeros::<32>()?;
        let (config_id, isv_product_id) = (bytes.array()?, bytes.u16()?);
        let (isv_svn, config_svn) = (bytes.u16()?, bytes.u16()?);
        bytes.zeros::<42>()?;
        let (isv_family_id, report_data) = (bytes.array()?, bytes.array()?);
        Ok(Self {
            cpu_svn,
            misc_select,
            cet_attributes,
            isv_extended_product_id,
            attributes,
            mr_enclave,
            mr_signer,
            config_id,
            isv_product_id,
            isv_svn,
            config_svn,
            isv_family_id,
            report_data,
        })
    }
}

impl TdReport {
    /// The 584, 648 or 885 bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = [
            &self.tee_tcb_svn[..],
            &self.mr_seam,
            &self.mr_signer_seam,
            &self.seam_attributes,
            &self.td_attributes.to_le_bytes(),
            &self.xfam.to_le_bytes(),
            &self.mr_td,
            &self.mr_config_id,
            &self.mr_owner,
            &self.mr_owner_config,
            self.rtmrs.as_flattened(),
            &self.report_data,
        ]
        .concat();
        if let Some(td15) = &self.td15 {
            bytes.extend_from_slice(&td15.tee_tcb_svn2);
            bytes.extend_from_slice(&td15.mr_service_td);
            if let Some(extra) = &self.td15_ex {
                bytes.extend_from_slice(&extra.encode());
            }
        }
        bytes
    }

    fn decode(kind: u16, bytes: &mut Bytes<'_>) -> Result<Self, MintError> {
        let (tee_tcb_svn, mr_seam, mr_signer_seam) = (bytes.array()?, bytes.array()?, bytes.array()?);
        let (seam_attributes, td_attributes, xfam) = (bytes.array()?, bytes.u64()?, bytes.u64()?);
        let (mr_td, mr_config_id) = (bytes.array()?, bytes.array()?);
        let (mr_owner, mr_owner_config) = (bytes.array()?, bytes.array()?);
        let rtmrs = [bytes.array()?, bytes.array()?, bytes.array()?, bytes.array()?];
        let report_data = bytes.array()?;
        let td15 = if kind >= 3 {
            Some(TdReport15 { tee_tcb_svn2: bytes.array()?, mr_service_td: bytes.array()? })
        } else {
            None
        };
        let td15_ex = if kind == 4 { Some(Box::new(TdReport15Ex::decode(bytes)?)) } else { None };
        Ok(Self {
            tee_tcb_svn,
            mr_seam,
            mr_signer_seam,
            seam_attributes,
            td_attributes,
            xfam,
            mr_td,
            mr_config_id,
            mr_owner,
            mr_owner_config,
            rtmrs,
            report_data,
            td15,
            td15_ex,
        })
    }
}

impl TdReport15Ex {
    fn encode(&self) -> Vec<u8> {
        [
            &[self.vm_id][..],
            &self.td_id,
            &self.device_info,
            &self.initial_service_td_hash,
            &self.initial_service_td_attributes,
            &self.initial_cpu_svn,
            &self.initial_tee_tcb_svn,
            &self.initial_tee_fmspc,
            &self.current_service_td_hash,
            &self.current_service_td_attributes,
        ]
        .concat()
    }

    fn decode(bytes: &mut Bytes<'_>) -> Result<Self, MintError> {
        Ok(Self {
            vm_id: bytes.u8()?,
            td_id: bytes.array()?,
            device_info: bytes.array()?,
            initial_service_td_hash: bytes.array()?,
            initial_service_td_attributes: bytes.array()?,
            initial_cpu_svn: bytes.array()?,
            initial_tee_tcb_svn: bytes.array()?,
            initial_tee_fmspc: bytes.array()?,
            current_service_td_hash: bytes.array()?,
            current_service_td_attributes: bytes.array()?,
        })
    }
}
