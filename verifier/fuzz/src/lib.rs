//! What the structure-aware targets share: a series of choices, trees of DER and JSON that it alters and that are signed again
//! afterwards, and a simulated Intel whose signatures hold, so that alterations reach what comes after them.

pub mod der;
pub mod intel;
pub mod json;

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
