//! What the fuzz targets of `verifier/fuzz` call: the broker's readers of outside bytes, with what must hold of them.
//!
//! It is compiled under `cfg(fuzzing)` alone, which `cargo fuzz` sets. Keys are fixed, so that what was found is found again.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a fuzz target ends with a panic where something does not hold"
)]

use std::convert::Infallible;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rand_core::{TryCryptoRng, TryRng};
use verifier::time::UnixTime;

mod admin_bodies;
mod attest_body;
mod backup;
mod cookie;
mod full_store;
mod memory;
mod rows;
mod tokens;

pub use admin_bodies::admin_bodies;
pub use attest_body::attest_body;
pub use backup::{backup, check_backup, import_backup, verify_backup};
pub use cookie::cookie;
pub use rows::rows;
pub use tokens::tokens;

/// The instant of every run.
const NOW: UnixTime = UnixTime::from_secs(1_775_000_000);

/// A valid input, altered as a script says: each step is what to do, where (two bytes), how often, and a byte.
fn altered(valid: &[u8], script: &[u8]) -> Vec<u8> {
    let mut bytes = valid.to_vec();
    let (steps, _) = script.as_chunks::<5>();
    for [what, high, low, count, byte] in steps {
        // The end is one place of many, and what follows it a fault of its own.
        let at = match high {
            0xff => bytes.len(),
            _ => usize::from(u16::from_be_bytes([*high, *low])) % (bytes.len() + 1),
        };
        let until = at.saturating_add(usize::from(*count)).min(bytes.len());
        match what % 6 {
            0 => bytes[at..].iter_mut().take(1).for_each(|found| *found = *byte),
            1 => bytes[at..].iter_mut().take(1).for_each(|found| *found ^= 1 << (byte % 8)),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..until)),
            4 => drop(bytes.splice(at..at, std::iter::repeat_n(*byte, usize::from(*count)))),
            _ => {
                let piece = bytes[at..until].to_vec();
                let to = (usize::from(*byte) << 4).min(bytes.len());
                drop(bytes.splice(to..to, piece));
            }
        }
    }
    bytes
}

/// A key pair that is the same at every run (SEC 1 without the public half).
fn p256_der(secret: u8) -> Vec<u8> {
    const BEFORE: &[u8] = &[0x30, 0x31, 2, 1, 1, 4, 32];
    const AFTER: &[u8] = &[0xa0, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    [BEFORE, &[secret; 32], AFTER].concat()
}

fn p256(secret: u8) -> EcdsaKeyPair {
    let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &p256_der(secret));
    pair.expect("a key of P-256")
}

/// Not random: the same at every run.
struct Counter(u8);

impl TryRng for Counter {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
        Ok(())
    }
}

impl TryCryptoRng for Counter {}
