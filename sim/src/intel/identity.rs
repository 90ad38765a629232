//! TCB info (version 3) and quoting enclave identity (version 2) as Intel's service writes them, signed over their bytes.

use serde::Serialize;

use crate::asn1::rfc3339;
use crate::error::MintError;
use crate::intel::{IntelMachine, QuoteForm};
use crate::keys::P256Key;

/// The body of a TCB info; hexadecimal fields are text so that a test can write anything there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TcbInfoFields {
    /// `SGX` or `TDX`.
    pub id: String,
    /// Version of the structure: 3.
    pub version: u32,
    /// When it was made.
    pub issue_date: String,
    /// When the next one is due.
    pub next_update: String,
    /// The platform model it is for, hexadecimal.
    pub fmspc: String,
    /// The provisioning certification enclave it is for, hexadecimal.
    pub pce_id: String,
    /// Type of the TCB comparison: 0.
    pub tcb_type: u32,
    /// Number of the evaluation that it comes from.
    pub tcb_evaluation_data_number: u32,
    /// The module of TDX 1.0; TDX alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tdx_module: Option<TdxModule>,
    /// The modules of TDX 1.5 by major version; TDX alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tdx_module_identities: Option<Vec<TdxModuleIdentity>>,
    /// The levels, best first.
    pub tcb_levels: Vec<TcbLevel<TcbSvns>>,
}

/// What the TDX module must report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TdxModule {
    /// MRSIGNERSEAM, hexadecimal.
    pub mrsigner: String,
    /// SEAMATTRIBUTES, hexadecimal.
    pub attributes: String,
    /// Which bits of them count, hexadecimal.
    pub attributes_mask: String,
}

/// The levels of one major version of the TDX module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TdxModuleIdentity {
    /// `TDX_` and the major version in two hexadecimal digits.
    pub id: String,
    /// What it must report.
    #[serde(flatten)]
    pub module: TdxModule,
    /// Its levels, best first.
    pub tcb_levels: Vec<TcbLevel<QeTcb>>,
}

/// One TCB level and its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TcbLevel<T> {
    /// What must be reached.
    pub tcb: T,
    /// When the level was made.
    pub tcb_date: String,
    /// The status in Intel's words.
    pub tcb_status: String,
    /// What is open at this level.
    #[serde(rename = "advisoryIDs", skip_serializing_if = "Vec::is_empty")]
    pub advisory_ids: Vec<String>,
}

/// A level of a quoting enclave.
pub type QeTcbLevel = TcbLevel<QeTcb>;

/// The security version numbers of a platform's level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TcbSvns {
    /// Sixteen SGX components.
    #[serde(rename = "sgxtcbcomponents")]
    pub sgx_components: Vec<TcbComponent>,
    /// PCESVN.
    #[serde(rename = "pcesvn")]
    pub pce_svn: u16,
    /// Sixteen TDX components; TDX alone.
    #[serde(rename = "tdxtcbcomponents", skip_serializing_if = "Option::is_none")]
    pub tdx_components: Option<Vec<TcbComponent>>,
}

/// One component of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TcbComponent {
    /// The number that must be reached.
    pub svn: u8,
}

/// The security version number of an enclave or of a TDX module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct QeTcb {
    /// The number that must be reached.
    #[serde(rename = "isvsvn")]
    pub isv_svn: u16,
}

/// The body of a quoting enclave's identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QeIdentityFields {
    /// `QE` for SGX, `TD_QE` for TDX.
    pub id: String,
    /// Version of the structure: 2.
    pub version: u32,
    /// When it was made.
    pub issue_date: String,
    /// When the next one is due.
    pub next_update: String,
    /// Number of the evaluation that it comes from.
    pub tcb_evaluation_data_number: u32,
    /// MISCSELECT, hexadecimal.
    pub miscselect: String,
    /// Which bits of it count, hexadecimal.
    pub miscselect_mask: String,
    /// ATTRIBUTES, hexadecimal.
    pub attributes: String,
    /// Which bits of them count, hexadecimal.
    pub attributes_mask: String,
    /// MRSIGNER, hexadecimal.
    pub mrsigner: String,
    /// ISVPRODID.
    pub isvprodid: u16,
    /// Its levels, best first.
    pub tcb_levels: Vec<QeTcbLevel>,
}

impl TcbInfoFields {
    /// A TCB info in which this machine is up to date and the level one lower is out of date;
    /// made a day before `now`, due in 29 days.
    pub fn new(machine: &IntelMachine, now: i64) -> Result<Self, MintError> {
        let tdx = machine.form != QuoteForm::Sgx;
        let current = svns(machine, 0, tdx);
        let older = svns(machine, 1, tdx);
        let module = TdxModule {
            mrsigner: "00".repeat(48),
            attributes: "00".repeat(8),
            attributes_mask: "FF".repeat(8),
        };
        let [module_svn, module_version, ..] = machine.tee_tcb_svn;
        let identity = TdxModuleIdentity {
            id: format!("TDX_{module_version:02X}"),
            module: module.clone(),
            tcb_levels: levels(isv(module_svn.into()), isv(module_svn.saturating_sub(1).into()), now)?,
        };
        Ok(Self {
            id: if tdx { "TDX" } else { "SGX" }.to_owned(),
            version: 3,
            issue_date: rfc3339(now - DAY)?,
            next_update: rfc3339(now + 29 * DAY)?,
            fmspc: hex::encode_upper(machine.extension.fmspc),
            pce_id: hex::encode_upper(machine.extension.pce_id),
            tcb_type: 0,
            tcb_evaluation_data_number: EVALUATION,
            tdx_module: tdx.then_some(module),
            tdx_module_identities: tdx.then(|| vec![identity]),
            tcb_levels: levels(current, older, now)?,
        })
    }

    /// The JSON as the service answers: body and signature.
    pub fn sign(&self, key: &P256Key) -> Result<Vec<u8>, MintError> {
        signed("tcbInfo", &json("TCB info", self)?, key)
    }

    /// The JSON of the body alone.
    pub fn body(&self) -> Result<Vec<u8>, MintError> {
        json("TCB info", self)
    }
}

impl QeIdentityFields {
    /// The identity of this machine's quoting enclave, up to date; made a day before `now`, due in 29 days.
    pub fn new(machine: &IntelMachine, now: i64) -> Result<Self, MintError> {
        let report = &machine.quoting_enclave.report;
        let svn = report.isv_svn;
        Ok(Self {
            id: if machine.form == QuoteForm::Sgx { "QE" } else { "TD_QE" }.to_owned(),
            version: 2,
            issue_date: rfc3339(now - DAY)?,
            next_update: rfc3339(now + 29 * DAY)?,
            tcb_evaluation_data_number: EVALUATION,
            miscselect: "00000000".to_owned(),
            miscselect_mask: "FFFFFFFF".to_owned(),
            attributes: "11000000000000000000000000000000".to_owned(),
            attributes_mask: "FBFFFFFFFFFFFFFF0000000000000000".to_owned(),
            mrsigner: hex::encode_upper(report.mr_signer),
            isvprodid: report.isv_product_id,
            tcb_levels: levels(isv(svn), isv(svn.saturating_sub(1)), now)?,
        })
    }

    /// The JSON as the service answers: body and signature.
    pub fn sign(&self, key: &P256Key) -> Result<Vec<u8>, MintError> {
        signed("enclaveIdentity", &json("QE identity", self)?, key)
    }

    /// The JSON of the body alone.
    pub fn body(&self) -> Result<Vec<u8>, MintError> {
        json("QE identity", self)
    }
}

/// An up-to-date level and an older, out-of-date one.
fn levels<T>(current: T, older: T, now: i64) -> Result<Vec<TcbLevel<T>>, MintError> {
    Ok(vec![
        TcbLevel {
            tcb: current,
            tcb_date: rfc3339(now - 90 * DAY)?,
            tcb_status: "UpToDate".to_owned(),
            advisory_ids: Vec::new(),
        },
        TcbLevel {
            tcb: older,
            tcb_date: rfc3339(now - 400 * DAY)?,
            tcb_status: "OutOfDate".to_owned(),
            advisory_ids: vec!["INTEL-SA-01245".to_owned()],
        },
    ])
}

/// The machine's numbers, each lowered by `lower` where it is not zero.
fn svns(machine: &IntelMachine, lower: u8, tdx: bool) -> TcbSvns {
    let components =
        |svns: [u8; 16]| svns.map(|svn| TcbComponent { svn: svn.saturating_sub(lower) }).to_vec();
    TcbSvns {
        sgx_components: components(machine.extension.components),
        pce_svn: machine.extension.pce_svn.saturating_sub(lower.into()),
        tdx_components: tdx.then(|| components(machine.tee_tcb_svn)),
    }
}

const fn isv(isv_svn: u16) -> QeTcb {
    QeTcb { isv_svn }
}

fn json(document: &'static str, body: &impl Serialize) -> Result<Vec<u8>, MintError> {
    serde_json::to_vec(body).map_err(|_| MintError::Json { document })
}

/// `{"<member>":<body>,"signature":"<r ‖ s in hexadecimal>"}`: the signature covers the body's bytes.
fn signed(member: &str, body: &[u8], key: &P256Key) -> Result<Vec<u8>, MintError> {
    let signature = hex::encode(key.sign_fixed(body)?);
    let head = format!("{{\"{member}\":");
    let tail = format!(",\"signature\":\"{signature}\"}}");
    Ok([head.as_bytes(), body, tail.as_bytes()].concat())
}

/// Seconds of a day.
const DAY: i64 = 86_400;
/// The number of the evaluation in minted collateral.
const EVALUATION: u32 = 20;
