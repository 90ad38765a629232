//! A machine as a file: its private keys are "the hardware", so whoever has the file is the machine.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use crate::amd::{Chip, Product, SigningChoice, Tcb};
use crate::bytes::Bytes;
use crate::error::MintError;
use crate::intel::{EnclaveReport, IntelMachine, PckCa, QuoteForm, QuotingEnclave, SgxExtension};
use crate::keys::{P256Key, P384Key};
use crate::platform::machine::{AmdHardware, IntelHardware, Machine};

impl Machine {
    /// The machine as JSON.
    pub fn to_json(&self) -> Result<Vec<u8>, MintError> {
        let file = match self {
            Self::Amd(hardware) => MachineFile::Amd(AmdFile::from(hardware.as_ref())),
            Self::Intel(hardware) => MachineFile::Intel(IntelFile::from(hardware.as_ref())),
        };
        serde_json::to_vec_pretty(&file).map_err(|_| MintError::Json { document: "a machine" })
    }

    /// Reads a machine from its JSON.
    pub fn from_json(json: &[u8]) -> Result<Self, MintError> {
        let file: MachineFile = serde_json::from_slice(json)
            .map_err(|error| MintError::Machine { line: error.line(), column: error.column() })?;
        match file {
            MachineFile::Amd(file) => Ok(Self::Amd(Box::new(file.try_into()?))),
            MachineFile::Intel(file) => Ok(Self::Intel(Box::new(file.try_into()?))),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "simulated", rename_all = "lowercase")]
enum MachineFile {
    Amd(AmdFile),
    Intel(IntelFile),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AmdFile {
    product: Product,
    chip_id: String,
    tcb: Tcb,
    signer: SigningChoice,
    report_version: u32,
    vcek: String,
    vlek: String,
    csp_id: String,
    endorsement: String,
    intermediate: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IntelFile {
    form: QuoteForm,
    ca: PckCa,
    extension: SgxExtension,
    tee_tcb_svn: String,
    pck: String,
    chain: String,
    attestation_key: String,
    qe_report: String,
    auth_data: String,
}

impl From<&AmdHardware> for AmdFile {
    fn from(hardware: &AmdHardware) -> Self {
        let chip = &hardware.chip;
        Self {
            product: chip.product,
            chip_id: hex::encode(chip.id),
            tcb: chip.tcb,
            signer: hardware.signer,
            report_version: hardware.report_version,
            vcek: hex::encode(chip.vcek.to_bytes()),
            vlek: hex::encode(chip.vlek.to_bytes()),
            csp_id: chip.csp_id.clone(),
            endorsement: BASE64_STANDARD.encode(&hardware.endorsement),
            intermediate: BASE64_STANDARD.encode(&hardware.intermediate),
        }
    }
}

impl TryFrom<AmdFile> for AmdHardware {
    type Error = MintError;

    fn try_from(file: AmdFile) -> Result<Self, MintError> {
        let chip = Chip {
            product: file.product,
            id: array(&file.chip_id)?,
            tcb: file.tcb,
            vcek: P384Key::from_bytes(&array::<48>(&file.vcek)?)?,
            vlek: P384Key::from_bytes(&array::<48>(&file.vlek)?)?,
            csp_id: file.csp_id,
        };
        Ok(Self {
            chip,
            signer: file.signer,
            report_version: file.report_version,
            endorsement: BASE64_STANDARD.decode(&file.endorsement).map_err(|_| WRONG_VALUE)?,
            intermediate: BASE64_STANDARD.decode(&file.intermediate).map_err(|_| WRONG_VALUE)?,
        })
    }
}

impl From<&IntelHardware> for IntelFile {
    fn from(hardware: &IntelHardware) -> Self {
        let (machine, enclave) = (&hardware.machine, &hardware.machine.quoting_enclave);
        Self {
            form: machine.form,
            ca: machine.ca,
            extension: machine.extension.clone(),
            tee_tcb_svn: hex::encode(machine.tee_tcb_svn),
            pck: hex::encode(machine.pck.to_bytes()),
            chain: hardware.chain.clone(),
            attestation_key: hex::encode(enclave.attestation_key.to_bytes()),
            qe_report: hex::encode(enclave.report.encode()),
            auth_data: hex::encode(&enclave.auth_data),
        }
    }
}

impl TryFrom<IntelFile> for IntelHardware {
    type Error = MintError;

    fn try_from(file: IntelFile) -> Result<Self, MintError> {
        let report = array::<384>(&file.qe_report)?;
        let quoting_enclave = QuotingEnclave {
            attestation_key: P256Key::from_bytes(&array::<32>(&file.attestation_key)?)?,
            report: EnclaveReport::decode(&mut Bytes::new("an enclave's report", &report))?,
            auth_data: hex::decode(&file.auth_data).map_err(|_| WRONG_VALUE)?,
        };
        let machine = IntelMachine {
            form: file.form,
            ca: file.ca,
            extension: file.extension,
            pck: P256Key::from_bytes(&array::<32>(&file.pck)?)?,
            quoting_enclave,
            tee_tcb_svn: array(&file.tee_tcb_svn)?,
        };
        Ok(Self { machine, chain: file.chain })
    }
}

fn array<const N: usize>(text: &str) -> Result<[u8; N], MintError> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| WRONG_VALUE)?;
    Ok(bytes)
}

/// The JSON has the right members, and one of them another value than this crate writes.
const WRONG_VALUE: MintError = MintError::Machine { line: 0, column: 0 };
