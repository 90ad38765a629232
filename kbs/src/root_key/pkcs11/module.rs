//! Libraries of PKCS#11, each loaded and initialised once in this process and never unloaded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::slot::{Limit, Slot};

use super::Pkcs11Error;

/// A token by its label.
pub(super) struct Token {
    pub(super) slot: Slot,
    pub(super) serial: String,
    /// Sessions that may be open at a time.
    pub(super) sessions: u64,
}

/// The library at `path`. Two keys in one library share it: the standard allows one initialisation per process.
pub(super) fn load(path: &Path) -> Result<Pkcs11, Pkcs11Error> {
    static LOADED: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = loaded.get(path) {
        return Ok(module.clone());
    }
    let refused =
        |error: &Error| Pkcs11Error::Module { path: path.display().to_string(), reason: error.to_string() };
    let module = Pkcs11::new(path).map_err(|error| refused(&error))?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(refused(&error)),
    }
    loaded.insert(path.to_owned(), module.clone());
    Ok(module)
}

/// The one token of that label, wherever it is now.
pub(super) fn find_token(module: &Pkcs11, label: &str) -> Result<Token, Pkcs11Error> {
    let mut found = Vec::new();
    let mut others = Vec::new();
    for slot in module.get_slots_with_initialized_token()? {
        let info = module.get_token_info(slot)?;
        if info.label() == label {
            let sessions = match info.max_session_count() {
                Limit::Max(most) => most,
                Limit::Unavailable | Limit::Infinite => u64::MAX,
            };
            found.push(Token { slot, serial: info.serial_number().to_owned(), sessions });
        } else {
            others.push(info.label().to_owned());
        }
    }
    let count = found.len();
    match found.pop() {
        Some(token) if count == 1 => Ok(token),
        Some(_) => Err(Pkcs11Error::SeveralTokens { token: label.to_owned(), count }),
        None => Err(Pkcs11Error::NoToken { token: label.to_owned(), others }),
    }
}
