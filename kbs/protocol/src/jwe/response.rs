//! The JSON form of the JWE.

use serde::{Deserialize, Serialize};

use crate::json::{JsonError, from_slice};
use crate::limits::RESPONSE_BYTES;

/// The answer to a resource request; every member but `aad` is base64url without padding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// The protected header.
    pub protected: String,
    /// The content key, wrapped.
    pub encrypted_key: String,
    /// Additional data beside the header; no broker sends it and [`crate::jwe::open`] refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aad: Option<String>,
    /// The nonce of AES-GCM.
    pub iv: String,
    /// The secret, encrypted.
    pub ciphertext: String,
    /// The tag of AES-GCM.
    pub tag: String,
}

impl Response {
    /// Reads the answer to a resource request.
    pub fn parse(body: &[u8]) -> Result<Self, JsonError> {
        from_slice("sealed secret", body, RESPONSE_BYTES)
    }
}
