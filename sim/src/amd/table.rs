//! The certificate table that the host hands to the guest beside a report (GHCB 56421 section 4.1.8.1).

use crate::error::MintError;

/// One certificate of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateTableEntry {
    /// What the certificate is.
    pub guid: [u8; 16],
    /// The certificate, DER.
    pub certificate: Vec<u8>,
}

/// The GUIDs of the table's entries, in the byte order in which the table holds them.
pub mod guid {
    /// 63da758d-e664-4564-adc5-f4b93be8accd.
    pub const VCEK: [u8; 16] = 0x63da758d_e664_4564_adc5_f4b93be8accd_u128.to_be_bytes();
    /// a8074bc2-a25a-483e-aae6-39c045a0b8a1.
    pub const VLEK: [u8; 16] = 0xa8074bc2_a25a_483e_aae6_39c045a0b8a1_u128.to_be_bytes();
    /// 4ab7b379-bbac-4fe4-a02f-05aef327c782; the ASVK stands under it too.
    pub const ASK: [u8; 16] = 0x4ab7b379_bbac_4fe4_a02f_05aef327c782_u128.to_be_bytes();
    /// c0b406a4-a803-4952-9743-3fb6014cd0ae.
    pub const ARK: [u8; 16] = 0xc0b406a4_a803_4952_9743_3fb6014cd0ae_u128.to_be_bytes();
}

/// Writes a table: entries of GUID, offset and length, a zero entry, then the certificates.
pub fn certificate_table(entries: &[CertificateTableEntry]) -> Result<Vec<u8>, MintError> {
    let header = entries.len().saturating_add(1).saturating_mul(ENTRY_LENGTH);
    let mut table = Vec::new();
    let mut offset = header;
    for entry in entries {
        let length = entry.certificate.len();
        table.extend_from_slice(&entry.guid);
        table.extend_from_slice(&number(offset)?.to_le_bytes());
        table.extend_from_slice(&number(length)?.to_le_bytes());
        offset = offset.saturating_add(length);
    }
    table.extend_from_slice(&[0; ENTRY_LENGTH]);
    for entry in entries {
        table.extend_from_slice(&entry.certificate);
    }
    Ok(table)
}

fn number(length: usize) -> Result<u32, MintError> {
    u32::try_from(length).map_err(|_| MintError::TooLong { field: "the certificate table", length })
}

/// GUID, offset, length.
const ENTRY_LENGTH: usize = 24;
