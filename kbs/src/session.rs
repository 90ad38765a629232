//! The challenge and the cookie that carries it: nothing is stored before evidence was judged.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kbs_protocol::{HashAlgorithm, SESSION_COOKIE};
use rand_core::CryptoRng;
use verifier::evidence::Tee;
use verifier::time::UnixTime;

use crate::challenge_key::ChallengeKeys;
use crate::seal::{NotSealedHere, Purpose};
use crate::store::DEFAULT_TENANT;

/// One challenge, as the cookie carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    nonce: Nonce,
    tee: Tee,
    hash: HashAlgorithm,
    expires: UnixTime,
}

/// The 32 random bytes that make evidence fresh.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Nonce([u8; 32]);

/// Why a cookie is no session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SessionError {
    /// There is no cookie.
    #[error("no cookie {SESSION_COOKIE}: begin with /auth")]
    NoCookie,
    /// This broker did not make it, or it was changed.
    #[error("the cookie {SESSION_COOKIE} is not of this broker's making")]
    NotOurs,
    /// It is past its time.
    #[error("the session expired at {expired}: begin with /auth")]
    Expired {
        /// The end of the session.
        expired: UnixTime,
    },
    /// The message answers another challenge.
    #[error("the nonce is not the one of this session's challenge")]
    OtherNonce,
    /// It was answered with what is not believed too often.
    #[error("the challenge of this session was answered wrongly too often: begin with /auth")]
    WornOut,
}

impl Challenge {
    /// A challenge for evidence of `tee`, good until `expires`.
    pub(crate) fn new(tee: Tee, hash: HashAlgorithm, expires: UnixTime, rng: &mut impl CryptoRng) -> Self {
        let mut nonce = [0; 32];
        rng.fill_bytes(&mut nonce);
        Self { nonce: Nonce(nonce), tee, hash, expires }
    }

    /// The nonce.
    pub(crate) fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// The TEE that the guest named.
    pub(crate) fn tee(&self) -> Tee {
        self.tee
    }

    /// The hash algorithm of the runtime data.
    pub(crate) fn hash(&self) -> HashAlgorithm {
        self.hash
    }

    /// The first instant at which the session is over.
    pub(crate) fn expires(&self) -> UnixTime {
        self.expires
    }

    /// The cookie's value: the number of the key, then what that key sealed.
    pub(crate) fn to_cookie(
        &self,
        keys: &ChallengeKeys,
        rng: &mut impl CryptoRng,
    ) -> Result<String, NotSealedHere> {
        let (number, key) = keys.newest();
        let mut plain = vec![VERSION];
        plain.extend(self.expires.secs().to_be_bytes());
        plain.extend(self.nonce.0);
        plain.push(hash_code(self.hash));
        plain.extend(self.tee.as_str().as_bytes());
        let mut cookie = number.to_be_bytes().to_vec();
        cookie.append(&mut key.seal(Purpose::Cookie, &context(number), &plain, rng)?);
        Ok(URL_SAFE_NO_PAD.encode(cookie))
    }

    /// Reads a cookie's value; it must be of this broker's making and not past its time.
    pub(crate) fn from_cookie(
        value: &str,
        keys: &ChallengeKeys,
        now: UnixTime,
    ) -> Result<Self, SessionError> {
        if value.len() > COOKIE_LIMIT {
            return Err(SessionError::NotOurs);
        }
        let cookie = URL_SAFE_NO_PAD.decode(value).map_err(|_| SessionError::NotOurs)?;
        let (number, sealed) = cookie.split_first_chunk::<4>().ok_or(SessionError::NotOurs)?;
        let number = u32::from_be_bytes(*number);
        let key = keys.numbered(number).ok_or(SessionError::NotOurs)?;
        let plain = key.open(Purpose::Cookie, &context(number), sealed).map_err(|_| SessionError::NotOurs)?;
        let challenge = Self::read(&plain).ok_or(SessionError::NotOurs)?;
        if challenge.expires <= now {
            return Err(SessionError::Expired { expired: challenge.expires });
        }
        Ok(challenge)
    }

    fn read(plain: &[u8]) -> Option<Self> {
        let rest = plain.strip_prefix(&[VERSION])?;
        let (expires, rest) = rest.split_first_chunk::<8>()?;
        let (nonce, rest) = rest.split_first_chunk::<32>()?;
        let (hash, tee) = rest.split_first()?;
        Some(Self {
            nonce: Nonce(*nonce),
            tee: str::from_utf8(tee).ok()?.parse().ok()?,
            hash: hash_of(*hash)?,
            expires: UnixTime::from_secs(i64::from_be_bytes(*expires)),
        })
    }
}

impl Nonce {
    /// The form in which it travels: standard base64 with padding.
    pub(crate) fn text(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// The 32 bytes.
    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Nonce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nonce(..)")
    }
}

/// What a challenge is sealed for: this cookie of this tenant, under the key of this number.
fn context(number: u32) -> Vec<u8> {
    [SESSION_COOKIE.as_bytes(), b"\0", DEFAULT_TENANT.as_bytes(), b"\0", &number.to_be_bytes()].concat()
}

const fn hash_code(hash: HashAlgorithm) -> u8 {
    match hash {
        HashAlgorithm::Sha256 => 1,
        HashAlgorithm::Sha384 => 2,
        HashAlgorithm::Sha512 => 3,
        HashAlgorithm::Sm3 => 4,
    }
}

const fn hash_of(code: u8) -> Option<HashAlgorithm> {
    match code {
        1 => Some(HashAlgorithm::Sha256),
        2 => Some(HashAlgorithm::Sha384),
        3 => Some(HashAlgorithm::Sha512),
        4 => Some(HashAlgorithm::Sm3),
        _ => None,
    }
}

/// Ours have about 150 characters.
const COOKIE_LIMIT: usize = 512;
/// The layout of the sealed bytes.
const VERSION: u8 = 2;

#[cfg(test)]
mod tests;
