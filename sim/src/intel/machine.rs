//! A simulated platform: its certified key, its levels, its quoting enclave.

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::error::MintError;
use crate::intel::{
    EnclaveReport, PckCa, PckConfiguration, QuoteBody, QuoteFields, QuoteHeader, QuotingEnclave,
    SgxExtension, TdReport, TdReport15, TdReport15Ex,
};
use crate::keys::P256Key;

/// A simulated platform.
#[derive(Clone, Debug)]
pub struct IntelMachine {
    /// The form of its quotes.
    pub form: QuoteForm,
    /// Who certifies it.
    pub ca: PckCa,
    /// What its PCK certificate says.
    pub extension: SgxExtension,
    /// The key that the PCK certificate is for.
    pub pck: P256Key,
    /// The enclave that signs quotes.
    pub quoting_enclave: QuotingEnclave,
    /// TEE_TCB_SVN: module SVN, module major version, microcode; unused for SGX.
    pub tee_tcb_svn: [u8; 16],
}

/// The form of a machine's quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuoteForm {
    /// Version 3 of an SGX enclave.
    Sgx,
    /// Version 4 of a TDX guest.
    TdxV4,
    /// Version 5, body type 2: TDX 1.0.
    TdxV5Td10,
    /// Version 5, body type 3: TDX 1.5.
    TdxV5Td15,
    /// Version 5, body type 4: TDX 1.5 with service guests and devices.
    TdxV5Td15Ex,
}

impl QuoteForm {
    /// All forms.
    pub const ALL: [Self; 5] = [Self::Sgx, Self::TdxV4, Self::TdxV5Td10, Self::TdxV5Td15, Self::TdxV5Td15Ex];

    /// The quote's version.
    pub const fn version(self) -> u16 {
        match self {
            Self::Sgx => 3,
            Self::TdxV4 => 4,
            Self::TdxV5Td10 | Self::TdxV5Td15 | Self::TdxV5Td15Ex => 5,
        }
    }
}

impl IntelMachine {
    /// A new, up-to-date platform certified by the Platform CA.
    pub fn new(form: QuoteForm, rng: &mut impl CryptoRng) -> Self {
        let (mut ppid, mut instance) = ([0; 16], [0; 16]);
        rng.fill_bytes(&mut ppid);
        rng.fill_bytes(&mut instance);
        let extension = SgxExtension {
            ppid,
            components: SGX_COMPONENTS,
            pce_svn: 11,
            cpu_svn: SGX_COMPONENTS,
            pce_id: [0; 2],
            fmspc: FMSPC,
            sgx_type: 1,
            platform_instance_id: Some(instance),
            configuration: Some(PckConfiguration {
                dynamic_platform: false,
                cached_keys: true,
                smt_enabled: true,
            }),
        };
        let quoting_enclave = QuotingEnclave {
            attestation_key: P256Key::generate(rng),
            report: quoting_enclave_report(form),
            auth_data: (0..32).collect(),
        };
        let pck = P256Key::generate(rng);
        let tee_tcb_svn = TEE_TCB_SVN;
        Self { form, ca: PckCa::Platform, extension, pck, quoting_enclave, tee_tcb_svn }
    }

    /// The fields of a quote: a production guest or enclave, no debugging, no service guest.
    pub fn quote_fields(&self, report_data: [u8; 64]) -> QuoteFields {
        let body = match self.form {
            QuoteForm::Sgx => QuoteBody::Enclave(Box::new(enclave_report(report_data))),
            _ => QuoteBody::Td(Box::new(self.td_report(report_data))),
        };
        QuoteFields { header: QuoteHeader::new(self.form.version(), &body), body }
    }

    /// Signs a quote; `chain` is the machine's PEM chain.
    pub fn quote(&self, fields: &QuoteFields, chain: &[u8]) -> Result<Vec<u8>, MintError> {
        self.quoting_enclave.sign(fields, &self.pck, chain)?.assemble(fields)
    }

    fn td_report(&self, report_data: [u8; 64]) -> TdReport {
        let td15 = matches!(self.form, QuoteForm::TdxV5Td15 | QuoteForm::TdxV5Td15Ex)
            .then(|| TdReport15 { tee_tcb_svn2: self.tee_tcb_svn, mr_service_td: [0; 48] });
        let td15_ex = (self.form == QuoteForm::TdxV5Td15Ex).then(|| {
            Box::new(TdReport15Ex {
                vm_id: 0,
                td_id: [0x7d; 32],
                device_info: [0; 48],
                initial_service_td_hash: [0; 48],
                initial_service_td_attributes: [0; 8],
                initial_cpu_svn: [0; 16],
                initial_tee_tcb_svn: [0; 16],
                initial_tee_fmspc: [0; 12],
                current_service_td_hash: [0; 48],
                current_service_td_attributes: [0; 8],
            })
        });
        TdReport {
            tee_tcb_svn: self.tee_tcb_svn,
            mr_seam: [0x5e; 48],
            mr_signer_seam: [0; 48],
            seam_attributes: [0; 8],
            td_attributes: SEPT_VE_DISABLE,
            xfam: XFAM,
            mr_td: [0x4d; 48],
            mr_config_id: [0; 48],
            mr_owner: [0; 48],
            mr_owner_config: [0; 48],
            rtmrs: [[0x70; 48], [0x71; 48], [0x72; 48], [0; 48]],
            report_data,
            td15,
            td15_ex,
        }
    }
}

fn enclave_report(report_data: [u8; 64]) -> EnclaveReport {
    EnclaveReport {
        cpu_svn: SGX_COMPONENTS,
        misc_select: 0,
        cet_attributes: [0; 12],
        isv_extended_product_id: [0; 16],
        attributes: enclave_attributes(0x05, 0xe7),
        mr_enclave: [0x4d; 32],
        mr_signer: [0x51; 32],
        config_id: [0; 64],
        isv_product_id: 0,
        isv_svn: 1,
        config_svn: 0,
        isv_family_id: [0; 16],
        report_data,
    }
}

fn quoting_enclave_report(form: QuoteForm) -> EnclaveReport {
    let (mr_signer, isv_product_id, isv_svn) = match form {
        QuoteForm::Sgx => (SGX_QE_SIGNER, 1, 8),
        _ => (TD_QE_SIGNER, 2, 8),
    };
    EnclaveReport {
        attributes: enclave_attributes(0x15, 0xe7),
        mr_enclave: [0xe1; 32],
        mr_signer,
        isv_product_id,
        isv_svn,
        ..enclave_report([0; 64])
    }
}

/// ATTRIBUTES: the first byte of the flags and of XFRM.
const fn enclave_attributes(flags: u8, xfrm: u8) -> [u8; 16] {
    let mut attributes = [0; 16];
    attributes[0] = flags;
    attributes[8] = xfrm;
    attributes
}

/// The components of an up-to-date platform.
const SGX_COMPONENTS: [u8; 16] = [4, 4, 2, 2, 4, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0];
/// Module SVN 15 of major version 1, microcode 4.
const TEE_TCB_SVN: [u8; 16] = [15, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// The model of the simulated platform.
const FMSPC: [u8; 6] = [0xb0, 0xc0, 0x6f, 0, 0, 0];
/// TDATTRIBUTES bit 28: pending pages raise no exception that the host could provoke.
const SEPT_VE_DISABLE: u64 = 1 << 28;
/// x87, SSE, AVX, AVX-512, PKRU, AMX.
const XFAM: u64 = 0x6_02e7;
/// MRSIGNER of Intel's SGX quoting enclave.
const SGX_QE_SIGNER: [u8; 32] = [
    0x8c, 0x4f, 0x57, 0x75, 0xd7, 0x96, 0x50, 0x3e, 0x96, 0x13, 0x7f, 0x77, 0xc6, 0x8a, 0x82, 0x9a, 0x00,
    0x56, 0xac, 0x8d, 0xed, 0x70, 0x14, 0x0b, 0x08, 0x1b, 0x09, 0x44, 0x90, 0xc5, 0x7b, 0xff,
];
/// MRSIGNER of Intel's TD quoting enclave.
const TD_QE_SIGNER: [u8; 32] = [
    0xdc, 0x9e, 0x2a, 0x7c, 0x6f, 0x94, 0x8f, 0x17, 0x47, 0x4e, 0x34, 0xa7, 0xfc, 0x43, 0xed, 0x03, 0x0f,
    0x7c, 0x15, 0x63, 0xf1, 0xba, 0xbd, 0xdf, 0x63, 0x40, 0xc8, 0x2e, 0x0e, 0x54, 0xa8, 0xc5,
];
