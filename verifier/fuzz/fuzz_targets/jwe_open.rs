//! A hostile broker's sealed answer: it may not open, and it may not do harm.
#![no_main]

use std::sync::LazyLock;

use kbs_protocol::{TeeKeyPair, jwe};
use libfuzzer_sys::fuzz_target;

/// Any key: what is sealed to another one must not open under it.
static KEY: LazyLock<TeeKeyPair> = LazyLock::new(|| TeeKeyPair::generate(&mut Counter(1)));

fuzz_target!(|bytes: &[u8]| {
    if let Ok(response) = jwe::Response::parse(bytes) {
        assert!(jwe::open(&response, &KEY).is_err(), "opened an answer that was not sealed to this key");
    }
});

/// Not random, and need not be.
struct Counter(u64);

impl rand_core::TryRng for Counter {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.0 += 1;
        Ok(self.0 as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 += 1;
        Ok(self.0)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for byte in bytes {
            self.0 += 1;
            *byte = self.0 as u8;
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Counter {}
