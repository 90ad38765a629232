//! Sealing a secret to a TEE's key.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};
use aes_kw::KwAes256;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use p256::ecdh::EphemeralSecret;
use p256::elliptic_curve::Generate;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::header;
use super::kdf::{Purpose, derive};
use super::response::Response;
use crate::json::JsonError;
use crate::key::{ECDH_ES_A256KW, P256Point, TeePublicKey};
use crate::limits::SECRET_BYTES;

/// Seals `secret` to `key`: a new ephemeral key, a new content key and a new nonce from `rng` each time.
///
/// The answer opens only with the private half of `key`; nothing about the secret but its length shows in it.
pub fn seal(secret: &[u8], key: &TeePublicKey, rng: &mut impl CryptoRng) -> Result<Response, SealError> {
    if secret.len() > SECRET_BYTES {
        return Err(SealError::TooLarge { limit: SECRET_BYTES, actual: secret.len() });
    }
    let TeePublicKey::EcP256(recipient) = key;

    // 1. Agree on a wrapping key (RFC 7518 section 4.6).
    let ephemeral = EphemeralSecret::generate_from_rng(rng);
    let shared = ephemeral.diffie_hellman(&recipient.0);
    let wrapping = derive(shared.raw_secret_bytes(), &WRAPPING_KEY);

    // 2. Wrap a new content key (RFC 3394).
    let mut content_key = Zeroizing::new([0; 32]);
    rng.fill_bytes(content_key.as_mut());
    let mut wrapped = [0; 40];
    KwAes256::new((&*wrapping).into())
        .wrap_key(content_key.as_ref(), &mut wrapped)
        .map_err(|_| SealError::Wrap)?;

    // 3. Encrypt; the header's text is the additional data (RFC 7516 section 5.1).
    let protected = header::encode(&P256Point(ephemeral.public_key())).map_err(SealError::Header)?;
    let mut iv = [0; 12];
    rng.fill_bytes(&mut iv);
    let mut text = secret.to_vec();
    let tag = Aes256Gcm::new((&*content_key).into())
        .encrypt_inout_detached(&iv.into(), protected.as_bytes(), text.as_mut_slice().into())
        .map_err(|_| SealError::Encrypt)?;

    Ok(Response {
        protected,
        encrypted_key: BASE64_URL_SAFE_NO_PAD.encode(wrapped),
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

/// The wrapping key of ECDH-ES+A256KW; CoCo puts no party names into it.
pub(super) const WRAPPING_KEY: Purpose<'static> =
    Purpose { algorithm: ECDH_ES_A256KW, apu: b"", apv: b"", bits: 256 };
