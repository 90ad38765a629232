//! Intel's TCB info as PCS returns it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verifier::dcap::TcbInfo;

fuzz_target!(|bytes: &[u8]| {
    let _ = TcbInfo::parse(bytes);
});
