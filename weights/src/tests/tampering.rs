//! Whatever is done to an artefact, it opens to what was sealed or not at all.

use proptest::prelude::*;

use super::{CHUNK, HEADER, Header, OpenError, Refused, SEALED, key, open, plaintext, seal};

/// Lengths of plaintext at and around the ends of chunks, and some between.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![
        (0_usize..=4, 0_usize..=4).prop_map(|(chunks, around)| (chunks * CHUNK + around).saturating_sub(2)),
        0_usize..4 * CHUNK,
    ]
}

/// The header, then the sealed chunks.
fn parts(artefact: &[u8]) -> Vec<Vec<u8>> {
    let (header, rest) = artefact.split_at(HEADER);
    std::iter::once(header).chain(rest.chunks(SEALED)).map(<[u8]>::to_vec).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn opens_to_what_was_sealed(length in length(), salt: u8) {
        let sealed = seal(salt, &plaintext(length));
        let chunks = length.div_ceil(CHUNK).max(1);
        prop_assert_eq!(sealed.len(), HEADER + length + 16 * chunks);
        prop_assert_eq!(open(&sealed, &key()), Ok(plaintext(length)));
    }

    #[test]
    fn rejects_a_flipped_bit(length in length(), at: prop::sample::Index, bit in 0_u32..8) {
        let mut artefact = seal(1, &plaintext(length));
        let at = at.index(artefact.len());
        artefact[at] ^= 1 << bit;
        let refused = open(&artefact, &key()).unwrap_err();
        if at >= HEADER {
            let index = ((at - HEADER) / SEALED) as u64;
            prop_assert_eq!(refused, Refused::Open(OpenError::ChunkNotAuthentic { index }));
        }
    }

    #[test]
    fn rejects_an_artefact_cut_off_anywhere(length in length(), at: prop::sample::Index) {
        let artefact = seal(1, &plaintext(length));
        let at = at.index(artefact.len());
        prop_assert!(open(&artefact[..at], &key()).is_err());
    }

    #[test]
    fn rejects_an_artefact_that_goes_on(
        length in length(), more in prop::collection::vec(any::<u8>(), 1..2 * SEALED)
    ) {
        let artefact = [seal(1, &plaintext(length)), more].concat();
        prop_assert!(open(&artefact, &key()).is_err());
    }

    #[test]
    fn rejects_chunks_moved_doubled_or_left_out(
        chunks in 2_usize..6, rest in 1_usize..=CHUNK, a: prop::sample::Index, b: prop::sample::Index
    ) {
        let artefact = seal(1, &vec![0; chunks * CHUNK + rest]);
        let parts = parts(&artefact);
        let a = 1 + a.index(parts.len() - 1);
        let b = 1 + b.index(parts.len() - 1);
        if a != b {
            let mut swapped = parts.clone();
            swapped.swap(a, b);
            prop_assert!(open(&swapped.concat(), &key()).is_err());
            let mut replaced = parts.clone();
            replaced[a] = parts[b].clone();
            prop_assert!(open(&replaced.concat(), &key()).is_err());
        }
        let mut doubled = parts.clone();
        doubled.insert(a, parts[a].clone());
        prop_assert!(open(&doubled.concat(), &key()).is_err());
        let mut shorter = parts.clone();
        shorter.remove(a);
        prop_assert!(open(&shorter.concat(), &key()).is_err());
    }

    #[test]
    fn rejects_parts_of_another_artefact_under_the_same_key(chunks in 0_usize..4, part: prop::sample::Index) {
        let mut one = parts(&seal(1, &plaintext(chunks * CHUNK + 9)));
        let other = parts(&seal(2, &plaintext(chunks * CHUNK + 9)));
        let part = part.index(one.len());
        one[part] = other[part].clone();
        prop_assert!(open(&one.concat(), &key()).is_err());
    }

    #[test]
    fn arbitrary_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..2048)) {
        prop_assert!(open(&bytes, &key()).is_err());
    }

    #[test]
    fn a_header_of_any_content_is_refused_or_read_whole(
        tail in prop::collection::vec(any::<u8>(), 0..1200), log in 10_u32..26, id_length in 0_u16..1200
    ) {
        let mut bytes = b"VOUCHWTS\x01\x00\x01\x00".to_vec();
        bytes.extend((1_u32 << log).to_le_bytes());
        bytes.extend([7; 32]);
        bytes.extend(id_length.to_le_bytes());
        bytes.extend(&tail);
        let fits = (12..=24).contains(&log) && id_length <= 1024 && tail.len() >= usize::from(id_length) + 32;
        match Header::parse(&bytes) {
            Ok((header, rest)) => {
                prop_assert!(fits);
                prop_assert_eq!(header.key_id(), &tail[..usize::from(id_length)]);
                prop_assert_eq!(header.encoded_bytes() + rest.len(), bytes.len());
            }
            Err(_) => prop_assert!(!fits),
        }
    }
}

#[test]
fn rejects_truncation_at_the_end_of_a_chunk() {
    let artefact = seal(1, &plaintext(2 * CHUNK));
    let cut = &artefact[..HEADER + SEALED];
    assert_eq!(open(cut, &key()), Err(Refused::Open(OpenError::ChunkNotAuthentic { index: 0 })));
}

#[test]
fn rejects_a_header_without_chunks() {
    let artefact = seal(1, &[]);
    let refused = OpenError::LastChunkLength { index: 0, max: SEALED, actual: 0 };
    assert_eq!(open(&artefact[..HEADER], &key()), Err(Refused::Open(refused)));
}

#[test]
fn rejects_an_empty_chunk_after_the_last() {
    let whole = seal(1, &plaintext(CHUNK));
    let empty = seal(1, &[]);
    let refused = OpenError::ChunkNotAuthentic { index: 0 };
    assert_eq!(open(&[&whole[..], &empty[HEADER..]].concat(), &key()), Err(Refused::Open(refused)));
}
