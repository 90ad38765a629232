//! From a configured token to a session that is logged in.

use std::sync::{Mutex, PoisonError};

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Pkcs11Error;
use super::connection::Connection;
use super::module::{Token, find_token, load};
use crate::config::{PinSource, Pkcs11Source};
use crate::root_key::secret_file;
use crate::system::variable;

/// What is needed to open a session again at any time. The PIN is read anew each time.
pub(super) struct Login {
    pub(super) source: Pkcs11Source,
    module: Pkcs11,
    /// A PIN that the token refused: tokens lock themselves after a few wrong ones, so it is not tried again.
    refused: Mutex<Option<Zeroizing<String>>>,
}

impl Login {
    pub(super) fn new(source: Pkcs11Source) -> Result<Self, Pkcs11Error> {
        let module = load(&source.module)?;
        Ok(Self { source, module, refused: Mutex::new(None) })
    }

    /// A session in which the key was found and checked.
    pub(super) fn connect(&self) -> Result<Connection, Pkcs11Error> {
        let token = find_token(&self.module, &self.source.token)?;
        let session = self.module.open_ro_session(token.slot)?;
        self.log_in(&session)?;
        Connection::find(session, &token, &self.source)
    }

    /// A session in which keys can be made.
    pub(super) fn connect_to_write(&self) -> Result<(Session, Token), Pkcs11Error> {
        let token = find_token(&self.module, &self.source.token)?;
        let session = self.module.open_rw_session(token.slot)?;
        self.log_in(&session)?;
        Ok((session, token))
    }

    /// All sessions of a process are logged in together: the first one does it, the others hear that it is done.
    fn log_in(&self, session: &Session) -> Result<(), Pkcs11Error> {
        let pin = self.pin()?;
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.as_ref().is_some_and(|former| bool::from(former.as_bytes().ct_eq(pin.as_bytes()))) {
            return Err(self.pin_refused("it was refused before, and is not tried again"));
        }
        let given = AuthPin::new(pin.as_str().into());
        match session.login(UserType::User, Some(&given)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _)) => {
                *refused = Some(pin);
                Err(self.pin_refused("it is wrong"))
            }
            Err(Error::Pkcs11(RvError::PinLocked, _)) => {
                *refused = Some(pin);
                Err(self.pin_refused("the token has locked it after wrong ones"))
            }
            Err(Error::Pkcs11(RvError::PinExpired, _)) => Err(self.pin_refused("it has expired")),
            Err(Error::Pkcs11(RvError::UserPinNotInitialized, _)) => {
                Err(self.pin_refused("the token's user has none yet"))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn pin(&self) -> Result<Zeroizing<String>, Pkcs11Error> {
        match &self.source.pin {
            PinSource::File(path) => Ok(secret_file::read(path)?),
            PinSource::Variable(name) => match variable(name).map(Zeroizing::new) {
                Some(pin) if !pin.is_empty() => Ok(pin),
                _ => Err(Pkcs11Error::PinVariable { name: name.clone() }),
            },
        }
    }

    fn pin_refused(&self, reason: &'static str) -> Pkcs11Error {
        Pkcs11Error::PinRefused { token: self.source.token.clone(), reason }
    }
}
