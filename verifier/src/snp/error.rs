//! Why a report is malformed or not believed.

use super::product::{Product, SigningKey};
use super::tcb::Tcb;
use crate::crypto::CryptoError;
use crate::reader::ReadError;
use crate::x509::X509Error;

/// The bytes are not a report, or not a certificate table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// Another size than a report's.
    #[error("SNP report of {actual} bytes, expected {expected}")]
    Size {
        /// The only size there is.
        expected: usize,
        /// The size found.
        actual: usize,
    },
    /// A version whose layout is not known.
    #[error("SNP report version {actual}, expected 2 to 5")]
    Version {
        /// The version found.
        actual: u32,
    },
    /// Reserved bits of the field at 0x048 (bits 31:5) are set.
    #[error("SNP report: reserved bits of the key information are set: {actual:#010x}")]
    KeyInfo {
        /// The whole field.
        actual: u32,
    },
    /// A field is cut, or a reserved range is not zero.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// More entries in the certificate table than are accepted.
    #[error("SNP certificate table: more than {limit} entries")]
    TableEntries {
        /// How many are accepted.
        limit: usize,
    },
    /// An entry of the certificate table points outside of the table or into its list.
    #[error("SNP certificate table of {size} bytes: entry at offset {offset}, length {length}, lies outside")]
    TableRange {
        /// Offset in bytes from the table's start.
        offset: u32,
        /// Length in bytes.
        length: u32,
        /// Size of the table in bytes.
        size: usize,
    },
}

/// A rule of SEV-SNP that the report or its endorsements break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnpError {
    /// Signed by an algorithm that is not known.
    #[error("SIGNATURE_ALGO {actual}, expected {expected} (ECDSA P-384 with SHA-384)")]
    SignatureAlgorithm {
        /// The known algorithm.
        expected: u32,
        /// The algorithm found.
        actual: u32,
    },
    /// Not signed (7), or by a kind of key that is not known.
    #[error("SIGNING_KEY {actual}, expected 0 (VCEK) or 1 (VLEK)")]
    SigningKey {
        /// The field's value.
        actual: u8,
    },
    /// A processor that belongs to no known product.
    #[error("processor family {family:#04x} model {model:#04x} is of no known product")]
    Processor {
        /// CPUID family.
        family: u8,
        /// CPUID model.
        model: u8,
    },
    /// The processor and the certificate are of different products.
    #[error("the report's processor is {report}, the certificate's product {certificate}")]
    Product {
        /// By the report's CPUID values.
        report: Product,
        /// By the certificate's issuer.
        certificate: Product,
    },
    /// The certificate is for another kind of key than the report names.
    #[error("SIGNING_KEY names a {expected}, the certificate is a {actual}")]
    KeyKind {
        /// By the report's SIGNING_KEY.
        expected: SigningKey,
        /// By the certificate's issuer.
        actual: SigningKey,
    },
    /// An extension of the certificate is missing, malformed, or not allowed beside the others.
    #[error("certificate extension {name}: {problem}")]
    Extension {
        /// The extension's name in AMD 57230 and 58369.
        name: &'static str,
        /// What is wrong with it.
        problem: ExtensionError,
    },
    /// Reserved bytes of a TCB version are set.
    #[error("{field} {}: reserved bytes of the {product} layout are not zero", hex::encode(actual))]
    TcbReserved {
        /// Whose layout.
        product: Product,
        /// The report's field.
        field: &'static str,
        /// Its bytes.
        actual: [u8; 8],
    },
    /// The certificate is for another TCB than the report was signed at.
    #[error("REPORTED_TCB is {report}, the certificate's {certificate}")]
    Tcb {
        /// The report's.
        report: Tcb,
        /// The certificate's.
        certificate: Tcb,
    },
    /// The certificate is for another chip.
    #[error("CHIP_ID is {}, the certificate's {}", hex::encode(report.as_slice()), hex::encode(certificate.as_slice()))]
    ChipId {
        /// The report's, 64 bytes.
        report: Box<[u8; 64]>,
        /// The certificate's: 64 bytes, or 8 for Turin.
        certificate: Vec<u8>,
    },
    /// No pinned root has the name of the intermediate's issuer.
    #[error("no pinned AMD root has the name of the issuer {issuer}")]
    UnknownRoot {
        /// The common name that the intermediate gives.
        issuer: String,
    },
    /// A certificate of the chain breaks a rule.
    #[error("{role}: {error}")]
    Chain {
        /// `ark`, `ask` (also the ASVK) or `vek`.
        role: &'static str,
        /// The rule.
        #[source]
        error: X509Error,
    },
    /// The report's signature does not hold.
    #[error("the report's signature was not accepted: {0}")]
    Signature(#[source] CryptoError),
}

/// The bytes are not an ID block with its authentication information.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdBlockError {
    /// Another size than that of the two structures.
    #[error("SNP ID block and authentication information of {actual} bytes, expected 96 + 4096")]
    Size {
        /// The size found.
        actual: usize,
    },
    /// A version of the block that is not known.
    #[error("SNP ID block version {actual}, expected 1")]
    Version {
        /// The version found.
        actual: u32,
    },
    /// A key of an algorithm that is not known.
    #[error("SNP {key} key algorithm {actual}, expected 1 (ECDSA P-384 with SHA-384)")]
    Algorithm {
        /// `ID` or `author`.
        key: &'static str,
        /// The algorithm found.
        actual: u32,
    },
    /// A key on a curve that is not known.
    #[error("SNP ECDSA public key on curve {actual}, expected 2 (P-384)")]
    Curve {
        /// The curve found.
        actual: u32,
    },
    /// A field is cut, or a reserved range is not zero.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The key is no point of its curve.
    #[error("SNP ECDSA public key: {0}")]
    Key(#[source] CryptoError),
    /// The JSON form lacks one of its two strings.
    #[error("SNP ID block in JSON: {reason}")]
    Json {
        /// What the parser says.
        reason: String,
    },
    /// A string of the JSON form is not base64 of the structure's size.
    #[error("SNP ID block in JSON: {name} is not {size} bytes in base64")]
    Base64 {
        /// `id_block` or `id_auth`.
        name: &'static str,
        /// The structure's size in bytes.
        size: usize,
    },
}

/// What is wrong with an extension of a VCEK or VLEK certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExtensionError {
    /// It has to be there.
    #[error("is missing")]
    Missing,
    /// It has no place in this kind of certificate.
    #[error("has no place in this kind of certificate")]
    OutOfPlace,
    /// Its value is not the strict DER, or not of the size, that it should be.
    #[error("is not of its form")]
    Malformed,
    /// Its value is none that is known.
    #[error("has a value that is not known")]
    Unknown,
}

impl SnpError {
    /// The rule that failed, in kebab-case.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SignatureAlgorithm { .. } => "snp-signature-algorithm",
            Self::SigningKey { .. } => "snp-signing-key",
            Self::Processor { .. } => "snp-processor",
            Self::Product { .. } => "snp-product",
            Self::KeyKind { .. } => "snp-key-kind",
            Self::Extension { .. } => "snp-certificate-extension",
            Self::TcbReserved { .. } => "snp-tcb-reserved",
            Self::Tcb { .. } => "snp-tcb",
            Self::ChipId { .. } => "snp-chip-id",
            Self::UnknownRoot { .. } => "snp-unknown-root",
            Self::Chain { error, .. } => error.kind(),
            Self::Signature(_) => "snp-report-signature",
        }
    }
}
