//! What the structure-aware targets share: a series of choices, trees of DER and JSON that it alters and that are signed again
//! afterwards, and a simulated Intel whose signatures hold, so that alterations reach what comes after them.

pub mod der;
pub mod intel;
pub mod json;

/// Not random, and need not be: for keys of which a run wants the same each time.
pub struct Counter(pub u64);

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

/// Bytes as a series of choices; when they are over, every choice is the first.
pub struct Script<'a>(pub &'a [u8]);

impl<'a> Script<'a> {
    /// Whether all choices are made.
    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// A byte.
    pub fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *byte
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let number = usize::from(self.byte());
        let number = if limit > 256 { number << 8 | usize::from(self.byte()) } else { number };
        number % limit.max(1)
    }

    /// At most 40 bytes.
    pub fn bytes(&mut self) -> &'a [u8] {
        let count = self.below(41).min(self.0.len());
        let (bytes, rest) = self.0.split_at(count);
        self.0 = rest;
        bytes
    }
}
