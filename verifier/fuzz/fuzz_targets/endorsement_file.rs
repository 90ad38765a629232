//! Any file of endorsements, recognised by content.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verifier::endorsements::Endorsements;

fuzz_target!(|bytes: &[u8]| {
    let _ = Endorsements::new().add("fuzz", bytes);
});
