//! A hostile broker's sealed answer: it may not open, and it may not do harm.
#![no_main]

use std::sync::LazyLock;

use kbs_protocol::{TeeKeyPair, jwe};
use libfuzzer_sys::fuzz_target;
use vouchsafe_fuzz::Counter;

/// Any key: what is sealed to another one must not open under it.
static KEY: LazyLock<TeeKeyPair> = LazyLock::new(|| TeeKeyPair::generate(&mut Counter(1)));

fuzz_target!(|bytes: &[u8]| {
    if let Ok(response) = jwe::Response::parse(bytes) {
        assert!(jwe::open(&response, &KEY).is_err(), "opened an answer that was not sealed to this key");
    }
});
