//! Intel's identity of a quoting enclave: who it is, and which of its versions are good.

use serde::Deserialize;

use crate::dcap::collateral::{
    CollateralError, Member, Signed, advisories, bytes, count, id_error, instant, open, ordered, read,
    validity,
};
use crate::dcap::status::TcbStatus;
use crate::evidence::Tee;
use crate::time::{UnixTime, Validity};

/// The identity of the enclave that signs quotes (Intel PCS API, "Enclave Identity V2").
///
/// Parsed and not yet verified: [`crate::dcap::verify()`] asks for signature and validity at each use.
#[derive(Clone, Debug)]
pub struct QeIdentity {
    signed: Signed,
    tee: Tee,
    validity: Validity,
    evaluation_number: u32,
    enclave: QeEnclave,
    levels: Vec<SvnLevel>,
}

/// What the enclave's report must show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QeEnclave {
    /// MISCSELECT under its mask, as its bytes stand in the report.
    pub misc_select: [u8; 4],
    /// Which bits of MISCSELECT count.
    pub misc_select_mask: [u8; 4],
    /// ATTRIBUTES under their mask.
    pub attributes: [u8; 16],
    /// Which bits of ATTRIBUTES count.
    pub attributes_mask: [u8; 16],
    /// MRSIGNER.
    pub mr_signer: [u8; 32],
    /// ISVPRODID.
    pub isv_prod_id: u16,
}

/// A TCB level of one enclave or module: from this security version on, this status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SvnLevel {
    /// The lowest security version of the level.
    pub isv_svn: u16,
    /// When the level's last update was published.
    pub date: UnixTime,
    /// `UpToDate`, `OutOfDate` or `Revoked`.
    pub status: TcbStatus,
    /// Advisories that the level is affected by.
    pub advisories: Vec<String>,
}

impl QeIdentity {
    /// Parses PCS's answer, `{"enclaveIdentity":{…},"signature":"…"}`.
    pub fn parse(json: &[u8]) -> Result<Self, CollateralError> {
        let (body, signature) = open(json, Member::EnclaveIdentity)?;
        Self::from_parts(body, &signature)
    }

    /// Parses a body as it was signed, with its signature in hexadecimal apart.
    pub fn from_parts(body: &[u8], signature: &str) -> Result<Self, CollateralError> {
        let signed = Signed::new(body, signature)?;
        let raw: RawIdentity = read(signed.body())?;
        if raw.version != VERSION {
            return Err(CollateralError::Version { actual: raw.version });
        }
        // `QVE`, the verification enclave, has an identity too; no quote is signed by it.
        let tee = match raw.id.as_str() {
            "QE" => Tee::Sgx,
            "TD_QE" => Tee::Tdx,
            other => return Err(id_error(other)),
        };
        let enclave = QeEnclave {
            misc_select: bytes("miscselect", &raw.miscselect)?,
            misc_select_mask: bytes("miscselectMask", &raw.miscselect_mask)?,
            attributes: bytes("attributes", &raw.attributes)?,
            attributes_mask: bytes("attributesMask", &raw.attributes_mask)?,
            mr_signer: bytes("mrsigner", &raw.mrsigner)?,
            isv_prod_id: raw.isvprodid,
        };
        Ok(Self {
            tee,
            validity: validity(&raw.issue_date, &raw.next_update)?,
            evaluation_number: raw.tcb_evaluation_data_number,
            enclave,
            levels: svn_levels(raw.tcb_levels)?,
            signed,
        })
    }

    /// Whose quotes the enclave signs: SGX (`QE`) or TDX (`TD_QE`).
    pub const fn tee(&self) -> Tee {
        self.tee
    }

    /// From the issue date to the next update.
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// `tcbEvaluationDataNumber`: rises with each of Intel's reviews.
    pub const fn evaluation_number(&self) -> u32 {
        self.evaluation_number
    }

    /// What the enclave's report must show.
    pub const fn enclave(&self) -> &QeEnclave {
        &self.enclave
    }

    /// The first level that `isv_svn` reaches; Intel lists them from the highest down.
    pub fn level(&self, isv_svn: u16) -> Option<&SvnLevel> {
        self.levels.iter().find(|level| isv_svn >= level.isv_svn)
    }

    /// The body as received and its signature.
    pub(super) const fn signed(&self) -> &Signed {
        &self.signed
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawIdentity {
    id: String,
    version: u32,
    issue_date: String,
    next_update: String,
    tcb_evaluation_data_number: u32,
    miscselect: String,
    miscselect_mask: String,
    attributes: String,
    attributes_mask: String,
    mrsigner: String,
    isvprodid: u16,
    tcb_levels: Vec<RawSvnLevel>,
}

/// A level as JSON has it, in an enclave's and in a TDX module's identity.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawSvnLevel {
    tcb: RawSvn,
    tcb_date: String,
    tcb_status: TcbStatus,
    #[serde(rename = "advisoryIDs")]
    advisory_ids: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct RawSvn {
    isvsvn: u16,
}

pub(super) fn svn_levels(raw: Vec<RawSvnLevel>) -> Result<Vec<SvnLevel>, CollateralError> {
    count("tcbLevels", MAX_SVN_LEVELS, raw.len())?;
    let level = |raw: RawSvnLevel| {
        if !matches!(raw.tcb_status, TcbStatus::UpToDate | TcbStatus::OutOfDate | TcbStatus::Revoked) {
            return Err(CollateralError::Status { actual: raw.tcb_status });
        }
        Ok(SvnLevel {
            isv_svn: raw.tcb.isvsvn,
            date: instant("tcbDate", &raw.tcb_date)?,
            status: raw.tcb_status,
            advisories: advisories(raw.advisory_ids)?,
        })
    };
    ordered("tcbLevels", raw.into_iter().map(level).collect::<Result<_, _>>()?, |level: &SvnLevel| {
        level.isv_svn
    })
}

/// The format's version since PCS API version 2.
const VERSION: u32 = 2;
/// Intel lists one level for each security version so far, at most about ten.
const MAX_SVN_LEVELS: usize = 256;

#[cfg(test)]
mod tests;
