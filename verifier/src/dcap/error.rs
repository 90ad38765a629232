//! Why a quote is not believed.

use crate::crypto::CryptoError;
use crate::dcap::pck::PckError;
use crate::error::VerifyError;
use crate::time::{UnixTime, Validity};
use crate::x509::X509Error;

/// A rule of DCAP that failed: a signature, a chain, a binding, or collateral outside its validity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DcapError {
    /// The PCK chain inside the quote is not PEM of a few certificates, or one of them is malformed.
    #[error("the PCK certificate chain in the quote is malformed")]
    PckChain(#[source] X509Error),
    /// Something else than a certificate stands in the PCK chain.
    #[error("the PCK certificate chain in the quote has a PEM block that is no certificate")]
    PckChainBlock,
    /// No or several certificates of the chain have the SGX extension.
    #[error("{actual} PCK certificates in the quote's chain, expected 1")]
    PckLeaves {
        /// How many were found.
        actual: usize,
    },
    /// The certificate that issued the PCK certificate is not in the chain.
    #[error("the PCK certificate's issuer is not in the quote's chain")]
    PckCaAbsent,
    /// A certificate has a subject that its place in the chain does not allow.
    #[error("the {role} certificate's common name is not one of Intel's for it")]
    CommonName {
        /// The certificate's place.
        role: &'static str,
    },
    /// The PCK CA was issued by a root that is not pinned.
    #[error("the PCK CA was issued by no pinned root")]
    NotAnchored,
    /// A certificate is not signed by its issuer, outside its validity, or revoked.
    #[error("the {role} certificate")]
    Certificate {
        /// The certificate's place: `root`, `pck-ca`, `pck`, `tcb-signer`.
        role: &'static str,
        /// The rule of X.509.
        source: X509Error,
    },
    /// The PCK certificate's SGX extension is not as Intel writes it.
    #[error("the PCK certificate's SGX extension")]
    PckExtension(#[source] PckError),
    /// The PCK did not sign the quoting enclave's report.
    #[error("the quoting enclave's report is not signed by the PCK")]
    QeReportSignature(#[source] CryptoError),
    /// The quoting enclave vouches for another attestation key.
    #[error(
        "the quoting enclave's report data is not SHA-256 of attestation key and authentication data: expected {}, found {}",
        hex::encode(**expected),
        hex::encode(**actual)
    )]
    QeReportData {
        /// The digest and 32 zero bytes.
        expected: Box<[u8; 64]>,
        /// What the report carries.
        actual: Box<[u8; 64]>,
    },
    /// The attestation key did not sign the quote, or is no point of P-256.
    #[error("the quote is not signed by its attestation key")]
    QuoteSignature(#[source] CryptoError),
    /// Collateral is used before its issue or after its next update.
    #[error("{what} is valid from {} to {}, asked at {now}", validity.not_before, validity.not_after)]
    CollateralValidity {
        /// `TCB info` or `QE identity`.
        what: &'static str,
        /// Its span.
        validity: Validity,
        /// The instant of verification.
        now: UnixTime,
    },
    /// No TCB signing certificate's key signed the collateral.
    #[error("{what} is not signed by the TCB signing certificate")]
    CollateralSignature {
        /// `TCB info` or `QE identity`.
        what: &'static str,
        /// The rule of the signature.
        source: CryptoError,
    },
    /// The quoting enclave is not the one that Intel describes.
    #[error(
        "the quoting enclave's {field}: expected {}, found {}",
        hex::encode(expected),
        hex::encode(actual)
    )]
    QeIdentity {
        /// The field of its report.
        field: &'static str,
        /// What the identity wants, under its mask.
        expected: Vec<u8>,
        /// What the report has, under the same mask.
        actual: Vec<u8>,
    },
    /// The TCB info knows no TDX module of this major version.
    #[error("the TCB info has no TDX module of version {version}")]
    TdxModuleUnknown {
        /// The version that the TD's report names.
        version: u8,
    },
    /// The TDX module is not the one that Intel describes.
    #[error("the TDX module's {field}: expected {}, found {}", hex::encode(expected), hex::encode(actual))]
    TdxModule {
        /// The field of the TD's report.
        field: &'static str,
        /// What the TCB info wants, under its mask.
        expected: Vec<u8>,
        /// What the report has, under the same mask.
        actual: Vec<u8>,
    },
}

impl DcapError {
    /// The rule that failed, in kebab-case.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::PckChain(_) | Self::PckChainBlock => "pck-chain-malformed",
            Self::PckLeaves { .. } => "pck-leaf-count",
            Self::PckCaAbsent => "pck-ca-absent",
            Self::CommonName { .. } => "certificate-name",
            Self::NotAnchored => "pck-chain-not-anchored",
            Self::Certificate { source: X509Error::Revoked { .. }, .. } => "certificate-revoked",
            Self::Certificate { .. } => "certificate-chain",
            Self::PckExtension(_) => "pck-extension",
            Self::QeReportSignature(_) => "qe-report-signature",
            Self::QeReportData { .. } => "qe-report-data",
            Self::QuoteSignature(_) => "quote-signature",
            Self::CollateralValidity { .. } => "collateral-validity",
            Self::CollateralSignature { .. } => "collateral-signature",
            Self::QeIdentity { .. } => "qe-identity",
            Self::TdxModuleUnknown { .. } => "tdx-module-unknown",
            Self::TdxModule { .. } => "tdx-module",
        }
    }
}

impl From<DcapError> for VerifyError {
    fn from(error: DcapError) -> Self {
        Self::Dcap(error)
    }
}
