//! The body of an attestation up to its verification, and the token about it where the evidence would be believed.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| kbs::fuzzing::attest_body(bytes));
