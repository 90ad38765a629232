//! The signed span of a quote: header, body descriptor (v5), body.

use crate::bytes::Bytes;
use crate::error::MintError;
use crate::intel::QuoteBody;

/// What the attestation key signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteFields {
    /// The header.
    pub header: QuoteHeader,
    /// The body.
    pub body: QuoteBody,
}

/// The 48 bytes of a quote's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteHeader {
    /// Version: 3, 4 or 5.
    pub version: u16,
    /// Type of the attestation key: 2 is ECDSA P-256.
    pub attestation_key_type: u16,
    /// 0 for SGX, 0x81 for TDX.
    pub tee_type: u32,
    /// The quoting enclave's SVN in version 3, reserved later.
    pub qe_svn: u16,
    /// The provisioning certification enclave's SVN in version 3, reserved later.
    pub pce_svn: u16,
    /// The quoting enclave's vendor.
    pub qe_vendor_id: [u8; 16],
    /// Sixteen bytes of platform id and four more.
    pub user_data: [u8; 20],
}

impl QuoteFields {
    /// The bytes that are signed.
    pub fn encode(&self) -> Result<Vec<u8>, MintError> {
        let body = self.body.encode();
        let mut bytes = self.header.encode().to_vec();
        if self.header.version >= 5 {
            let length = u32::try_from(body.len())
                .map_err(|_| MintError::TooLong { field: "the quote's body", length: body.len() })?;
            bytes.extend_from_slice(&self.body.kind().to_le_bytes());
            bytes.extend_from_slice(&length.to_le_bytes());
        }
        bytes.extend_from_slice(&body);
        Ok(bytes)
    }

    /// Takes the signed span at the start of a quote apart, and says how long it is.
    pub fn decode(quote: &[u8]) -> Result<(Self, usize), MintError> {
        let mut bytes = Bytes::new("the signed span of a quote", quote);
        let header = QuoteHeader::decode(&mut bytes)?;
        let kind = match (header.version, header.tee_type) {
            (5, _) => {
                let kind = bytes.u16()?;
                // The length repeats what the type says; `encode` writes it anew.
                bytes.u32()?;
                kind
            }
            (_, TDX) => 2,
            _ => 1,
        };
        let body = QuoteBody::decode(kind, &mut bytes)?;
        Ok((Self { header, body }, bytes.offset()))
    }
}

impl QuoteHeader {
    /// The header of a quote of this version over this body, made by Intel's quoting enclave.
    pub fn new(version: u16, body: &QuoteBody) -> Self {
        Self {
            version,
            attestation_key_type: 2,
            tee_type: if matches!(body, QuoteBody::Enclave(_)) { SGX } else { TDX },
            qe_svn: 0,
            pce_svn: 0,
            qe_vendor_id: INTEL,
            user_data: [0; 20],
        }
    }

    fn encode(&self) -> [u8; 48] {
        let parts: [&[u8]; 7] = [
            &self.version.to_le_bytes(),
            &self.attestation_key_type.to_le_bytes(),
            &self.tee_type.to_le_bytes(),
            &self.qe_svn.to_le_bytes(),
            &self.pce_svn.to_le_bytes(),
            &self.qe_vendor_id,
            &self.user_data,
        ];
        let mut bytes = [0; 48];
        let mut at = 0;
        for part in parts {
            // Safe: the parts add up to 48 bytes, whatever the fields hold.
            bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        bytes
    }

    fn decode(bytes: &mut Bytes<'_>) -> Result<Self, MintError> {
        Ok(Self {
            version: bytes.u16()?,
            attestation_key_type: bytes.u16()?,
            tee_type: bytes.u32()?,
            qe_svn: bytes.u16()?,
            pce_svn: bytes.u16()?,
            qe_vendor_id: bytes.array()?,
            user_data: bytes.array()?,
        })
    }
}

const SGX: u32 = 0;
const TDX: u32 = 0x81;

/// 939a7233-f79c-4ca9-940a-0db3957f0607, Intel's quoting enclave.
const INTEL: [u8; 16] = 0x939a7233_f79c_4ca9_940a_0db3957f0607_u128.to_be_bytes();
