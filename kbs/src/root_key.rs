//! The root key: it wraps every key that the store keeps, and is itself kept elsewhere.
//!
//! ```text
//! wrapped = format (1 byte) ‖ length of the id (2 bytes, big-endian) ‖ id of the root key ‖ the keeper's own form
//! file      32 bytes of salt ‖ AES-256-GCM under a key derived for this message       (seal.rs)
//! pkcs11    96-bit IV ‖ CKM_AES_GCM by a key that never leaves the token              (pkcs11.rs)
//! transit   "vault:vN:…", made by Vault or OpenBao                                    (transit.rs)
//! ```
//!
//! The context is authenticated with every wrapped key, and no keeper is taken that does not check it: [`RootKeys`]
//! tries that at the start. New keys are wrapped by the current root key; former ones only unwrap, chosen by id.

use std::fmt;

use rand_core::Rng as _;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::config::RootKeySource;
use crate::system::rng;
use file::FileKey;
use pkcs11::Pkcs11Key;
use transit::TransitKey;
use wrapped::Wrapped;

mod error;
mod file;
mod pkcs11;
mod secret_file;
mod transit;
mod wrapped;

pub(crate) use error::RootKeyError;

/// A key that wraps other keys, wherever it is kept. Every function may block.
pub(crate) trait RootKey: Send + Sync + fmt::Debug {
    /// Which root key this is: never secret, printable ASCII, at most [`ID_BYTES`].
    fn id(&self) -> String;

    /// Wraps a key; `context` is authenticated with it.
    fn wrap(&self, key: &[u8], context: &[u8]) -> Result<Vec<u8>, RootKeyError>;

    /// Opens what [`RootKey::wrap`] made under the same context.
    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, RootKeyError>;

    /// Of a key that has versions of its own, the newest one that was seen.
    fn newest(&self) -> u64 {
        0
    }

    /// Whether the newest version wrapped this.
    fn is_newest(&self, _wrapped: &[u8]) -> bool {
        true
    }
}

/// The root key in use, and those that older keys are still wrapped by.
#[derive(Debug)]
pub(crate) struct RootKeys {
    current: Known,
    previous: Vec<Known>,
}

/// A root key and the other ids that it goes by.
#[derive(Debug)]
struct Known {
    key: Box<dyn RootKey>,
    /// Ids that it had before it moved: the same key in another token, the same Vault at another address.
    formerly: Vec<String>,
}

impl RootKeys {
    /// Opens the configured root keys and shows that the current one works. A key file is made where there is none and
    /// the store is new, and this broker's alone.
    pub(crate) fn open(
        current: &RootKeySource,
        previous: &[RootKeySource],
        store_is_new: bool,
    ) -> Result<Self, RootKeyError> {
        let current = Known::open(current, |path| file::read_or_make(path, store_is_new))?;
        let previous = previous
            .iter()
            .map(|source| Known::open(source, |path| file::read("previous_root_keys", path)))
            .collect::<Result<_, _>>()?;
        let opened = Self { current, previous };
        opened.check()?;
        Ok(opened)
    }

    /// Root keys of a test.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn of(current: impl RootKey + 'static, previous: Vec<Box<dyn RootKey>>) -> Self {
        let known = |key| Known { key, formerly: Vec::new() };
        Self { current: known(Box::new(current)), previous: previous.into_iter().map(known).collect() }
    }

    /// A root key of a test, as a file holds it.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn of_key(key: crate::seal::SealingKey) -> Self {
        Self::of(FileKey::new(key), Vec::new())
    }

    /// The current root key's id.
    pub(crate) fn id(&self) -> String {
        self.current.key.id()
    }

    /// The ids of every root key, the current one first.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.all().map(|known| known.key.id()).collect()
    }

    /// The newest version of the current root key that was seen. When it changes, what was current is not any more.
    pub(crate) fn newest(&self) -> u64 {
        self.current.key.newest()
    }

    /// Wraps a key with the current root key; `context` is authenticated with it.
    pub(crate) fn wrap(&self, key: &[u8], context: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        in_range("a key to be wrapped", key, 1, KEY_BYTES)?;
        in_range("the context of a wrapped key", context, 0, CONTEXT_BYTES)?;
        Wrapped { id: &self.id(), body: &self.current.key.wrap(key, context)? }.encode()
    }

    /// Opens a wrapped key with the root key that wrapped it.
    pub(crate) fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, RootKeyError> {
        let Wrapped { id, body } = Wrapped::decode(wrapped)?;
        let Some(known) = self.all().find(|known| known.goes_by(id)) else {
            return Err(RootKeyError::Another { expected: self.ids(), actual: id.to_owned() });
        };
        known.key.unwrap(body, context)
    }

    /// Whether a wrapped key is wrapped by the current root key in its newest version. What cannot be read is not.
    pub(crate) fn is_current(&self, wrapped: &[u8]) -> bool {
        Wrapped::decode(wrapped)
            .is_ok_and(|Wrapped { id, body }| id == self.id() && self.current.key.is_newest(body))
    }

    /// The same key, wrapped by the current root key.
    pub(crate) fn rewrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        self.wrap(&self.unwrap(wrapped, context)?, context)
    }

    /// Whether the current root key can be used now and does what it must: it wraps, unwraps, and unwraps under no
    /// other context. Afterwards the newest version of the current root key is known.
    pub(crate) fn check(&self) -> Result<(), RootKeyError> {
        let mut probe = Zeroizing::new([0; PROBE_BYTES]);
        rng().fill_bytes(probe.as_mut());
        let wrapped = self.wrap(probe.as_ref(), PROBE)?;
        let opened = self.unwrap(&wrapped, PROBE)?;
        if !bool::from(opened.as_slice().ct_eq(probe.as_slice())) {
            return Err(RootKeyError::Broken { id: self.id() });
        }
        match self.unwrap(&wrapped, OTHER_PROBE) {
            Err(RootKeyError::NotWrappedHere) => Ok(()),
            Err(other) => Err(other),
            Ok(_) => Err(RootKeyError::ContextIgnored { id: self.id() }),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Known> {
        std::iter::once(&self.current).chain(&self.previous)
    }
}

/// Makes the root key of a configuration where there is none, and never in place of another; its id.
pub(crate) fn create(source: &RootKeySource) -> Result<String, RootKeyError> {
    match source {
        RootKeySource::File(path) => Ok(file::make(path)?.id()),
        RootKeySource::Pkcs11(source) => Ok(pkcs11::create(source)?),
        RootKeySource::Transit(source) => {
            Err(RootKeyError::MadeElsewhere { path: format!("{}/keys/{}", source.mount, source.key) })
        }
    }
}

impl Known {
    fn open(
        source: &RootKeySource,
        read: impl FnOnce(&std::path::Path) -> Result<FileKey, crate::config::ConfigError>,
    ) -> Result<Self, RootKeyError> {
        Ok(match source {
            RootKeySource::File(path) => Self { key: Box::new(read(path)?), formerly: Vec::new() },
            RootKeySource::Pkcs11(source) => {
                let key = Pkcs11Key::open(source.clone())?;
                Self { key: Box::new(key), formerly: source.formerly.clone() }
            }
            RootKeySource::Transit(source) => {
                let key = TransitKey::open(source.clone())?;
                Self { key: Box::new(key), formerly: source.formerly.clone() }
            }
        })
    }

    fn goes_by(&self, id: &str) -> bool {
        self.key.id() == id || self.formerly.iter().any(|former| former == id)
    }
}

/// Refuses a root key's file that is there and cannot be used. One that is not there is made at the first start.
pub(crate) fn check_file(source: &RootKeySource) -> Result<(), crate::config::ConfigError> {
    match source {
        RootKeySource::File(path) if path.exists() => file::read("root_key", path).map(|_| ()),
        RootKeySource::File(_) | RootKeySource::Pkcs11(_) | RootKeySource::Transit(_) => Ok(()),
    }
}

/// What a keeper outside this process authenticates: nothing that another program wrapped with the same key opens here.
fn associated(context: &[u8]) -> Vec<u8> {
    [ASSOCIATED, context].concat()
}

fn in_range(what: &'static str, bytes: &[u8], least: usize, most: usize) -> Result<(), RootKeyError> {
    if (least..=most).contains(&bytes.len()) {
        Ok(())
    } else {
        Err(RootKeyError::Length { what, least, most, actual: bytes.len() })
    }
}

/// Bytes of a key that is wrapped: a data key has 32, an RSA-4096 private key in PKCS#8 about 2400.
const KEY_BYTES: usize = 4096;
/// Bytes of a context: tenant, path, version and content type of a secret, whose names are far shorter.
const CONTEXT_BYTES: usize = 4096;
/// Bytes of an id: an address, a namespace, a mount and a name, each limited where the configuration is read.
const ID_BYTES: usize = 1024;
/// Bytes of the whole wrapped form: the id, and the longest key in base64 as transit gives it.
const WRAPPED_BYTES: usize = 8192;
const PROBE_BYTES: usize = 32;
const PROBE: &[u8] = b"vouchsafe root key probe";
const OTHER_PROBE: &[u8] = b"vouchsafe root key other probe";
const ASSOCIATED: &[u8] = b"vouchsafe wrapped key v1\0";

#[cfg(test)]
mod tests;
