//! The DCAP quote, versions 3, 4 and 5: from bytes to borrowed fields, without a judgement.

use crate::dcap::certification::{Certification, CertificationType};
use crate::evidence::Tee;
use crate::reader::{ReadError, Reader};
use crate::sgx::{ENCLAVE_REPORT_SIZE, EnclaveReport};
use crate::tdx::{TD_REPORT_10_SIZE, TD_REPORT_15_EX_SIZE, TD_REPORT_15_SIZE, TdReport};

/// A quote as received.
///
/// Version 3: Intel SGX ECDSA Quote Library API, appendix A.4; versions 4 and 5: Intel TDX DCAP Quoting Library
/// API, appendix A.3. Numbers are little-endian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote<'a> {
    /// The header's fields.
    pub header: Header,
    /// Who is quoted.
    pub body: Body,
    /// The bytes that the quote's signature covers: header, body descriptor (version 5), body.
    pub signed: &'a [u8],
    /// The quote's signature: r and s, 32 bytes each, big-endian.
    pub signature: &'a [u8; 64],
    /// The attestation key: x and y, 32 bytes each, big-endian.
    pub attestation_key: &'a [u8; 64],
    /// Who vouches for the attestation key.
    pub certification: Certification<'a>,
    /// Bytes after the quote, which nothing covers.
    trailing: usize,
}

/// The 48-byte header of a quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// 3, 4 or 5.
    pub version: u16,
    /// The quoting enclave's security version (version 3; later versions leave it zero).
    pub qe_svn: u16,
    /// The provisioning certification enclave's security version (version 3; later versions leave it zero).
    pub pce_svn: u16,
    /// Data of the quoting enclave's own: the platform's id in the first 16 bytes.
    pub user_data: [u8; 20],
}

/// What is quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// An SGX enclave.
    Sgx(Box<EnclaveReport>),
    /// A trust domain.
    Tdx(Box<TdReport>),
}

/// The bytes are not a quote that this version understands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuoteError {
    /// A field is cut short, something follows where nothing may, or reserved bytes are not zero.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Another version.
    #[error("quote version {actual}, understood are 3, 4 and 5")]
    Version {
        /// The version found.
        actual: u16,
    },
    /// Another kind of attestation key.
    #[error("attestation key type {actual}, understood is 2 (ECDSA with P-256)")]
    AttestationKeyType {
        /// The type found.
        actual: u16,
    },
    /// Neither an SGX enclave nor a TD, or a TD in a version 3 quote.
    #[error(
        "TEE type {actual:#x} in a version {version} quote, understood are 0 (SGX) and, from version 4, 0x81 (TDX)"
    )]
    TeeType {
        /// The quote's version.
        version: u16,
        /// The type found.
        actual: u32,
    },
    /// A quoting enclave that is not Intel's.
    #[error(
        "quoting enclave vendor {}, understood is Intel's {}",
        hex::encode(actual),
        hex::encode(INTEL_QE_VENDOR)
    )]
    QeVendor {
        /// The vendor id found.
        actual: [u8; 16],
    },
    /// A body type that is not defined, or one that contradicts the header.
    #[error("body type {actual} in a quote of TEE type {tee_type:#x}")]
    BodyType {
        /// The header's TEE type.
        tee_type: u32,
        /// The body type found.
        actual: u16,
    },
    /// The declared size of the body is not that of its type.
    #[error("a body of type {body_type} has {expected} bytes, the quote declares {actual}")]
    BodySize {
        /// The body type.
        body_type: u16,
        /// The size of that type in bytes.
        expected: usize,
        /// The declared size in bytes.
        actual: u32,
    },
    /// Certification data of a type that is not accepted in its place.
    #[error("certification data of type {actual}, wanted is {expected}")]
    CertificationType {
        /// The type wanted.
        expected: CertificationType,
        /// The type found.
        actual: CertificationType,
    },
    /// A length beyond what the format needs.
    #[error("{what}: {actual} bytes, at most {limit} are read")]
    TooLong {
        /// The field.
        what: &'static str,
        /// The limit in bytes.
        limit: usize,
        /// The length found in bytes.
        actual: usize,
    },
}

impl<'a> Quote<'a> {
    /// Parses a quote; at most [`MAX_TRAILING`] bytes may follow it, which are counted and otherwise ignored.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, QuoteError> {
        let mut reader = Reader::new("DCAP quote", bytes);
        let (header, tee_type) = Header::read(&mut reader)?;
        let body = match header.version {
            5 => read_described_body(&mut reader, tee_type)?,
            _ => read_body(&mut reader, implied_body(tee_type))?,
        };
        let signed_size = reader.offset();

        let length = length(&mut reader, "signature data", MAX_SIGNATURE_DATA)?;
        let mut data = Reader::new("signature data of the quote", reader.take(length)?);
        let signature = data.array_ref()?;
        let attestation_key = data.array_ref()?;
        let certification = match header.version {
            3 => Certification::read(&mut data)?,
            _ => Certification::read_nested(&mut data)?,
        };
        data.finish()?;

        let trailing = reader.rest().len();
        limit("bytes after the quote", MAX_TRAILING, trailing)?;
        let signed = Reader::new("DCAP quote", bytes).take(signed_size)?;
        Ok(Self { header, body, signed, signature, attestation_key, certification, trailing })
    }

    /// SGX or TDX.
    pub const fn tee(&self) -> Tee {
        self.body.tee()
    }

    /// How many bytes follow the quote.
    pub const fn trailing(&self) -> usize {
        self.trailing
    }
}

impl Header {
    fn read(reader: &mut Reader<'_>) -> Result<(Self, u32), QuoteError> {
        let version = reader.u16_le()?;
        if !(3..=5).contains(&version) {
            return Err(QuoteError::Version { actual: version });
        }
        let key_type = reader.u16_le()?;
        if key_type != KEY_TYPE_ECDSA_P256 {
            return Err(QuoteError::AttestationKeyType { actual: key_type });
        }
        let tee_type = reader.u32_le()?;
        if !matches!((version, tee_type), (_, TEE_TYPE_SGX) | (4 | 5, TEE_TYPE_TDX)) {
            return Err(QuoteError::TeeType { version, actual: tee_type });
        }
        // The four bytes are the enclaves' versions in version 3 and reserved from version 4 on.
        let (qe_svn, pce_svn) = if version == 3 {
            (reader.u16_le()?, reader.u16_le()?)
        } else {
            reader.reserved(4)?;
            (0, 0)
        };
        let vendor = reader.array()?;
        if vendor != INTEL_QE_VENDOR {
            return Err(QuoteError::QeVendor { actual: vendor });
        }
        Ok((Self { version, qe_svn, pce_svn, user_data: reader.array()? }, tee_type))
    }
}

/// Version 5 describes its body by type and size (appendix A.3.3); both must agree with each other and the header.
fn read_described_body(reader: &mut Reader<'_>, tee_type: u32) -> Result<Body, QuoteError> {
    let body_type = reader.u16_le()?;
    let size = reader.u32_le()?;
    let expected = match (tee_type, body_type) {
        (TEE_TYPE_SGX, BODY_SGX) => ENCLAVE_REPORT_SIZE,
        (TEE_TYPE_TDX, BODY_TD_10) => TD_REPORT_10_SIZE,
        (TEE_TYPE_TDX, BODY_TD_15) => TD_REPORT_15_SIZE,
        (TEE_TYPE_TDX, BODY_TD_15_EX) => TD_REPORT_15_EX_SIZE,
        _ => return Err(QuoteError::BodyType { tee_type, actual: body_type }),
    };
    if usize::try_from(size) != Ok(expected) {
        return Err(QuoteError::BodySize { body_type, expected, actual: size });
    }
    read_body(reader, body_type)
}

fn read_body(reader: &mut Reader<'_>, body_type: u16) -> Result<Body, QuoteError> {
    let body = match body_type {
        BODY_SGX => Body::Sgx(Box::new(EnclaveReport::parse(reader.array_ref()?)?)),
        BODY_TD_15 => Body::Tdx(Box::new(TdReport::parse_15(reader.array_ref()?)?)),
        BODY_TD_15_EX => Body::Tdx(Box::new(TdReport::parse_15_ex(reader.array_ref()?)?)),
        _ => Body::Tdx(Box::new(TdReport::parse_10(reader.array_ref()?)?)),
    };
    Ok(body)
}

/// Before version 5 the TEE type alone tells the body.
const fn implied_body(tee_type: u32) -> u16 {
    if tee_type == TEE_TYPE_SGX { BODY_SGX } else { BODY_TD_10 }
}

/// A 32-bit length, compared with its limit.
pub(super) fn length(reader: &mut Reader<'_>, what: &'static str, most: usize) -> Result<usize, QuoteError> {
    let length = usize::try_from(reader.u32_le()?).unwrap_or(usize::MAX);
    limit(what, most, length)?;
    Ok(length)
}

pub(super) const fn limit(what: &'static str, most: usize, actual: usize) -> Result<(), QuoteError> {
    if actual > most { Err(QuoteError::TooLong { what, limit: most, actual }) } else { Ok(()) }
}

/// The vendor id of Intel's quoting enclaves (appendix A.4, "QE Vendor ID").
pub const INTEL_QE_VENDOR: [u8; 16] =
    [0x93, 0x9A, 0x72, 0x33, 0xF7, 0x9C, 0x4C, 0xA9, 0x94, 0x0A, 0x0D, 0xB3, 0x95, 0x7F, 0x06, 0x07];
/// ECDSA-256-with-P-256 (appendix A.4, "Attestation Key Type"); 3 is P-384, which no quoting enclave uses.
const KEY_TYPE_ECDSA_P256: u16 = 2;
const TEE_TYPE_SGX: u32 = 0;
const TEE_TYPE_TDX: u32 = 0x81;
/// Body types of version 5 (appendix A.3.3; type 4 as in Intel's sgx_quote_5.h).
const BODY_SGX: u16 = 1;
const BODY_TD_10: u16 = 2;
const BODY_TD_15: u16 = 3;
const BODY_TD_15_EX: u16 = 4;
/// Signature data in bytes: 134 of signature, key and outer certification header, 448 of QE report and its
/// signature, then what `certification` limits; quotes in the wild have about 4300.
const MAX_SIGNATURE_DATA: usize = 0x8000;
/// Linux gives a guest's report 32 KiB (TSM_REPORT_OUTBLOB_MAX), and clouds hand on the whole buffer: up to 4560
/// bytes after the quote have been seen.
pub const MAX_TRAILING: usize = 0x8000;

#[cfg(test)]
mod tests;
