//! A hostile weights file: header, chunks, end; and hostile chunks behind a header that the key sealed.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use vouchsafe_fuzz::Counter;
use weights::{ChunkSize, Encryptor, Header, Key, OpenStream, SealStream};

static KEY: LazyLock<Key> = LazyLock::new(|| Key::from_slice(&[7; 32]).expect("32 bytes"));

/// An artefact of one chunk and a half, and where its header ends.
static SEALED: LazyLock<(Vec<u8>, usize)> = LazyLock::new(|| {
    let chunk = ChunkSize::new(4096).expect("a size of a chunk");
    let (mut artefact, encryptor) =
        Encryptor::new(chunk, b"kbs:///a/b/c", &KEY, &mut Counter(0)).expect("an artefact");
    let header = artefact.len();
    let mut stream = SealStream::new(encryptor);
    stream.push(&PLAIN, &mut artefact).expect("it seals");
    stream.finish(&mut artefact).expect("it seals");
    (artefact, header)
});

const PLAIN: [u8; 6000] = [0x5a; 6000];

fuzz_target!(|bytes: &[u8]| {
    open(bytes);
    // Behind the true header: the true chunks with the bytes at a place of theirs choosing, or these bytes alone.
    let (artefact, header) = &*SEALED;
    open(&[&artefact[..*header], bytes].concat());
    if let Some(([high, low], rest)) = bytes.split_first_chunk::<2>() {
        let at = usize::from(u16::from_be_bytes([*high, *low])) % artefact.len();
        let end = (at + rest.len()).min(artefact.len());
        let mut changed = artefact.clone();
        changed[at..end].copy_from_slice(&rest[..end - at]);
        open(&changed);
    }
});

/// Opens what opens: a beginning of what was sealed, and the whole only of the artefact that was sealed.
fn open(file: &[u8]) {
    let Ok((header, rest)) = Header::parse(file) else { return };
    let Ok(decryptor) = header.decryptor(&KEY) else { return };
    let (mut stream, mut out) = (OpenStream::new(decryptor), Vec::new());
    let pushed = stream.push(rest, &mut out);
    let whole = pushed.is_ok() && stream.finish(&mut out).is_ok();
    assert!(PLAIN.starts_with(&out), "plaintext of chunks that nobody sealed");
    assert!(!whole || file == SEALED.0, "an artefact that nobody sealed is whole");
}
