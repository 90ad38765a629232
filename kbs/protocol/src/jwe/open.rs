//! Opening a sealed secret with the TEE's key pair.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};
use aes_kw::KwAes256;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::header;
use super::kdf::derive;
use super::response::Response;
use super::transport::WRAPPING_KEY;
use crate::json::JsonError;
use crate::key::{KeyError, TeeKeyPair};
use crate::limits::RESPONSE_BYTES;

/// Opens what was sealed to the public half of `key`.
pub fn open(response: &Response, key: &TeeKeyPair) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    // 1. The header: known algorithms, a point on the curve, nothing else that would have to be understood.
    if response.aad.is_some() {
        return Err(OpenError::AdditionalData);
    }
    let ephemeral = header::decode(&response.protected)?;
    let wrapped: [u8; 40] = fixed("encrypted_key", &response.encrypted_key)?;
    let iv: [u8; 12] = fixed("iv", &response.iv)?;
    let tag: [u8; 16] = fixed("tag", &response.tag)?;
    let mut text = ciphertext(&response.ciphertext)?;

    // 2. Agree on the wrapping key (RFC 7518 section 4.6) and unwrap the content key (RFC 3394).
    let shared = key.secret().diffie_hellman(&ephemeral.0);
    let wrapping = derive(shared.raw_secret_bytes(), &WRAPPING_KEY);
    let mut content_key = Zeroizing::new([0; 32]);
    KwAes256::new((&*wrapping).into())
        .unwrap_key(&wrapped, content_key.as_mut())
        .map_err(|_| OpenError::Unwrap)?;

    // 3. Decrypt; the header's text as received is the additional data (RFC 7516 section 5.2).
    Aes256Gcm::new((&*content_key).into())
        .decrypt_inout_detached(
            &iv.into(),
            response.protected.as_bytes(),
            text.as_mut_slice().into(),
            &tag.into(),
        )
        .map_err(|_| OpenError::Decrypt)?;
    Ok(text)
}

/// Why a sealed secret did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The answer has a member `aad`.
    #[error("sealed secret: the member aad is not supported")]
    AdditionalData,
    /// A member is not base64url without padding.
    #[error("sealed secret: {member} is not base64url without padding")]
    Base64 {
        /// Which member.
        member: &'static str,
    },
    /// A member has another size than its algorithm gives it.
    #[error("sealed secret: {member} has {actual} bytes, {expected} are wanted")]
    Size {
        /// Which member.
        member: &'static str,
        /// The wanted size in bytes.
        expected: usize,
        /// The size in bytes.
        actual: usize,
    },
    /// The ciphertext is larger than an answer may be.
    #[error("sealed secret: {actual} characters of ciphertext, at most {limit} are taken")]
    TooLarge {
        /// The limit in characters.
        limit: usize,
        /// The size in characters.
        actual: usize,
    },
    /// The protected header cannot be read, or holds a member that is not understood.
    #[error("sealed secret: the protected header is not understood")]
    Header(#[from] JsonError),
    /// Another key algorithm.
    #[error("sealed secret: the key algorithm is not {expected}")]
    Algorithm {
        /// The algorithm of this kind of key.
        expected: &'static str,
    },
    /// Another content encryption.
    #[error("sealed secret: the content encryption is not {expected}")]
    Encryption {
        /// The only one that the protocol has.
        expected: &'static str,
    },
    /// The ephemeral key is on another curve than the recipient's.
    #[error("sealed secret: the ephemeral key is not {expected}")]
    EphemeralCurve {
        /// The recipient's curve.
        expected: &'static str,
    },
    /// The ephemeral key is malformed.
    #[error("sealed secret: the ephemeral key is not acceptable")]
    EphemeralKey(#[source] KeyError),
    /// The content key does not unwrap: sealed to another key, or altered.
    #[error("sealed secret: the content key does not unwrap with this key")]
    Unwrap,
    /// The content does not authenticate: altered.
    #[error("sealed secret: the content does not authenticate")]
    Decrypt,
}

/// A member of `N` bytes; what is far longer is not decoded to be told so.
fn fixed<const N: usize>(member: &'static str, text: &str) -> Result<[u8; N], OpenError> {
    let size = |actual| OpenError::Size { member, expected: N, actual };
    if text.len() > N * 2 {
        return Err(size(text.len() / 4 * 3));
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| OpenError::Base64 { member })?;
    let actual = bytes.len();
    bytes.try_into().map_err(|_| size(actual))
}

/// The buffer in which the secret will stand: allocated once, so that no copy of it stays behind.
fn ciphertext(text: &str) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    if text.len() > RESPONSE_BYTES {
        return Err(OpenError::TooLarge { limit: RESPONSE_BYTES, actual: text.len() });
    }
    let bytes =
        BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| OpenError::Base64 { member: "ciphertext" })?;
    Ok(Zeroizing::new(bytes))
}
