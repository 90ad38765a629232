use core::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};

use crate::{
    CHUNKS_MAX, ChunkSize, Complete, Decryptor, Encryptor, Header, HeaderError, Key, OpenError, OpenStream,
    SealError, SealStream, WrongKeyLength,
};

mod tampering;

const CHUNK: usize = ChunkSize::MIN as usize;
const SEALED: usize = CHUNK + crate::TAG_BYTES;
const KEY_ID: &[u8] = b"kbs:///models/key/tiny";
const HEADER: usize = 16 + 32 + 2 + KEY_ID.len() + 32;

/// Counts up from a start: predictable, and another salt for another start.
struct Counting(u8);

impl TryRng for Counting {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        for byte in dst {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
        Ok(())
    }
}

impl TryCryptoRng for Counting {}

/// The key 00 01 02 … 1f.
fn key() -> Key {
    Key::generate(&mut Counting(0))
}

fn small() -> ChunkSize {
    ChunkSize::new(ChunkSize::MIN).unwrap()
}

fn plaintext(length: usize) -> Vec<u8> {
    (0..251).cycle().take(length).collect()
}

fn encryptor(salt: u8) -> (Vec<u8>, Encryptor) {
    Encryptor::new(small(), KEY_ID, &key(), &mut Counting(salt)).unwrap()
}

fn decryptor() -> Decryptor {
    Header::parse(&encryptor(100).0).unwrap().0.decryptor(&key()).unwrap()
}

fn seal(salt: u8, plaintext: &[u8]) -> Vec<u8> {
    let (mut artefact, encryptor) = encryptor(salt);
    let mut stream = SealStream::new(encryptor);
    stream.push(plaintext, &mut artefact).unwrap();
    stream.finish(&mut artefact).unwrap();
    artefact
}

#[derive(Debug, PartialEq)]
enum Refused {
    Header(HeaderError),
    Open(OpenError),
}

fn open(artefact: &[u8], key: &Key) -> Result<Vec<u8>, Refused> {
    let (header, rest) = Header::parse(artefact).map_err(Refused::Header)?;
    let mut stream = OpenStream::new(header.decryptor(key).map_err(Refused::Open)?);
    let mut out = Vec::new();
    stream.push(rest, &mut out).map_err(Refused::Open)?;
    let complete = stream.finish(&mut out).map_err(Refused::Open)?;
    assert_eq!(complete.bytes(), out.len() as u64);
    Ok(out)
}

/// Header, tag of the last chunk, length and hash were computed from the documentation of the crate with Python's
/// `hmac` and the AES-GCM of its package `cryptography` 48.0.0.
#[test]
fn artefact_has_the_bytes_that_the_documentation_says() {
    let artefact = seal(100, &plaintext(CHUNK + 5));
    let header = "564f55434857545301000100001000006465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283\
                  16006b62733a2f2f2f6d6f64656c732f6b65792f74696e79\
                  8fbfc38d2fd1d45ae7344dd16a230ac77eaf084af41e83837752d2d637e69427";
    assert_eq!(
        (
            hex::encode(&artefact[..HEADER]),
            hex::encode(&artefact[artefact.len() - 21..]),
            artefact.len(),
            hex::encode(Sha256::digest(&artefact)),
        ),
        (
            header.to_owned(),
            "f9e24969ae8d7622f7e71de51640bea8a320841abc".to_owned(),
            4237,
            "70873c071b65851ac8e78b97a6ce6b47dcbf5fbaa61340558cc5ca7d662477f1".to_owned(),
        )
    );
}

#[test]
fn another_salt_changes_every_chunk() {
    let one = seal(1, &plaintext(3 * CHUNK));
    let other = seal(2, &plaintext(3 * CHUNK));
    let equal = one[HEADER..].chunks(16).zip(other[HEADER..].chunks(16)).filter(|(a, b)| a == b).count();
    assert_eq!(equal, 0);
}

#[test]
fn equal_chunks_of_one_artefact_look_different() {
    let artefact = seal(1, &[0; 2 * CHUNK]);
    let (first, second) = artefact[HEADER..].split_at(SEALED);
    assert_eq!(first.chunks(16).zip(second.chunks(16)).filter(|(a, b)| a == b).count(), 0);
}

#[test]
fn another_key_is_refused_at_the_header() {
    let artefact = seal(1, b"weights");
    let other = Key::generate(&mut Counting(1));
    assert_eq!(open(&artefact, &other), Err(Refused::Open(OpenError::HeaderNotAuthentic)));
}

#[test]
fn pieces_of_any_length_make_the_same_artefact() {
    let plaintext = plaintext(2 * CHUNK + 17);
    let whole = seal(9, &plaintext);
    for length in [1, 15, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 17] {
        let (mut artefact, encryptor) = encryptor(9);
        let mut stream = SealStream::new(encryptor);
        for piece in plaintext.chunks(length) {
            stream.push(piece, &mut artefact).unwrap();
            stream.push(&[], &mut artefact).unwrap();
        }
        stream.finish(&mut artefact).unwrap();
        assert_eq!(artefact, whole, "{length}");

        let (header, rest) = Header::parse(&artefact).unwrap();
        let mut stream = OpenStream::new(header.decryptor(&key()).unwrap());
        let mut opened = Vec::new();
        for piece in rest.chunks(length) {
            stream.push(piece, &mut opened).unwrap();
        }
        assert_eq!(stream.finish(&mut opened).map(Complete::bytes), Ok(plaintext.len() as u64));
        assert_eq!(opened, plaintext, "{length}");
    }
}

#[test]
fn whole_chunks_open_without_a_stream() {
    let artefact = seal(3, &plaintext(CHUNK + 1));
    let (header, rest) = Header::parse(&artefact).unwrap();
    let mut decryptor = header.decryptor(&key()).unwrap();
    let mut out = b"before".to_vec();
    let (first, last) = rest.split_at(decryptor.sealed_chunk_bytes());
    decryptor.open_chunk(first, &mut out).unwrap();
    assert_eq!(decryptor.open_last(last, &mut out).map(Complete::bytes), Ok(CHUNK as u64 + 1));
    assert_eq!(out, [b"before".to_vec(), plaintext(CHUNK + 1)].concat());
}

#[test]
fn nothing_of_a_refused_chunk_comes_out() {
    let mut artefact = seal(3, &plaintext(2 * CHUNK));
    artefact[HEADER + SEALED] ^= 1;
    let (header, rest) = Header::parse(&artefact).unwrap();
    let mut stream = OpenStream::new(header.decryptor(&key()).unwrap());
    let mut out = Vec::new();
    stream.push(rest, &mut out).unwrap();
    assert_eq!(stream.finish(&mut out), Err(OpenError::ChunkNotAuthentic { index: 1 }));
    assert_eq!(out, plaintext(CHUNK));
}

#[test]
fn sealing_asks_for_exact_chunks() {
    let (_, mut encryptor) = encryptor(1);
    let mut out = Vec::new();
    let wrong = |actual| Err(SealError::ChunkLength { index: 0, wanted: CHUNK, actual });
    assert_eq!(encryptor.seal_chunk(&plaintext(CHUNK - 1), &mut out), wrong(CHUNK - 1));
    assert_eq!(encryptor.seal_chunk(&plaintext(CHUNK + 1), &mut out), wrong(CHUNK + 1));
    assert_eq!(encryptor.seal_chunk(&plaintext(CHUNK), &mut out), Ok(()));
    let empty = SealError::LastChunkLength { index: 1, max: CHUNK, actual: 0 };
    assert_eq!((encryptor.seal_last(&[], &mut out), out.len()), (Err(empty), SEALED));
}

#[test]
fn opening_asks_for_exact_chunks() {
    let mut out = Vec::new();
    let wrong = |actual| Err(OpenError::ChunkLength { index: 0, wanted: SEALED, actual });
    assert_eq!(decryptor().open_chunk(&vec![0; SEALED - 1], &mut out), wrong(SEALED - 1));
    assert_eq!(decryptor().open_chunk(&vec![0; SEALED + 1], &mut out), wrong(SEALED + 1));
    let last = |index, actual| Err(OpenError::LastChunkLength { index, max: SEALED, actual });
    assert_eq!(decryptor().open_last(&[0; 15], &mut out), last(0, 15));
    assert_eq!(decryptor().at(1).open_last(&[0; 16], &mut out), last(1, 16));
    assert_eq!(decryptor().open_last(&vec![0; SEALED + 1], &mut out), last(0, SEALED + 1));
    assert_eq!(decryptor().open_last(&[0; 16], &mut out), Err(OpenError::ChunkNotAuthentic { index: 0 }));
    assert_eq!(out, []);
}

#[test]
fn the_number_of_chunks_ends_at_the_limit() {
    let chunk = plaintext(CHUNK);
    let mut sealed = Vec::new();
    let mut last_but_one = encryptor(100).1.at(CHUNKS_MAX - 2);
    assert_eq!(last_but_one.seal_chunk(&chunk, &mut sealed), Ok(()));
    assert_eq!(last_but_one.seal_chunk(&chunk, &mut sealed), Err(SealError::TooManyChunks));
    assert_eq!(last_but_one.seal_last(&chunk, &mut sealed), Ok(()));
    assert_eq!(encryptor(100).1.at(CHUNKS_MAX).seal_last(&chunk, &mut sealed), Err(SealError::TooManyChunks));

    let mut opened = Vec::new();
    let mut last_but_one = decryptor().at(CHUNKS_MAX - 2);
    assert_eq!(last_but_one.open_chunk(&sealed[..SEALED], &mut opened), Ok(()));
    assert_eq!(last_but_one.open_chunk(&sealed[SEALED..], &mut opened), Err(OpenError::TooManyChunks));
    assert_eq!(
        last_but_one.open_last(&sealed[SEALED..], &mut opened).map(Complete::bytes),
        Ok(2 * CHUNK as u64)
    );
    assert_eq!(
        decryptor().at(CHUNKS_MAX).open_last(&sealed[SEALED..], &mut opened),
        Err(OpenError::TooManyChunks)
    );
}

#[test]
fn keys_have_32_bytes() {
    let length = |count: usize| Key::from_slice(&vec![1; count]).map(|key| *key.expose());
    assert_eq!(
        [length(31), length(32), length(33)],
        [Err(WrongKeyLength { actual: 31 }), Ok([1; 32]), Err(WrongKeyLength { actual: 33 })]
    );
}
