//! RSA-OAEP-256 for guests that chose it; the library draws the seed itself.

use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey, PublicKeyComponents,
};
use kbs_protocol::RsaPublicKey;

/// The content key, encrypted to `key`; nothing where the library does not take the key.
pub(crate) fn encrypt(key: &RsaPublicKey, content_key: &[u8; 32]) -> Option<Vec<u8>> {
    let components = PublicKeyComponents { n: key.n(), e: key.e() };
    let key: PublicEncryptingKey = components.try_into().ok()?;
    let key = OaepPublicEncryptingKey::new(key).ok()?;
    let mut encrypted = vec![0; key.ciphertext_size()];
    let length = key.encrypt(&OAEP_SHA256_MGF1SHA256, content_key, &mut encrypted, None).ok()?.len();
    (length == encrypted.len()).then_some(encrypted)
}

#[cfg(test)]
mod tests;
