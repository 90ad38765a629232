//! How the content key travels to the guest: one function for each kind of key (docs/kbs-protocol.md section 12).

use aes_gcm::KeyInit as _;
use aes_kw::{KwAes192, KwAes256};
use ml_kem::Encapsulate as _;
use p256::elliptic_curve::Generate as _;
use rand_core::CryptoRng;

use super::header;
use super::kdf::{Purpose, derive};
use super::kmac;
use super::seal::SealError;
use crate::key::{
    ECDH_ES_A256KW, ML_KEM_768_A192KW, MlKem768Key, P256Point, P521Point, RsaPublicKey, TeePublicKey,
};

/// RSAES-OAEP with SHA-256 and MGF1 with SHA-256 (RFC 8017 section 7.1) of a content key. It is an argument because the
/// library that does it well brings its own randomness, which pure code has not.
pub type Oaep256 = fn(&RsaPublicKey, &[u8; 32]) -> Option<Vec<u8>>;

/// For whoever seals to no RSA keys.
pub fn no_rsa(_: &RsaPublicKey, _: &[u8; 32]) -> Option<Vec<u8>> {
    None
}

/// A content key on its way.
pub(super) struct Transported {
    /// The `protected` member.
    pub(super) protected: String,
    /// The content key, encrypted.
    pub(super) encrypted_key: Vec<u8>,
}

pub(super) fn transport(
    content_key: &[u8; 32],
    key: &TeePublicKey,
    oaep: Oaep256,
    rng: &mut impl CryptoRng,
) -> Result<Transported, SealError> {
    match key {
        TeePublicKey::EcP256(point) => ecdh_p256(content_key, point, rng),
        TeePublicKey::EcP521(point) => ecdh_p521(content_key, point, rng),
        TeePublicKey::Rsa(key) => {
            let encrypted_key = oaep(key, content_key).ok_or(SealError::Wrap)?;
            Ok(Transported { protected: header::rsa().map_err(SealError::Header)?, encrypted_key })
        }
        TeePublicKey::MlKem768(key) => ml_kem_768(content_key, key, rng),
    }
}

/// RFC 7518 section 4.6, on P-256.
fn ecdh_p256(
    content_key: &[u8; 32],
    recipient: &P256Point,
    rng: &mut impl CryptoRng,
) -> Result<Transported, SealError> {
    let ephemeral = p256::ecdh::EphemeralSecret::generate_from_rng(rng);
    let shared = ephemeral.diffie_hellman(&recipient.0);
    let encrypted_key = wrap_256(content_key, shared.raw_secret_bytes())?;
    let epk = P256Point(ephemeral.public_key()).coordinates();
    Ok(Transported { protected: header::ecdh("P-256", epk).map_err(SealError::Header)?, encrypted_key })
}

/// The same on P-521.
fn ecdh_p521(
    content_key: &[u8; 32],
    recipient: &P521Point,
    rng: &mut impl CryptoRng,
) -> Result<Transported, SealError> {
    let ephemeral = p521::ecdh::EphemeralSecret::generate_from_rng(rng);
    let shared = ephemeral.diffie_hellman(&recipient.0);
    let encrypted_key = wrap_256(content_key, shared.raw_secret_bytes())?;
    let epk = P521Point(ephemeral.public_key()).coordinates();
    Ok(Transported { protected: header::ecdh("P-521", epk).map_err(SealError::Header)?, encrypted_key })
}

/// RFC 3394 under the key that RFC 7518 section 4.6.2 derives from the agreement.
fn wrap_256(content_key: &[u8; 32], shared: &[u8]) -> Result<Vec<u8>, SealError> {
    let wrapping = derive(shared, &WRAPPING_KEY);
    let mut wrapped = vec![0; WRAPPED_BYTES];
    KwAes256::new((&*wrapping).into()).wrap_key(content_key, &mut wrapped).map_err(|_| SealError::Wrap)?;
    Ok(wrapped)
}

/// draft-ietf-jose-pqc-kem-05 section 5: a new shared secret for the holder of the decapsulation key.
fn ml_kem_768(
    content_key: &[u8; 32],
    key: &MlKem768Key,
    rng: &mut impl CryptoRng,
) -> Result<Transported, SealError> {
    let (encapsulated, shared) = key.0.encapsulate_with_rng(rng);
    let shared = zeroize::Zeroizing::new(shared);
    let wrapping = kmac::derive(shared.as_slice(), ML_KEM_768_A192KW);
    let mut encrypted_key = vec![0; WRAPPED_BYTES];
    KwAes192::new((&*wrapping).into())
        .wrap_key(content_key, &mut encrypted_key)
        .map_err(|_| SealError::Wrap)?;
    let protected = header::ml_kem(encapsulated.as_slice()).map_err(SealError::Header)?;
    Ok(Transported { protected, encrypted_key })
}

/// The wrapping key of ECDH-ES+A256KW; CoCo puts no party names into it.
pub(super) const WRAPPING_KEY: Purpose<'static> =
    Purpose { algorithm: ECDH_ES_A256KW, apu: b"", apv: b"", bits: 256 };
/// RFC 3394: the key and eight bytes that tell whether it unwrapped.
const WRAPPED_BYTES: usize = 40;
