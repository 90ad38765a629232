use super::*;

fn untagged(chunk_size: u32, key_id: &[u8]) -> Vec<u8> {
    encode_untagged(ChunkSize(chunk_size), key_id, &[7; SALT_BYTES]).unwrap()
}

fn header(chunk_size: u32, key_id: &[u8]) -> Vec<u8> {
    [untagged(chunk_size, key_id), vec![9; HEADER_TAG_BYTES]].concat()
}

fn changed(at: usize, value: u8) -> Result<Header, HeaderError> {
    let mut bytes = header(4096, b"id");
    bytes[at] = value;
    Header::parse(&bytes).map(|(header, _)| header)
}

#[test]
fn reads_what_was_written_and_returns_the_rest() {
    let bytes = [header(8192, b"kbs:///a/b/c"), vec![1, 2, 3]].concat();
    let (header, rest) = Header::parse(&bytes).unwrap();
    assert_eq!(
        (header.key_id(), header.chunk_size(), header.encoded_bytes(), rest),
        (&b"kbs:///a/b/c"[..], ChunkSize(8192), 50 + 12 + 32, &[1, 2, 3][..])
    );
}

#[test]
fn says_how_many_bytes_are_missing() {
    let bytes = header(4096, b"id");
    let truncated = |actual, wanted| (actual, Err(HeaderError::Truncated { wanted, actual }));
    for (length, refused) in [truncated(0, 82), truncated(49, 82), truncated(50, 84), truncated(83, 84)] {
        assert_eq!(Header::parse(&bytes[..length]).map(|(header, _)| header), refused);
    }
    assert_eq!(Header::parse(&bytes[..84]).map(|(_, rest)| rest.len()), Ok(0));
}

#[test]
fn rejects_each_field_that_is_not_known() {
    assert_eq!(changed(0, b'v'), Err(HeaderError::Magic { actual: *b"vOUCHWTS" }));
    assert_eq!(changed(8, 2), Err(HeaderError::Version { wanted: 1, actual: 2 }));
    assert_eq!(changed(9, 1), Err(HeaderError::Version { wanted: 1, actual: 0x101 }));
    assert_eq!(changed(10, 0), Err(HeaderError::Algorithm { wanted: 1, actual: 0 }));
    assert_eq!(changed(12, 1), Err(HeaderError::ChunkSize { actual: 4097 }));
    assert_eq!(changed(49, 4), Err(HeaderError::KeyIdTooLong { actual: 0x402 }));
}

#[test]
fn chunk_sizes_are_powers_of_two_within_their_limits() {
    let refused = |actual| Err(HeaderError::ChunkSize { actual });
    assert_eq!(
        [0, 2048, 4096, 6144, 1 << 24, 1 << 25, u32::MAX].map(ChunkSize::new),
        [
            refused(0),
            refused(2048),
            Ok(ChunkSize(4096)),
            refused(6144),
            Ok(ChunkSize(1 << 24)),
            refused(1 << 25),
            refused(u32::MAX),
        ]
    );
}

#[test]
fn key_ids_end_at_the_limit() {
    let longest = vec![b'k'; KEY_ID_BYTES_MAX];
    let bytes = header(4096, &longest);
    assert_eq!(bytes.len(), Header::MAX_BYTES);
    assert_eq!(Header::parse(&bytes).map(|(header, _)| header.key_id().to_vec()), Ok(longest));
    let longer = |actual| encode_untagged(ChunkSize(4096), &vec![0; actual], &[0; SALT_BYTES]);
    assert_eq!(longer(KEY_ID_BYTES_MAX + 1), Err(HeaderError::KeyIdTooLong { actual: 1025 }));
    assert_eq!(longer(0x1_0000), Err(HeaderError::KeyIdTooLong { actual: 0x1_0000 }));
}
