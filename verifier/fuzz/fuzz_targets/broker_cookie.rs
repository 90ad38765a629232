//! Session cookies: nothing opens but what was sealed, in the one encoding that it was given out in.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| kbs::fuzzing::cookie(bytes));
