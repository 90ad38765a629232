//! Proves a signature once.

use std::sync::OnceLock;

use super::key::{KeyId, PublicKey};

/// The memory of one signed object: "my own signature was verified with the key of this id".
///
/// It belongs to an object whose bytes never change, holds no time and no verdict about anything but that one
/// signature, and therefore can never change an outcome: it only skips arithmetic that would give the same answer.
#[derive(Clone, Debug, Default)]
pub struct SignatureMemo(OnceLock<KeyId>);

impl SignatureMemo {
    /// Whether the signature was verified with this key: among several keys it is the one to begin with.
    pub fn is_proved_by(&self, key: &PublicKey) -> bool {
        self.0.get() == Some(key.id())
    }

    /// Runs `verify` unless it succeeded before for the same key. A failure is never remembered.
    ///
    /// `verify` must check exactly the signature of the object that owns this memo, with `key`.
    pub fn check<E>(&self, key: &PublicKey, verify: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        if self.0.get() == Some(key.id()) {
            return Ok(());
        }
        verify()?;
        // A second key with a valid signature over the same bytes is simply checked anew each time.
        let _ = self.0.set(*key.id());
        Ok(())
    }
}
