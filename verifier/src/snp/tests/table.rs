use super::super::{ReportError, parse_certificate_table};
use crate::reader::ReadError;

const VCEK: [u8; 16] = *b"\x63\xda\x75\x8d\xe6\x64\x45\x64\xad\xc5\xf4\xb9\x3b\xe8\xac\xcd";
const ARK: [u8; 16] = *b"\xc0\xb4\x06\xa4\xa8\x03\x49\x52\x97\x43\x3f\xb6\x01\x4c\xd0\xae";
const OTHER: [u8; 16] = [7; 16];

fn entry(guid: [u8; 16], offset: u32, length: u32) -> Vec<u8> {
    [&guid[..], &offset.to_le_bytes(), &length.to_le_bytes()].concat()
}

fn table(entries: &[Vec<u8>], content: &[u8]) -> Vec<u8> {
    [entries.concat(), vec![0; 24], content.to_vec()].concat()
}

#[test]
fn certificates_are_cut_out_and_other_entries_passed_over() {
    // Three entries and the zero entry: the list ends at 96.
    let bytes = table(&[entry(VCEK, 96, 3), entry(OTHER, 99, 2), entry(ARK, 101, 2)], b"aaabbcc");
    assert_eq!(parse_certificate_table(&bytes), Ok(vec![&b"aaa"[..], b"cc"]));
    assert_eq!(parse_certificate_table(&[0; 24]), Ok(Vec::new()));
    // Hosts fill the last page with zeros.
    assert_eq!(parse_certificate_table(&[0; 4096]), Ok(Vec::new()));
}

#[test]
fn an_entry_may_end_with_the_table_and_not_beyond() {
    let bytes = table(&[entry(VCEK, 48, 4)], b"abcd");
    assert_eq!(parse_certificate_table(&bytes), Ok(vec![&b"abcd"[..]]));
    let refused = |offset, length| Err(ReportError::TableRange { offset, length, size: 52 });
    let outcome = |offset, length| {
        let bytes = table(&[entry(VCEK, offset, length)], b"abcd");
        parse_certificate_table(&bytes).map(|found| found.into_iter().map(<[u8]>::to_vec).collect::<Vec<_>>())
    };
    assert_eq!(outcome(48, 5), refused(48, 5));
    assert_eq!(outcome(53, 0), refused(53, 0));
    assert_eq!(outcome(u32::MAX, u32::MAX), refused(u32::MAX, u32::MAX));
}

#[test]
fn an_entry_may_not_point_into_the_list() {
    let bytes = table(&[entry(VCEK, 47, 4)], b"abcd");
    let refused = ReportError::TableRange { offset: 47, length: 4, size: 52 };
    assert_eq!(parse_certificate_table(&bytes), Err(refused));
}

#[test]
fn the_list_must_end_and_be_short() {
    let open = entry(VCEK, 24, 0);
    let cut = ReadError::Truncated { structure: "SNP certificate table", offset: 24, wanted: 16, left: 0 };
    assert_eq!(parse_certificate_table(&open), Err(ReportError::Read(cut)));
    let entries = |count: usize| table(&vec![entry(OTHER, 24 * (count as u32 + 1), 0); count], b"");
    assert_eq!(parse_certificate_table(&entries(16)), Ok(Vec::new()));
    assert_eq!(parse_certificate_table(&entries(17)), Err(ReportError::TableEntries { limit: 16 }));
}
