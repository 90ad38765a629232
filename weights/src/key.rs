//! The key of an artefact.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// 256 bits that open an artefact; wiped when dropped, neither printed nor cloned.
pub struct Key(Zeroizing<[u8; Key::BYTES]>);

/// A key has exactly [`Key::BYTES`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a weights key has {} bytes, these are {actual}", Key::BYTES)]
pub struct WrongKeyLength {
    /// How many bytes were given.
    pub actual: usize,
}

impl Key {
    /// Length in bytes.
    pub const BYTES: usize = 32;

    /// A new random key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut key = Self(Zeroizing::new([0; Self::BYTES]));
        rng.fill_bytes(key.0.as_mut_slice());
        key
    }

    /// The key as a broker released it; the caller's copy stays the caller's to wipe.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, WrongKeyLength> {
        if bytes.len() != Self::BYTES {
            return Err(WrongKeyLength { actual: bytes.len() });
        }
        let mut key = Self(Zeroizing::new([0; Self::BYTES]));
        key.0.copy_from_slice(bytes);
        Ok(key)
    }

    /// The bytes, to be handed to a broker.
    pub fn expose(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}
