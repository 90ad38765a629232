//! A root key in a token that PKCS#11 reaches: an HSM, or SoftHSM for tests.
//!
//! The key is an AES-256 key that never leaves the token, and keys are wrapped by CKM_AES_GCM (PKCS #11 v2.40
//! mechanisms, section 2.12) with the context as associated data. CKM_AES_KEY_WRAP_PAD was the other choice; it has no
//! associated data, so a wrapped key could be moved to another secret.
//!
//! IVs are 96 random bits of the operating system, or whatever the token puts in their place (some make their own).
//! Under one key that is safe for 2^32 messages (NIST SP 800-38D, section 8.3): every version of a secret is one, and
//! so is every key that a rotation wraps anew. A process stops there; docs/operator.md says when to rotate.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use rand_core::Rng as _;
use zeroize::Zeroizing;

use super::{RootKey, RootKeyError, associated};
use crate::config::Pkcs11Source;
use crate::system::rng;
use connection::Connection;
use login::Login;

mod connection;
mod create;
mod error;
mod login;
mod module;

pub(super) use create::create;
pub(super) use error::Pkcs11Error;

/// A root key in a token.
pub(super) struct Pkcs11Key {
    login: Login,
    id: String,
    /// Sessions, each opened when it is first needed: a session does one thing at a time.
    first: Lane,
    more: Vec<Lane>,
    next: AtomicUsize,
    wraps: AtomicU64,
}

type Lane = Mutex<Option<Connection>>;

impl Pkcs11Key {
    /// Finds token and key, and checks that the token keeps the key to itself.
    pub(super) fn open(source: Pkcs11Source) -> Result<Self, Pkcs11Error> {
        let login = Login::new(source)?;
        let connection = login.connect()?;
        let id = connection.id.clone();
        let more = (1..connection.sessions.min(MOST_SESSIONS)).map(|_| Lane::default()).collect();
        Ok(Self {
            login,
            id,
            first: Mutex::new(Some(connection)),
            more,
            next: AtomicUsize::new(0),
            wraps: AtomicU64::new(0),
        })
    }

    /// Does something in a session. One that failed is not used again, and a new one is tried once.
    fn with<T>(&self, work: impl Fn(&Connection) -> Result<T, Error>) -> Result<T, Pkcs11Error> {
        let mut lane = self.lane();
        let mut failed = None;
        for _ in 0..ATTEMPTS {
            let connection = match lane.take() {
                Some(connection) => connection,
                None => self.connect()?,
            };
            match work(&connection) {
                Ok(done) => {
                    *lane = Some(connection);
                    return Ok(done);
                }
                Err(error) => failed = Some(Pkcs11Error::from(error)),
            }
        }
        Err(failed.unwrap_or(Pkcs11Error::Form { what: "an answer" }))
    }

    fn connect(&self) -> Result<Connection, Pkcs11Error> {
        let connection = self.login.connect()?;
        if connection.id == self.id {
            Ok(connection)
        } else {
            Err(Pkcs11Error::Changed { expected: self.id.clone(), actual: connection.id })
        }
    }

    /// In turn; a thread that was stopped in the middle of a call leaves an empty lane or a session that still works.
    fn lane(&self) -> MutexGuard<'_, Option<Connection>> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let lanes = self.more.len().saturating_add(1);
        let lane = self.more.get(turn.checked_rem(lanes).unwrap_or_default()).unwrap_or(&self.first);
        lane.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seal(&self, key: &[u8], associated: &[u8]) -> Result<Vec<u8>, Pkcs11Error> {
        if self.wraps.fetch_add(1, Ordering::Relaxed) >= MOST_WRAPS {
            return Err(Pkcs11Error::Spent { id: self.id.clone(), most: MOST_WRAPS });
        }
        let sealed = self.with(|connection| {
            let mut iv = [0; IV];
            rng().fill_bytes(&mut iv);
            let sealed = {
                let mechanism = Mechanism::AesGcm(GcmParams::new(&mut iv, associated, TAG_BITS.into())?);
                connection.session.encrypt(&mechanism, connection.key, key)?
            };
            // After the call, because the token may have put an IV of its own there.
            Ok([iv.as_slice(), &sealed].concat())
        })?;
        let expected = IV.saturating_add(key.len()).saturating_add(TAG);
        if sealed.len() == expected { Ok(sealed) } else { Err(Pkcs11Error::Form { what: "a ciphertext" }) }
    }

    /// None where the token says that the bytes are not what it sealed.
    fn open_sealed(
        &self,
        sealed: &[u8],
        associated: &[u8],
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Pkcs11Error> {
        let Some((iv, sealed)) = sealed.split_first_chunk::<IV>() else { return Ok(None) };
        if sealed.len() <= TAG {
            return Ok(None);
        }
        self.with(|connection| {
            let mut iv = *iv;
            let mechanism = Mechanism::AesGcm(GcmParams::new(&mut iv, associated, TAG_BITS.into())?);
            match connection.session.decrypt(&mechanism, connection.key, sealed) {
                Ok(plain) => Ok(Some(Zeroizing::new(plain))),
                Err(error) if blames_the_message(&error) => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    /// Whether the token opens now what it seals now.
    fn works(&self) -> bool {
        let sealed = self.seal(&[0; TAG], PROBE);
        sealed.is_ok_and(|sealed| matches!(self.open_sealed(&sealed, PROBE), Ok(Some(_))))
    }
}

impl RootKey for Pkcs11Key {
    fn id(&self) -> String {
        self.id.clone()
    }

    fn wrap(&self, key: &[u8], context: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        Ok(self.seal(key, &associated(context))?)
    }

    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, RootKeyError> {
        match self.open_sealed(wrapped, &associated(context)) {
            Ok(Some(key)) => Ok(key),
            Ok(None) => Err(RootKeyError::NotWrappedHere),
            // Tokens answer a wrong tag with the same general error as a defect: one that works blames the message.
            Err(Pkcs11Error::Call { .. }) if self.works() => Err(RootKeyError::NotWrappedHere),
            Err(error) => Err(error.into()),
        }
    }
}

impl fmt::Debug for Pkcs11Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pkcs11Key({})", self.id)
    }
}

/// Return values that say of the message that it is not genuine.
fn blames_the_message(error: &Error) -> bool {
    let Error::Pkcs11(value, _) = error else { return false };
    matches!(
        value,
        RvError::EncryptedDataInvalid | RvError::EncryptedDataLenRange | RvError::SignatureInvalid
    )
}

/// NIST SP 800-38D, section 8.3: invocations under one key with random IVs.
const MOST_WRAPS: u64 = 1 << 32;
/// Tokens in a network do a few things at a time; more sessions than these only wait inside the token.
const MOST_SESSIONS: u64 = 8;
const ATTEMPTS: usize = 2;
const IV: usize = 12;
const TAG: usize = 16;
const TAG_BITS: u64 = 128;
const PROBE: &[u8] = b"vouchsafe pkcs11 probe";

#[cfg(test)]
mod tests;
