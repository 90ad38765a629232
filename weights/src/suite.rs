//! Algorithm 1: how keys, nonces and associated data are made from header and position.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::key::Key;

/// What one key makes of one header: the header tag and the cipher of the chunks.
pub(crate) struct Suite {
    cipher: Aes256Gcm,
    header_hash: [u8; 32],
    header_tag: [u8; HEADER_TAG_BYTES],
}

/// The place of a chunk: its number from 0, and whether it is the end.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) index: u64,
    pub(crate) last: bool,
}

/// The tag does not fit, or the cipher refused the length.
pub(crate) struct Refused;

impl Suite {
    /// Derives everything from the key, the salt and the header without its tag.
    pub(crate) fn of(key: &Key, salt: &[u8], untagged: &[u8]) -> Self {
        let header_hash: [u8; 32] = Sha256::digest(untagged).into();
        let prk = Hkdf::<Sha256>::new(Some(salt), key.expose());
        let derive = |label: &[u8]| {
            let mut out = Zeroizing::new([0; 32]);
            // Safe: HKDF refuses only more than 255 blocks of output (RFC 5869, section 2.3); this is one.
            prk.expand_multi_info(&[label, &header_hash], out.as_mut_slice()).expect("one block of output");
            out
        };
        let cipher = Aes256Gcm::new(&(*derive(b"vouchsafe weights/1 chunk key")).into());
        Self { cipher, header_hash, header_tag: *derive(b"vouchsafe weights/1 header tag") }
    }

    pub(crate) fn header_tag(&self) -> &[u8; HEADER_TAG_BYTES] {
        &self.header_tag
    }

    pub(crate) fn is_header_tag(&self, tag: &[u8; HEADER_TAG_BYTES]) -> bool {
        self.header_tag.ct_eq(tag).into()
    }

    /// Appends the sealed chunk to `out`.
    pub(crate) fn seal(&self, place: Place, plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        let start = out.len();
        out.reserve(plaintext.len().saturating_add(TAG_BYTES));
        out.extend_from_slice(plaintext);
        let body = out.get_mut(start..).unwrap_or_default();
        match self.cipher.encrypt_inout_detached(&nonce(place), &self.associated_data(place), body.into()) {
            Ok(tag) => {
                out.extend_from_slice(&tag);
                Ok(())
            }
            Err(_) => {
                out.truncate(start);
                Err(Refused)
            }
        }
    }

    /// Appends the plaintext of a sealed chunk to `out`, or leaves `out` as it was.
    pub(crate) fn open(&self, place: Place, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        let (body, tag) = sealed.split_last_chunk::<TAG_BYTES>().ok_or(Refused)?;
        let start = out.len();
        out.extend_from_slice(body);
        let body = out.get_mut(start..).unwrap_or_default();
        let associated_data = self.associated_data(place);
        // The tag is compared before the first byte is decrypted: what is cut off below is still ciphertext.
        let opened =
            self.cipher.decrypt_inout_detached(&nonce(place), &associated_data, body.into(), &(*tag).into());
        opened.map_err(|_| {
            out.truncate(start);
            Refused
        })
    }

    /// Header hash ‖ index ‖ last: a second lock beside the nonce, and the one that holds the header.
    fn associated_data(&self, place: Place) -> [u8; 41] {
        let mut data = [0; 41];
        let (hash, rest) = data.split_at_mut(32);
        hash.copy_from_slice(&self.header_hash);
        rest.copy_from_slice(&place.encoded());
        data
    }
}

impl Place {
    fn encoded(self) -> [u8; 9] {
        let mut bytes = [0; 9];
        let (index, last) = bytes.split_at_mut(8);
        index.copy_from_slice(&self.index.to_be_bytes());
        last.copy_from_slice(&[u8::from(self.last)]);
        bytes
    }
}

/// 3 zero bytes ‖ index ‖ last: never the same for two chunks of an artefact, whose key no other artefact has.
fn nonce(place: Place) -> Nonce<aes_gcm::aead::consts::U12> {
    let mut nonce = [0; 12];
    nonce[3..].copy_from_slice(&place.encoded());
    nonce.into()
}

/// Chunks of one artefact: NIST SP 800-38D, section 8.3, allows 2³² invocations of one key; 4 PiB at the default size.
pub const CHUNKS_MAX: u64 = 1 << 32;

/// The tag of AES-256-GCM at the end of every chunk, in bytes.
pub const TAG_BYTES: usize = 16;

pub(crate) const SALT_BYTES: usize = 32;
pub(crate) const HEADER_TAG_BYTES: usize = 32;
