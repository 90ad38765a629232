//! Tokens that strangers show: no verifier takes what its issuer did not sign, and what is signed does no harm.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| kbs::fuzzing::tokens(bytes));
