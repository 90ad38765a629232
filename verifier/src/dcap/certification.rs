//! The part of a quote that certifies its attestation key: the quoting enclave's report, and the PCK certificates.

use core::fmt;

use crate::dcap::quote::{QuoteError, length, limit};
use crate::reader::Reader;
use crate::sgx::{ENCLAVE_REPORT_SIZE, EnclaveReport};

/// Who vouches for the attestation key, undecoded where decoding costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certification<'a> {
    /// The quoting enclave's report as received: the bytes that the PCK signs.
    pub qe_report_bytes: &'a [u8; ENCLAVE_REPORT_SIZE],
    /// The same, as fields.
    pub qe_report: Box<EnclaveReport>,
    /// The PCK's signature of the report: r and s, 32 bytes each, big-endian.
    pub qe_report_signature: &'a [u8; 64],
    /// The quoting enclave's authentication data, bound with the attestation key into its report data.
    pub qe_auth_data: &'a [u8],
    /// PCK certificate, its CA and a root as PEM, in any order; decoded when it is verified.
    pub pck_chain: &'a [u8],
}

/// The types of certification data (Intel TDX DCAP Quoting Library API, appendix A.3.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificationType {
    /// 1: PPID in the clear.
    PpidClear,
    /// 2: PPID encrypted with RSA-2048-OAEP.
    PpidRsa2048,
    /// 3: PPID encrypted with RSA-3072-OAEP.
    PpidRsa3072,
    /// 4: the PCK certificate alone.
    PckLeaf,
    /// 5: the PCK certificate chain.
    PckChain,
    /// 6: the quoting enclave's report with certification data of its own.
    QeReport,
    /// No type that is defined.
    Unknown(u16),
}

impl<'a> Certification<'a> {
    /// The form of version 3: report, signature and authentication data, then certification data of type 5.
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, QuoteError> {
        let qe_report_bytes = reader.array_ref()?;
        let qe_report = Box::new(EnclaveReport::parse(qe_report_bytes)?);
        let qe_report_signature = reader.array_ref()?;
        let auth_length = usize::from(reader.u16_le()?);
        limit("authentication data of the quoting enclave", MAX_QE_AUTH_DATA, auth_length)?;
        let qe_auth_data = reader.take(auth_length)?;
        expect_type(reader, CertificationType::PckChain)?;
        let chain_length = length(reader, "PCK certificate chain", MAX_PCK_CHAIN)?;
        let pck_chain = reader.take(chain_length)?;
        Ok(Self { qe_report_bytes, qe_report, qe_report_signature, qe_auth_data, pck_chain })
    }

    /// The form of versions 4 and 5: the same inside certification data of type 6, which it must fill.
    pub(super) fn read_nested(reader: &mut Reader<'a>) -> Result<Self, QuoteError> {
        expect_type(reader, CertificationType::QeReport)?;
        let size = length(reader, "QE report certification data", MAX_QE_CERTIFICATION)?;
        let mut inner = Reader::new("QE report certification data", reader.take(size)?);
        let certification = Self::read(&mut inner)?;
        inner.finish()?;
        Ok(certification)
    }
}

impl CertificationType {
    const fn from_number(number: u16) -> Self {
        match number {
            1 => Self::PpidClear,
            2 => Self::PpidRsa2048,
            3 => Self::PpidRsa3072,
            4 => Self::PckLeaf,
            5 => Self::PckChain,
            6 => Self::QeReport,
            other => Self::Unknown(other),
        }
    }
}

impl fmt::Display for CertificationType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PpidClear => "1 (PPID in the clear)",
            Self::PpidRsa2048 => "2 (PPID encrypted with RSA-2048)",
            Self::PpidRsa3072 => "3 (PPID encrypted with RSA-3072)",
            Self::PckLeaf => "4 (PCK certificate alone)",
            Self::PckChain => "5 (PCK certificate chain)",
            Self::QeReport => "6 (QE report)",
            Self::Unknown(number) => return write!(f, "{number} (not defined)"),
        })
    }
}

/// Types 1 to 4 name a PCK certificate that the verifier would have to fetch; every platform in use sends type 5.
fn expect_type(reader: &mut Reader<'_>, expected: CertificationType) -> Result<(), QuoteError> {
    let actual = CertificationType::from_number(reader.u16_le()?);
    if actual == expected { Ok(()) } else { Err(QuoteError::CertificationType { expected, actual }) }
}

/// Intel's quoting enclaves use 32 bytes; the field's own limit is 65535.
const MAX_QE_AUTH_DATA: usize = 1024;
/// Three certificates of about 1.2 KiB as PEM make 3.5 to 3.7 KiB; four times that.
const MAX_PCK_CHAIN: usize = 0x4000;
/// Report and signature (448 bytes), two headers (8) and the two fields above, rounded up.
const MAX_QE_CERTIFICATION: usize = 0x5000;
