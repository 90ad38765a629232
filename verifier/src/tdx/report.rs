//! The report of a trust domain: the body of a TDX quote, in its three sizes.

use crate::reader::{ReadError, Reader};

/// A TD's report (Intel TDX DCAP Quoting Library API, section A.3.2, "TD Quote Body").
///
/// A larger form extends a smaller one at its end; what a form lacks is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TdReport {
    /// TEE_TCB_SVN at the TD's launch: module SVN, module version, SEAM loader SVN, then zeros so far.
    pub tee_tcb_svn: [u8; 16],
    /// MRSEAM: the measurement of the TDX module.
    pub mr_seam: [u8; 48],
    /// MRSIGNERSEAM: the signer of the TDX module, zero for Intel.
    pub mr_signer_seam: [u8; 48],
    /// SEAMATTRIBUTES of the TDX module.
    pub seam_attributes: [u8; 8],
    /// TDATTRIBUTES as they stand in the report (little-endian bits).
    pub td_attributes: [u8; 8],
    /// XFAM: the extended CPU features that the TD may use.
    pub xfam: [u8; 8],
    /// MRTD: the measurement of the TD's initial contents.
    pub mr_td: [u8; 48],
    /// MRCONFIGID, given by the host at launch.
    pub mr_config_id: [u8; 48],
    /// MROWNER, given by the host at launch.
    pub mr_owner: [u8; 48],
    /// MROWNERCONFIG, given by the host at launch.
    pub mr_owner_config: [u8; 48],
    /// RTMR0 to RTMR3, extended at run time.
    pub rtmr: [[u8; 48]; 4],
    /// REPORTDATA: 64 bytes that the TD chose.
    pub report_data: [u8; 64],
    /// What TDX 1.5 adds.
    pub v15: Option<TdReport15>,
    /// What the extended report of TDX 1.5 adds.
    pub v15_ex: Option<TdReport15Ex>,
}

/// What a TD 1.5 report adds (section A.3.2, quote body type 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TdReport15 {
    /// TEE_TCB_SVN of the platform now, after module updates that the TD survived.
    pub tee_tcb_svn2: [u8; 16],
    /// MRSERVICETD: the hash of the service TDs bound at launch, zero for none.
    pub mr_service_td: [u8; 48],
}

/// What the extended TD 1.5 report adds (`sgx_report2_body_v1_5_ex_t` of Intel's sgx_quote_5.h, body type 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TdReport15Ex {
    /// The virtual machine inside a partitioned TD, 0 for the TD itself.
    pub vm_id: u8,
    /// TDID: new with each launch, kept through updates and migration.
    pub td_id: [u8; 32],
    /// The hash of the assigned devices' information.
    pub dev_info: [u8; 48],
    /// The hash of the service TDs bound when the TD was created.
    pub init_service_td_hash: [u8; 48],
    /// The attributes of the service TD bound when the TD was created.
    pub init_service_td_attributes: [u8; 8],
    /// CPUSVN where the TD was created.
    pub init_cpu_svn: [u8; 16],
    /// TEE_TCB_SVN where the TD was created.
    pub init_tee_tcb_svn: [u8; 16],
    /// The platform model on which `init_tee_tcb_svn` was taken.
    pub init_tee_fmspc: [u8; 12],
    /// The hash of the service TDs bound now.
    pub current_service_td_hash: [u8; 48],
    /// The attributes of the service TD bound now.
    pub current_service_td_attributes: [u8; 8],
}

impl TdReport {
    /// Parses the 584-byte TD 1.0 report.
    pub fn parse_10(bytes: &[u8; TD_REPORT_10_SIZE]) -> Result<Self, ReadError> {
        let mut reader = Reader::new("TD 1.0 report", bytes);
        let report = Self::read_10(&mut reader)?;
        reader.finish()?;
        Ok(report)
    }

    /// Parses the 648-byte TD 1.5 report.
    pub fn parse_15(bytes: &[u8; TD_REPORT_15_SIZE]) -> Result<Self, ReadError> {
        let mut reader = Reader::new("TD 1.5 report", bytes);
        let report = Self::read_10(&mut reader)?;
        let v15 = Some(TdReport15::read(&mut reader)?);
        reader.finish()?;
        Ok(Self { v15, ..report })
    }

    /// Parses the 885-byte extended TD 1.5 report.
    pub fn parse_15_ex(bytes: &[u8; TD_REPORT_15_EX_SIZE]) -> Result<Self, ReadError> {
        let mut reader = Reader::new("extended TD 1.5 report", bytes);
        let report = Self::read_10(&mut reader)?;
        let v15 = Some(TdReport15::read(&mut reader)?);
        let v15_ex = Some(TdReport15Ex::read(&mut reader)?);
        reader.finish()?;
        Ok(Self { v15, v15_ex, ..report })
    }

    fn read_10(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        Ok(Self {
            tee_tcb_svn: reader.array()?,
            mr_seam: reader.array()?,
            mr_signer_seam: reader.array()?,
            seam_attributes: reader.array()?,
            td_attributes: reader.array()?,
            xfam: reader.array()?,
            mr_td: reader.array()?,
            mr_config_id: reader.array()?,
            mr_owner: reader.array()?,
            mr_owner_config: reader.array()?,
            rtmr: [reader.array()?, reader.array()?, reader.array()?, reader.array()?],
            report_data: reader.array()?,
            v15: None,
            v15_ex: None,
        })
    }

    /// TDATTRIBUTES as a number; see [`ATTRIBUTE_DEBUG`] and its like.
    pub const fn attributes(&self) -> u64 {
        u64::from_le_bytes(self.td_attributes)
    }

    /// XFAM as a number, in the layout of XCR0 and IA32_XSS.
    pub const fn xfam_bits(&self) -> u64 {
        u64::from_le_bytes(self.xfam)
    }

    /// Whether any bit of the group "TD under debug" is set: then nothing that the TD holds is secret.
    pub const fn debug(&self) -> bool {
        self.attributes() & ATTRIBUTES_UNDER_DEBUG != 0
    }

    /// The hash of the service TDs bound to this one, zero for none: MRSERVICETD, or, where that is zero, what the
    /// extended report says of the TD's creation or of now. Forms without these fields have none.
    pub fn mr_service_td(&self) -> [u8; 48] {
        let launch = self.v15.as_ref().map(|v15| v15.mr_service_td);
        let init = self.v15_ex.as_ref().map(|v15_ex| v15_ex.init_service_td_hash);
        let current = self.v15_ex.as_ref().map(|v15_ex| v15_ex.current_service_td_hash);
        let bound = [launch, init, current].into_iter().flatten().find(|hash| *hash != [0; 48]);
        bound.unwrap_or([0; 48])
    }
}

impl TdReport15 {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        Ok(Self { tee_tcb_svn2: reader.array()?, mr_service_td: reader.array()? })
    }
}

impl TdReport15Ex {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        Ok(Self {
            vm_id: reader.u8()?,
            td_id: reader.array()?,
            dev_info: reader.array()?,
            init_service_td_hash: reader.array()?,
            init_service_td_attributes: reader.array()?,
            init_cpu_svn: reader.array()?,
            init_tee_tcb_svn: reader.array()?,
            init_tee_fmspc: reader.array()?,
            current_service_td_hash: reader.array()?,
            current_service_td_attributes: reader.array()?,
        })
    }
}

/// Size of a TD 1.0 report in bytes.
pub const TD_REPORT_10_SIZE: usize = 584;
/// Size of a TD 1.5 report in bytes.
pub const TD_REPORT_15_SIZE: usize = 648;
/// Size of an extended TD 1.5 report in bytes.
pub const TD_REPORT_15_EX_SIZE: usize = 885;

/// TDATTRIBUTES bits 7:0, "TD under debug" (Intel TDX Module ABI, table "ATTRIBUTES").
pub const ATTRIBUTES_UNDER_DEBUG: u64 = 0xFF;
/// TDATTRIBUTES.DEBUG: the host may read and write the TD.
pub const ATTRIBUTE_DEBUG: u64 = 1;
/// TDATTRIBUTES.ICSSD: single-stepping by the host is counted and mitigated.
pub const ATTRIBUTE_ICSSD: u64 = 1 << 16;
/// TDATTRIBUTES.SERVTD_EXT: the report covers the bindings of service TDs.
pub const ATTRIBUTE_SERVTD_EXT: u64 = 1 << 17;
/// TDATTRIBUTES.LASS: linear address space separation is allowed.
pub const ATTRIBUTE_LASS: u64 = 1 << 27;
/// TDATTRIBUTES.SEPT_VE_DISABLE: the host cannot inject #VE by unmapping a page.
pub const ATTRIBUTE_SEPT_VE_DISABLE: u64 = 1 << 28;
/// TDATTRIBUTES.MIGRATABLE: a migration TD may move it.
pub const ATTRIBUTE_MIGRATABLE: u64 = 1 << 29;
/// TDATTRIBUTES.PKS: supervisor protection keys are allowed.
pub const ATTRIBUTE_PKS: u64 = 1 << 30;
/// TDATTRIBUTES.KL: key locker is allowed.
pub const ATTRIBUTE_KEY_LOCKER: u64 = 1 << 31;
/// TDATTRIBUTES.TPA: the TD is a TDX provisioning agent.
pub const ATTRIBUTE_TPA: u64 = 1 << 62;
/// TDATTRIBUTES.PERFMON: performance monitoring is allowed.
pub const ATTRIBUTE_PERFMON: u64 = 1 << 63;
/// The bits of TDATTRIBUTES that have no published meaning: 3:1, 15:7, 26:18, 61:32 (Intel TDX Module ABI
/// 348551-008US, table 3.23, which sets 22:18 apart without a name).
pub const ATTRIBUTES_RESERVED: u64 = 0x3FFF_FFFF_07FC_FF8E;
/// The features in XFAM that every TD has: x87 and SSE (Intel TDX Module base specification, "XFAM").
pub const XFAM_ALWAYS: u64 = 0b11;
/// The features that a TDX module can give: x87, SSE, AVX, the three of AVX-512, PT, PKRU, the two of CET, UINTR, LBR, the
/// two of AMX: XFAM_FIXED0 of TDX 1.0 and 1.5. APX (bit 19) has no module that gives it in public.
pub const XFAM_DEFINED: u64 = 0x6_DBE7;

#[cfg(test)]
mod tests;
