//! Sealing and opening from pieces of any length, as a reader gives them.

use zeroize::Zeroizing;

use crate::error::{OpenError, SealError};
use crate::open::{Complete, Decryptor};
use crate::seal::Encryptor;

/// Seals pieces of any length; holds back at most one chunk, which may be the last.
pub struct SealStream {
    encryptor: Encryptor,
    held: Held,
}

/// Opens pieces of any length; holds back at most one sealed chunk, which may be the last.
pub struct OpenStream {
    decryptor: Decryptor,
    held: Held,
}

impl SealStream {
    /// Begins after the header, which [`Encryptor::new`] returned and the caller writes.
    pub fn new(encryptor: Encryptor) -> Self {
        let held = Held::new(encryptor.chunk_size().bytes());
        Self { encryptor, held }
    }

    /// Takes the next piece of plaintext and appends the chunks that it completes to `out`.
    ///
    /// After an error the artefact cannot be continued.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        self.held.push(piece, |chunk| self.encryptor.seal_chunk(chunk, out))
    }

    /// Ends the artefact: appends its last chunk to `out`.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<(), SealError> {
        self.encryptor.seal_last(&self.held.bytes, out)
    }
}

impl OpenStream {
    /// Begins after the header, whose rest is the first piece.
    pub fn new(decryptor: Decryptor) -> Self {
        let held = Held::new(decryptor.sealed_chunk_bytes());
        Self { decryptor, held }
    }

    /// Takes the next piece of the artefact and appends the plaintext of the chunks that it completes to `out`.
    ///
    /// After an error the artefact cannot be continued; what came out before is authentic, and incomplete.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), OpenError> {
        self.held.push(piece, |chunk| self.decryptor.open_chunk(chunk, out))
    }

    /// Says that nothing follows: appends the plaintext of the last chunk to `out`.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<Complete, OpenError> {
        self.decryptor.open_last(&self.held.bytes, out)
    }
}

/// Up to one whole chunk that may be the last, since nothing came after it yet.
struct Held {
    /// Wiped when dropped: on the sealing side it is plaintext.
    bytes: Zeroizing<Vec<u8>>,
    unit: usize,
}

impl Held {
    fn new(unit: usize) -> Self {
        // The whole capacity at once, so that plaintext is never left behind by a growing buffer.
        Self { bytes: Zeroizing::new(Vec::with_capacity(unit)), unit }
    }

    /// Hands out every whole chunk after which at least one byte is known; whole chunks of the piece are not copied.
    fn push<E>(&mut self, mut piece: &[u8], mut chunk: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        while piece.len() > self.unit.saturating_sub(self.bytes.len()) {
            let (head, tail) = piece.split_at(self.unit.saturating_sub(self.bytes.len()));
            if self.bytes.is_empty() {
                chunk(head)?;
            } else {
                self.bytes.extend_from_slice(head);
                chunk(&self.bytes)?;
                self.bytes.clear();
            }
            piece = tail;
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }
}
