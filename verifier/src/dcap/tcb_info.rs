//! Intel's TCB info for one platform model: which security versions are good, and since when.

use crate::dcap::collateral::{CollateralError, Member, Signed, open, read};
use crate::dcap::qe_identity::SvnLevel;
use crate::dcap::raw_tcb_info::RawTcbInfo;
use crate::dcap::status::TcbStatus;
use crate::evidence::Tee;
use crate::time::{UnixTime, Validity};

/// The TCB levels of one platform model (Intel PCS API, "TCB Info V3", and V2 for SGX).
///
/// Parsed and not yet verified: [`crate::dcap::verify()`] asks for signature and validity at each use.
#[derive(Clone, Debug)]
pub struct TcbInfo {
    signed: Signed,
    fields: Fields,
}

/// The checked fields of a TCB info.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) tee: Tee,
    pub(super) validity: Validity,
    pub(super) fmspc: [u8; 6],
    pub(super) pce_id: [u8; 2],
    pub(super) evaluation_number: u32,
    pub(super) module: Option<TdxModule>,
    pub(super) modules: Vec<TdxModuleVersion>,
    pub(super) levels: Vec<PlatformLevel>,
}

/// A TCB level of a platform: at least all of these security versions, then this status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformLevel {
    /// The 16 SGX components.
    pub sgx: [u8; 16],
    /// The 16 TDX components, in a TCB info for TDX.
    pub tdx: Option<[u8; 16]>,
    /// The provisioning certification enclave's security version.
    pub pce_svn: u16,
    /// When the level's last update was published.
    pub date: UnixTime,
    /// Any status but the two that advise a relaunch and `NoMatch`.
    pub status: TcbStatus,
    /// Advisories that the level is affected by.
    pub advisories: Vec<String>,
}

/// Whose TDX module, with which attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TdxModule {
    /// MRSIGNERSEAM: zero for Intel.
    pub mr_signer: [u8; 48],
    /// SEAMATTRIBUTES under their mask.
    pub attributes: [u8; 8],
    /// Which bits of SEAMATTRIBUTES count.
    pub attributes_mask: [u8; 8],
}

/// One major version of the TDX module, with TCB levels of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TdxModuleVersion {
    /// The major version: `TDX_03` is 3.
    pub version: u8,
    /// Whose module.
    pub module: TdxModule,
    /// The levels by the module's security version, from the highest down.
    pub levels: Vec<SvnLevel>,
}

impl TcbInfo {
    /// Parses PCS's answer, `{"tcbInfo":{…},"signature":"…"}`.
    pub fn parse(json: &[u8]) -> Result<Self, CollateralError> {
        let (body, signature) = open(json, Member::TcbInfo)?;
        Self::from_parts(body, &signature)
    }

    /// Parses a body as it was signed, with its signature in hexadecimal apart.
    pub fn from_parts(body: &[u8], signature: &str) -> Result<Self, CollateralError> {
        let signed = Signed::new(body, signature)?;
        let raw: RawTcbInfo = read(signed.body())?;
        Ok(Self { fields: raw.check()?, signed })
    }

    /// Whose quotes it is for: SGX or TDX.
    pub const fn tee(&self) -> Tee {
        self.fields.tee
    }

    /// From the issue date to the next update.
    pub const fn validity(&self) -> Validity {
        self.fields.validity
    }

    /// The platform model.
    pub const fn fmspc(&self) -> [u8; 6] {
        self.fields.fmspc
    }

    /// The provisioning certification enclave's id.
    pub const fn pce_id(&self) -> [u8; 2] {
        self.fields.pce_id
    }

    /// `tcbEvaluationDataNumber`: rises with each of Intel's reviews.
    pub const fn evaluation_number(&self) -> u32 {
        self.fields.evaluation_number
    }

    /// The TDX module of version 0, in a TCB info for TDX.
    pub const fn module(&self) -> Option<&TdxModule> {
        self.fields.module.as_ref()
    }

    /// The TDX module of a later major version.
    pub fn module_version(&self, version: u8) -> Option<&TdxModuleVersion> {
        self.fields.modules.iter().find(|module| module.version == version)
    }

    /// The platform's levels in Intel's order, from the best down.
    pub fn levels(&self) -> &[PlatformLevel] {
        &self.fields.levels
    }

    /// The body as received and its signature.
    pub(super) const fn signed(&self) -> &Signed {
        &self.signed
    }
}

impl TdxModuleVersion {
    /// The first level that `isv_svn` reaches.
    pub fn level(&self, isv_svn: u8) -> Option<&SvnLevel> {
        self.levels.iter().find(|level| u16::from(isv_svn) >= level.isv_svn)
    }
}

#[cfg(test)]
mod tests;
