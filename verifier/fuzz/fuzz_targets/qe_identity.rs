//! Intel's identity of a quoting enclave as PCS returns it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verifier::dcap::QeIdentity;

fuzz_target!(|bytes: &[u8]| {
    let _ = QeIdentity::parse(bytes);
});
