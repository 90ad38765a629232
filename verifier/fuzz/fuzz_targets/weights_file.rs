//! A hostile weights file: header, chunks, end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weights::{Header, Key};

fuzz_target!(|bytes: &[u8]| {
    if let Ok((header, rest)) = Header::parse(bytes) {
        let key = Key::from_slice(&[7; 32]).expect("32 bytes");
        let mut out = Vec::new();
        if let Ok(mut decryptor) = header.decryptor(&key) {
            let _ = decryptor.open_chunk(rest, &mut out);
            let _ = decryptor.open_last(rest, &mut out);
        }
        assert!(out.is_empty(), "plaintext of chunks that nobody sealed");
    }
});
