//! DCAP quotes of versions 3, 4 and 5.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verifier::dcap::Quote;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(quote) = Quote::parse(bytes) {
        assert!(quote.trailing() <= bytes.len());
    }
});
