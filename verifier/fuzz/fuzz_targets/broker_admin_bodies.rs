//! What admins send: policies, reference values, holds, revocations; and the guests' request for a federation token.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| kbs::fuzzing::admin_bodies(bytes));
