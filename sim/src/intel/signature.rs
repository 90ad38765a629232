//! A quote's signature data: the attestation key, the quoting enclave that vouches for it, and who vouches for that.

use sha2::{Digest, Sha256};

use crate::error::MintError;
use crate::intel::{EnclaveReport, QuoteFields};
use crate::keys::P256Key;

/// The quoting enclave of a simulated platform.
#[derive(Clone, Debug)]
pub struct QuotingEnclave {
    /// The key that signs quotes.
    pub attestation_key: P256Key,
    /// What the enclave reports of itself; its report data is set from the attestation key when a quote is signed.
    pub report: EnclaveReport,
    /// The authentication data that the binding of the attestation key covers.
    pub auth_data: Vec<u8>,
}

/// The parts of the signature data before they are put together; a test changes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteSignature {
    /// The attestation key's signature over the signed span, `r ‖ s`.
    pub signature: [u8; 64],
    /// The attestation key, `x ‖ y`.
    pub attestation_key: [u8; 64],
    /// The quoting enclave's report.
    pub qe_report: [u8; 384],
    /// The PCK's signature over that report, `r ‖ s`.
    pub qe_report_signature: [u8; 64],
    /// The authentication data.
    pub auth_data: Vec<u8>,
    /// Type of the certification data: 5 is a PCK certificate chain in PEM.
    pub certification_type: u16,
    /// The certification data.
    pub certification: Vec<u8>,
}

impl QuotingEnclave {
    /// Signs a quote; `pck` is the platform's certified key and `chain` its PEM chain.
    pub fn sign(
        &self,
        fields: &QuoteFields,
        pck: &P256Key,
        chain: &[u8],
    ) -> Result<QuoteSignature, MintError> {
        let attestation_key = self.attestation_key.public_point();
        let mut report = self.report.clone();
        report.report_data = [0; 64];
        // SHA-256 of the key and the authentication data, then zeros (quote library API appendix A.4).
        let binding = Sha256::new().chain_update(attestation_key).chain_update(&self.auth_data).finalize();
        report.report_data[..32].copy_from_slice(&binding);
        let qe_report = report.encode();
        Ok(QuoteSignature {
            signature: self.attestation_key.sign_fixed(&fields.encode()?)?,
            attestation_key,
            qe_report,
            qe_report_signature: pck.sign_fixed(&qe_report)?,
            auth_data: self.auth_data.clone(),
            certification_type: PCK_CHAIN,
            certification: chain.to_vec(),
        })
    }
}

impl QuoteSignature {
    /// The whole quote: signed span, length, signature data in the layout of the quote's version.
    pub fn assemble(&self, fields: &QuoteFields) -> Result<Vec<u8>, MintError> {
        let mut enclave = self.qe_report.to_vec();
        enclave.extend_from_slice(&self.qe_report_signature);
        let auth_length = u16::try_from(self.auth_data.len())
            .map_err(|_| too_long("the authentication data", self.auth_data.len()))?;
        enclave.extend_from_slice(&auth_length.to_le_bytes());
        enclave.extend_from_slice(&self.auth_data);
        enclave.extend(certification(self.certification_type, &self.certification)?);

        let mut data = self.signature.to_vec();
        data.extend_from_slice(&self.attestation_key);
        if fields.header.version == 3 {
            data.extend(enclave);
        } else {
            data.extend(certification(QE_REPORT, &enclave)?);
        }

        let mut quote = fields.encode()?;
        quote.extend_from_slice(&length("the signature data", &data)?);
        quote.extend(data);
        Ok(quote)
    }
}

fn certification(kind: u16, data: &[u8]) -> Result<Vec<u8>, MintError> {
    let length = length("the certification data", data)?;
    Ok([&kind.to_le_bytes()[..], &length, data].concat())
}

fn length(field: &'static str, data: &[u8]) -> Result<[u8; 4], MintError> {
    u32::try_from(data.len()).map(u32::to_le_bytes).map_err(|_| too_long(field, data.len()))
}

const fn too_long(field: &'static str, length: usize) -> MintError {
    MintError::TooLong { field, length }
}

/// Certification data type 5: a PCK certificate chain in PEM.
const PCK_CHAIN: u16 = 5;
/// Certification data type 6: the quoting enclave's report and its own certification data.
const QE_REPORT: u16 = 6;
