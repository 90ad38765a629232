//! The parts of one DCAP case before they are signed: a test changes one of them.

use std::sync::LazyLock;

use sim::intel::{
    CollateralFields, EnclaveReport, IntelMachine, IntelVendor, QuoteBody, QuoteFields, QuoteForm,
    QuoteSignature, TdReport,
};
use sim::x509::{CertificateFields, pem};
use sim::{P256Key, SeededRng};
use system_tests::minted::{NOW, REPORT_DATA};

use crate::refused::Case;

/// Everything that makes up one case, and who signs each part.
#[derive(Clone)]
pub(crate) struct Dcap {
    pub(crate) machine: IntelMachine,
    pub(crate) quote: QuoteFields,
    pub(crate) pck: CertificateFields,
    pub(crate) pck_signer: P256Key,
    pub(crate) ca: CertificateFields,
    pub(crate) ca_signer: P256Key,
    pub(crate) root: CertificateFields,
    /// The chain inside the quote, if it is not PCK, CA and root.
    pub(crate) chain: Option<Vec<u8>>,
    /// Changes the signature data after it was made.
    pub(crate) signature: fn(&mut QuoteSignature),
    pub(crate) collateral: CollateralFields,
    pub(crate) tcb_info_signer: P256Key,
    pub(crate) qe_identity_signer: P256Key,
    pub(crate) tcb_signer: CertificateFields,
    pub(crate) tcb_signer_signer: P256Key,
}

/// Intel as it is simulated here.
pub(crate) static INTEL: LazyLock<IntelVendor> =
    LazyLock::new(|| IntelVendor::new(&mut SeededRng::new("dcap: Intel"), NOW).unwrap());
/// Somebody who gives himself Intel's names.
pub(crate) static STRANGER: LazyLock<IntelVendor> =
    LazyLock::new(|| IntelVendor::new(&mut SeededRng::new("dcap: a stranger"), NOW).unwrap());

impl Dcap {
    /// A good quote of this form.
    pub(crate) fn of(form: QuoteForm) -> Self {
        Self::under(&INTEL, form)
    }

    /// A good TDX quote, version 4.
    pub(crate) fn good() -> Self {
        Self::of(QuoteForm::TdxV4)
    }

    /// A good quote under other authorities.
    pub(crate) fn under(vendor: &IntelVendor, form: QuoteForm) -> Self {
        let machine = IntelMachine::new(form, &mut SeededRng::new("dcap: a machine"));
        Self {
            quote: machine.quote_fields(REPORT_DATA),
            pck: vendor.pck_fields(&machine, NOW).unwrap(),
            pck_signer: vendor.platform_ca.key.clone(),
            ca: vendor.platform_ca.fields.clone(),
            ca_signer: vendor.root.key.clone(),
            root: vendor.root.fields.clone(),
            chain: None,
            signature: |_| (),
            collateral: CollateralFields::new(vendor, &machine, NOW).unwrap(),
            tcb_info_signer: vendor.tcb_signer.key.clone(),
            qe_identity_signer: vendor.tcb_signer.key.clone(),
            tcb_signer: vendor.tcb_signer.fields.clone(),
            tcb_signer_signer: vendor.root.key.clone(),
            machine,
        }
    }

    /// The same with one change.
    pub(crate) fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The trust domain of the quote.
    pub(crate) fn td(&mut self) -> &mut TdReport {
        match &mut self.quote.body {
            QuoteBody::Td(td) => td,
            QuoteBody::Enclave(_) => panic!("an enclave's quote"),
        }
    }

    /// The enclave of the quote.
    pub(crate) fn enclave(&mut self) -> &mut EnclaveReport {
        match &mut self.quote.body {
            QuoteBody::Enclave(enclave) => enclave,
            QuoteBody::Td(_) => panic!("a trust domain's quote"),
        }
    }

    /// Signs everything, under a root whose key is Intel's here.
    pub(crate) fn mint(&self) -> Case {
        self.mint_under(&INTEL)
    }

    /// Signs everything, under the root of `vendor`.
    pub(crate) fn mint_under(&self, vendor: &IntelVendor) -> Case {
        let root = self.root.sign(&vendor.root.key).unwrap();
        let enclave = &self.machine.quoting_enclave;
        let chain =
            self.chain.clone().unwrap_or_else(|| self.pem_chain(&[self.pck(), self.ca(), root.clone()]));
        let mut signature = enclave.sign(&self.quote, &self.machine.pck, &chain).unwrap();
        (self.signature)(&mut signature);
        let quote = signature.assemble(&self.quote).unwrap();
        let collateral = &self.collateral;
        let signer = self.tcb_signer.sign(&self.tcb_signer_signer).unwrap();
        let endorsements = vec![
            ("tcb-info", collateral.tcb_info.sign(&self.tcb_info_signer).unwrap()),
            ("qe-identity", collateral.qe_identity.sign(&self.qe_identity_signer).unwrap()),
            ("tcb-signer", signer),
            ("root-crl", collateral.root_crl.sign(&vendor.root.key).unwrap()),
            ("pck-crl", collateral.pck_crl.sign(&vendor.platform_ca.key).unwrap()),
        ];
        Case::new(quote, endorsements, root)
    }

    /// The PCK certificate.
    pub(crate) fn pck(&self) -> Vec<u8> {
        self.pck.sign(&self.pck_signer).unwrap()
    }

    /// The PCK CA's certificate.
    pub(crate) fn ca(&self) -> Vec<u8> {
        self.ca.sign(&self.ca_signer).unwrap()
    }

    /// Certificates as a quote carries them, with the final zero byte.
    pub(crate) fn pem_chain(&self, certificates: &[Vec<u8>]) -> Vec<u8> {
        let mut chain: String = certificates.iter().map(|der| pem("CERTIFICATE", der)).collect();
        chain.push('\0');
        chain.into_bytes()
    }
}

/// PCS's answer with this body, signed as it stands.
pub(crate) fn answer(member: &str, body: &str, key: &P256Key) -> Vec<u8> {
    let signature = hex::encode(key.sign_fixed(body.as_bytes()).unwrap());
    format!("{{\"{member}\":{body},\"signature\":\"{signature}\"}}").into_bytes()
}
