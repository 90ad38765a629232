//! Sealing a secret to a TEE's key.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::response::Response;
use super::transport::{Oaep256, Transported, transport};
use crate::json::JsonError;
use crate::key::TeePublicKey;
use crate::limits::SECRET_BYTES;

/// Seals `secret` to `key`: a new ephemeral key, a new content key and a new nonce from `rng` each time.
///
/// The answer opens only with the private half of `key`; nothing about the secret but its length shows in it. `oaep`
/// is asked for RSA keys alone; whoever has none gives [`super::no_rsa`].
pub fn seal(
    secret: &[u8],
    key: &TeePublicKey,
    oaep: Oaep256,
    rng: &mut impl CryptoRng,
) -> Result<Response, SealError> {
    if secret.len() > SECRET_BYTES {
        return Err(SealError::TooLarge { limit: SECRET_BYTES, actual: secret.len() });
    }
    // 1. A new content key, and its way to the holder of `key`.
    let mut content_key = Zeroizing::new([0; 32]);
    rng.fill_bytes(content_key.as_mut());
    let Transported { protected, encrypted_key } = transport(&content_key, key, oaep, rng)?;

    // 2. Encrypt; the header's text is the additional data (RFC 7516 section 5.1).
    let mut iv = [0; 12];
    rng.fill_bytes(&mut iv);
    let mut text = secret.to_vec();
    let tag = Aes256Gcm::new((&*content_key).into())
        .encrypt_inout_detached(&iv.into(), protected.as_bytes(), text.as_mut_slice().into())
        .map_err(|_| SealError::Encrypt)?;

    Ok(Response {
        protected,
        encrypted_key: BASE64_URL_SAFE_NO_PAD.encode(encrypted_key),
        aad: None,
        iv: BASE64_URL_SAFE_NO_PAD.encode(iv),
        ciphertext: BASE64_URL_SAFE_NO_PAD.encode(&text),
        tag: BASE64_URL_SAFE_NO_PAD.encode(tag),
    })
}

/// Why a secret was not sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The secret is larger than an answer may carry.
    #[error("the secret has {actual} bytes, at most {limit} are sealed")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
        /// The size in bytes.
        actual: usize,
    },
    /// The header could not be written.
    #[error("the protected header could not be written")]
    Header(#[source] JsonError),
    /// The key could not be wrapped.
    #[error("the content key could not be wrapped")]
    Wrap,
    /// The secret could not be encrypted.
    #[error("the secret could not be encrypted")]
    Encrypt,
}
