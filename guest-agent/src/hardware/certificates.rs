//! The certificates that an SNP host gives along (GHCB specification 56421, section "SNP Extended Guest Request").
//!
//! The host is not trusted: the table is walked with every offset checked. What the certificates are worth, the
//! verifier decides.

use kbs_protocol::evidence::CertificateEntry;

use crate::attester::AttestError;

/// Reads the table: entries of GUID, offset and length up to one that is all zero, then the certificates.
pub(super) fn parse(table: &[u8]) -> Result<Vec<CertificateEntry>, AttestError> {
    let mut entries = Vec::new();
    for entry in table.chunks_exact(ENTRY_BYTES) {
        let Some((guid, place)) = entry.split_first_chunk::<16>() else { break };
        if entry.iter().all(|byte| *byte == 0) {
            return Ok(entries);
        }
        if entries.len() == ENTRIES_MAX {
            return Err(malformed("more than 16 entries"));
        }
        let (offset, length) = place.split_at(4);
        let data = range(table, offset, length).ok_or(malformed("an entry points outside the table"))?;
        if let Some((_, name)) = KINDS.into_iter().find(|(kind, _)| kind == guid) {
            entries.push(CertificateEntry { cert_type: name.to_owned(), data: data.to_vec() });
        }
    }
    // A host without certificates gives no table, or pages of zeros.
    if table.is_empty() { Ok(entries) } else { Err(malformed("no end of the entries")) }
}

fn range<'a>(table: &'a [u8], offset: &[u8], length: &[u8]) -> Option<&'a [u8]> {
    let number = |bytes: &[u8]| usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok();
    table.get(number(offset)?..)?.get(..number(length)?)
}

const fn malformed(rule: &'static str) -> AttestError {
    AttestError::CertificateTable { rule }
}

/// GUID, then offset and length with 32 bits each.
const ENTRY_BYTES: usize = 24;

/// AMD names six kinds; a host may add its own.
const ENTRIES_MAX: usize = 16;

/// The GUIDs of the specification as they stand in memory, and the names that the protocol gives them.
const KINDS: [([u8; 16], &str); 5] = [
    // c0b406a4-a803-4952-9743-3fb6014cd0ae
    ([0xA4, 0x06, 0xB4, 0xC0, 0x03, 0xA8, 0x52, 0x49, 0x97, 0x43, 0x3F, 0xB6, 0x01, 0x4C, 0xD0, 0xAE], "ARK"),
    // 4ab7b379-bbac-4fe4-a02f-05aef327c782
    ([0x79, 0xB3, 0xB7, 0x4A, 0xAC, 0xBB, 0xE4, 0x4F, 0xA0, 0x2F, 0x05, 0xAE, 0xF3, 0x27, 0xC7, 0x82], "ASK"),
    // 63da758d-e664-4564-adc5-f4b93be8accd
    (
        [0x8D, 0x75, 0xDA, 0x63, 0x64, 0xE6, 0x64, 0x45, 0xAD, 0xC5, 0xF4, 0xB9, 0x3B, 0xE8, 0xAC, 0xCD],
        "VCEK",
    ),
    // a8074bc2-a25a-483e-aae6-39c045a0b8a1
    (
        [0xC2, 0x4B, 0x07, 0xA8, 0x5A, 0xA2, 0x3E, 0x48, 0xAA, 0xE6, 0x39, 0xC0, 0x45, 0xA0, 0xB8, 0xA1],
        "VLEK",
    ),
    // 92f81bc3-5811-4d3d-97ff-d19f88dc67ea
    ([0xC3, 0x1B, 0xF8, 0x92, 0x11, 0x58, 0x3D, 0x4D, 0x97, 0xFF, 0xD1, 0x9F, 0x88, 0xDC, 0x67, 0xEA], "CRL"),
];

#[cfg(test)]
mod tests;
