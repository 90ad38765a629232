//! A database that somebody else can write: no row of his makes a panic, another secret or other settings.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| kbs::fuzzing::rows(bytes));
