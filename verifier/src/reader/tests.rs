use super::{ReadError, Reader};

#[test]
fn reads_fields_in_order() {
    let mut reader = Reader::new("sample", &[1, 2, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 9, 8]);
    assert_eq!(reader.u8(), Ok(1));
    assert_eq!(reader.u16_le(), Ok(2));
    assert_eq!(reader.u32_le(), Ok(3));
    assert_eq!(reader.u64_le(), Ok(4));
    assert_eq!(reader.array(), Ok([9, 8]));
    assert_eq!(reader.finish(), Ok(()));
}

#[test]
fn refuses_a_field_that_ends_one_byte_early() {
    let mut reader = Reader::new("sample", &[1, 2, 3]);
    assert_eq!(reader.u8(), Ok(1));
    let error = ReadError::Truncated { structure: "sample", offset: 1, wanted: 4, left: 2 };
    assert_eq!(reader.u32_le(), Err(error));
    assert_eq!(reader.offset(), 1, "a failed read moves nothing");
}

#[test]
fn refuses_a_length_near_the_end_of_the_address_space() {
    let mut reader = Reader::new("sample", &[1, 2, 3]);
    let error = ReadError::Truncated { structure: "sample", offset: 0, wanted: usize::MAX, left: 3 };
    assert_eq!(reader.take(usize::MAX), Err(error));
}

#[test]
fn accepts_zeros_and_refuses_one_bit_in_a_reserved_range() {
    let mut reader = Reader::new("sample", &[7, 0, 0, 0]);
    assert_eq!(reader.u8(), Ok(7));
    assert_eq!(reader.reserved(3), Ok(()));
    let mut reader = Reader::new("sample", &[7, 0, 0, 0x80]);
    assert_eq!(reader.u8(), Ok(7));
    assert_eq!(reader.reserved(3), Err(ReadError::Reserved { structure: "sample", offset: 1, end: 4 }));
}

#[test]
fn refuses_bytes_after_the_end() {
    let mut reader = Reader::new("sample", &[1, 2]);
    assert_eq!(reader.u8(), Ok(1));
    assert_eq!(reader.finish(), Err(ReadError::Trailing { structure: "sample", offset: 1, count: 1 }));
}
