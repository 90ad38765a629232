//! The certificate table that an extended guest request returns (AMD 56421, SNP Extended Guest Request).

use super::error::ReportError;
use crate::reader::Reader;

/// The certificates of a table, DER, in the order of its entries: VCEK, VLEK, ASK or ASVK, ARK.
///
/// The table is a list of entries (GUID, offset, length: 16, 4 and 4 bytes) that an entry of zeros ends; offsets
/// count from the table's start, and the certificates lie behind the list. Entries of other kinds are passed over.
/// What a GUID says of a certificate is not believed: the certificate is recognised by its content.
pub fn parse_certificate_table(table: &[u8]) -> Result<Vec<&[u8]>, ReportError> {
    let mut certificates = Vec::new();
    let mut reader = Reader::new(TABLE, table);
    let mut ranges = Vec::new();
    loop {
        let guid: [u8; 16] = reader.array()?;
        let (offset, length) = (reader.u32_le()?, reader.u32_le()?);
        if guid == [0; 16] && offset == 0 && length == 0 {
            break;
        }
        if ranges.len() >= MAX_ENTRIES {
            return Err(ReportError::TableEntries { limit: MAX_ENTRIES });
        }
        ranges.push((guid, offset, length));
    }
    let list = reader.offset();
    for (guid, offset, length) in ranges {
        let outside = ReportError::TableRange { offset, length, size: table.len() };
        let start = usize::try_from(offset).map_err(|_| outside)?;
        let end = usize::try_from(length).ok().and_then(|length| start.checked_add(length)).ok_or(outside)?;
        let content = table.get(start..end).filter(|_| start >= list).ok_or(outside)?;
        if CERTIFICATES.contains(&guid) {
            certificates.push(content);
        }
    }
    Ok(certificates)
}

const TABLE: &str = "SNP certificate table";

/// The GUIDs of AMD 56421, their bytes in the order of their text: VCEK, VLEK, ASK (also the ASVK), ARK.
const CERTIFICATES: [[u8; 16]; 4] = [
    *b"\x63\xda\x75\x8d\xe6\x64\x45\x64\xad\xc5\xf4\xb9\x3b\xe8\xac\xcd",
    *b"\xa8\x07\x4b\xc2\xa2\x5a\x48\x3e\xaa\xe6\x39\xc0\x45\xa0\xb8\xa1",
    *b"\x4a\xb7\xb3\x79\xbb\xac\x4f\xe4\xa0\x2f\x05\xae\xf3\x27\xc7\x82",
    *b"\xc0\xb4\x06\xa4\xa8\x03\x49\x52\x97\x43\x3f\xb6\x01\x4c\xd0\xae",
];

/// A host puts in four or five.
const MAX_ENTRIES: usize = 16;
