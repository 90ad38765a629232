//! Text with PEM blocks.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verifier::x509::pem_blocks;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(blocks) = pem_blocks(bytes, 16) {
        assert!(blocks.len() <= 16);
    }
});
