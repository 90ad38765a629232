use super::*;

const VCEK: [u8; 16] = KINDS[2].0;

/// A table with these entries, an end, and the bytes 0, 1, 2, … behind.
fn table(entries: &[([u8; 16], u32, u32)]) -> Vec<u8> {
    let mut table = Vec::new();
    for (guid, offset, length) in entries {
        table.extend_from_slice(guid);
        table.extend_from_slice(&offset.to_le_bytes());
        table.extend_from_slice(&length.to_le_bytes());
    }
    table.extend_from_slice(&[0; ENTRY_BYTES]);
    table.extend(0..200);
    table
}

fn read(table: &[u8]) -> Result<Vec<(String, Vec<u8>)>, &'static str> {
    match parse(table) {
        Ok(entries) => Ok(entries.into_iter().map(|entry| (entry.cert_type, entry.data)).collect()),
        Err(AttestError::CertificateTable { rule }) => Err(rule),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn reads_entries_up_to_the_end() {
    let entries = [(VCEK, 72, 3), (KINDS[1].0, 75, 2)];
    let expected = vec![("VCEK".to_owned(), vec![0, 1, 2]), ("ASK".to_owned(), vec![3, 4])];
    assert_eq!(read(&table(&entries)), Ok(expected));
}

#[test]
fn every_kind_has_the_guid_that_sev_knows() {
    use sev::firmware::host::CertType;
    let kinds = [CertType::ARK, CertType::ASK, CertType::VCEK, CertType::VLEK, CertType::CRL];
    let text = |guid: [u8; 16]| {
        let hex = hex::encode([
            guid[3], guid[2], guid[1], guid[0], guid[5], guid[4], guid[7], guid[6], guid[8], guid[9],
            guid[10], guid[11], guid[12], guid[13], guid[14], guid[15],
        ]);
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    };
    assert_eq!(KINDS.map(|(guid, _)| text(guid)), kinds.map(|kind| kind.to_string()));
}

#[test]
fn passes_over_what_only_the_host_knows() {
    assert_eq!(read(&table(&[([9; 16], 48, 3)])), Ok(Vec::new()));
}

#[test]
fn a_host_without_certificates_gives_nothing_or_zeros() {
    assert_eq!(read(&[]), Ok(Vec::new()));
    assert_eq!(read(&[0; 4096]), Ok(Vec::new()));
}

#[test]
fn takes_an_entry_that_ends_with_the_table_and_refuses_one_byte_more() {
    assert_eq!(read(&table(&[(VCEK, 247, 1)])), Ok(vec![("VCEK".to_owned(), vec![199])]));
    assert_eq!(read(&table(&[(VCEK, 247, 2)])), Err("an entry points outside the table"));
    assert_eq!(read(&table(&[(VCEK, u32::MAX, 1)])), Err("an entry points outside the table"));
    assert_eq!(read(&table(&[(VCEK, 1, u32::MAX)])), Err("an entry points outside the table"));
}

#[test]
fn takes_sixteen_entries_and_refuses_seventeen() {
    assert_eq!(read(&table(&[(VCEK, 0, 1); 16])).map(|entries| entries.len()), Ok(16));
    assert_eq!(read(&table(&[(VCEK, 0, 1); 17])), Err("more than 16 entries"));
}

#[test]
fn refuses_a_table_without_an_end() {
    let table = table(&[(VCEK, 0, 1)]);
    assert_eq!(read(&table[..ENTRY_BYTES]), Err("no end of the entries"));
}
