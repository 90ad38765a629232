//! Authenticated encryption of what the broker gives out and takes back, and of what it keeps at rest.
//!
//! AES-256-GCM. Key and nonce of every message are derived with HKDF-SHA256 (RFC 5869) from the long-term key
//! and 32 random bytes that stand before the ciphertext: one key may then seal any number of messages, where
//! random 96-bit nonces under one AES key end at 2^32 (NIST SP 800-38D, section 8.3).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// A long-term key of 32 bytes.
pub(crate) struct SealingKey(Zeroizing<[u8; KEY]>);

/// What a sealed message is for; a message sealed for one purpose does not open for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The challenge in a guest's cookie.
    Cookie,
    /// A secret in the store.
    Secret,
    /// A key that the root key wraps.
    WrappedKey,
}

/// The bytes were not sealed with this key for this purpose and context, or were changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("does not open under this key")]
pub(crate) struct NotSealedHere;

impl SealingKey {
    /// A new key.
    pub(crate) fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut key = Zeroizing::new([0; KEY]);
        rng.fill_bytes(key.as_mut());
        Self(key)
    }

    /// A key that was kept.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    /// The key, to be kept.
    pub(crate) fn expose(&self) -> &[u8; KEY] {
        &self.0
    }

    /// Tells this key from others and nothing of it: it is derived as the keys of messages are, for a purpose of its
    /// own.
    pub(crate) fn fingerprint(&self) -> [u8; FINGERPRINT] {
        let mut fingerprint = [0; FINGERPRINT];
        // Safe: HKDF-SHA256 gives up to 255 times 32 bytes (RFC 5869, section 2.3).
        let _ = Salt::new(HKDF_SHA256, b"vouchsafe key fingerprint v1")
            .extract(self.0.as_ref())
            .expand(&[b"fingerprint"], Length(FINGERPRINT))
            .and_then(|okm| okm.fill(&mut fingerprint));
        fingerprint
    }

    /// Seals `plain`; `context` is authenticated with it and must be the same when it is opened.
    pub(crate) fn seal(
        &self,
        purpose: Purpose,
        context: &[u8],
        plain: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, NotSealedHere> {
        let mut salt = [0; SALT];
        rng.fill_bytes(&mut salt);
        let (key, nonce) = self.derive(purpose, &salt)?;
        let mut body = plain.to_vec();
        key.seal_in_place_append_tag(nonce, Aad::from(context), &mut body).map_err(|_| NotSealedHere)?;
        let mut sealed = salt.to_vec();
        sealed.append(&mut body);
        Ok(sealed)
    }

    /// Opens what [`SealingKey::seal`] sealed for the same purpose and context.
    pub(crate) fn open(
        &self,
        purpose: Purpose,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, NotSealedHere> {
        let (salt, body) = sealed.split_first_chunk::<SALT>().ok_or(NotSealedHere)?;
        let (key, nonce) = self.derive(purpose, salt)?;
        let mut plain = Zeroizing::new(body.to_vec());
        let length =
            key.open_in_place(nonce, Aad::from(context), &mut plain).map_err(|_| NotSealedHere)?.len();
        plain.truncate(length);
        Ok(plain)
    }

    fn derive(&self, purpose: Purpose, salt: &[u8; SALT]) -> Result<(LessSafeKey, Nonce), NotSealedHere> {
        let mut material = Zeroizing::new([0; KEY + NONCE]);
        Salt::new(HKDF_SHA256, salt)
            .extract(self.0.as_ref())
            .expand(&[purpose.label()], Length(KEY + NONCE))
            .and_then(|okm| okm.fill(material.as_mut()))
            .map_err(|_| NotSealedHere)?;
        let (key, nonce) = material.split_at(KEY);
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| NotSealedHere)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| NotSealedHere)?;
        Ok((LessSafeKey::new(key), nonce))
    }
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Cookie => b"vouchsafe cookie v1",
            Self::Secret => b"vouchsafe secret v1",
            Self::WrappedKey => b"vouchsafe wrapped key v1",
        }
    }
}

/// So many bytes of derived material.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

const KEY: usize = 32;
const NONCE: usize = 12;
const SALT: usize = 32;
const FINGERPRINT: usize = 16;

#[cfg(test)]
mod tests;
