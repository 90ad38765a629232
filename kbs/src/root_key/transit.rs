//! A root key of the transit secrets engine of Vault or OpenBao: keys are sent there to be wrapped, and come back.
//!
//! What is sent is the documented HTTP API (Transit secrets engine, "Encrypt data", "Decrypt data", "Read key"; "HTTP
//! API", "HTTP status codes"). The context travels as `associated_data`, which only AEAD key types have. `rewrap` is not
//! used: it takes no associated data, so what is wrapped anew is opened and wrapped by this process.
//!
//! Messages repeat no text of the server: whatever answers there may echo what it was sent.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{RootKey, RootKeyError, associated};
use crate::config::TransitSource;
use http::Http;

mod error;
mod http;
mod tls;

pub(super) use error::TransitError;

/// A transit key.
pub(super) struct TransitKey {
    source: TransitSource,
    http: Http,
    id: String,
    /// The newest version of the key that was seen.
    newest: AtomicU64,
}

#[derive(Serialize)]
struct Encrypt<'a> {
    plaintext: &'a str,
    associated_data: &'a str,
}

#[derive(Deserialize)]
struct Encrypted {
    ciphertext: String,
}

#[derive(Serialize)]
struct Decrypt<'a> {
    ciphertext: &'a str,
    associated_data: &'a str,
}

#[derive(Deserialize)]
struct Decrypted {
    plaintext: Zeroized,
}

/// Text that is wiped when it is dropped.
struct Zeroized(Zeroizing<String>);

impl<'de> Deserialize<'de> for Zeroized {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

/// What "Read key" tells. A server that does not tell whether a key can be taken out is not believed.
#[derive(Deserialize)]
struct KeyInfo {
    #[serde(rename = "type")]
    kind: String,
    latest_version: u64,
    derived: bool,
    exportable: bool,
    allow_plaintext_backup: bool,
    #[serde(default)]
    soft_deleted: bool,
}

impl TransitKey {
    /// Reaches the server and checks that the key is one that it keeps to itself.
    pub(super) fn open(source: TransitSource) -> Result<Self, TransitError> {
        let http = Http::new(&source)?;
        let info: KeyInfo = http.get(&format!("keys/{}", source.key))?;
        check(&info)?;
        Ok(Self { http, id: id(&source), newest: AtomicU64::new(info.latest_version), source })
    }

    fn operation(&self, name: &str) -> String {
        format!("{name}/{}", self.source.key)
    }
}

impl RootKey for TransitKey {
    fn id(&self) -> String {
        self.id.clone()
    }

    fn wrap(&self, key: &[u8], context: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        let plaintext = Zeroizing::new(BASE64_STANDARD.encode(key));
        let associated_data = BASE64_STANDARD.encode(associated(context));
        let body = Encrypt { plaintext: &plaintext, associated_data: &associated_data };
        let Encrypted { ciphertext } = self.http.post(&self.operation("encrypt"), &body)?;
        let version =
            version(ciphertext.as_bytes()).ok_or(TransitError::Answer { what: "the ciphertext" })?;
        self.newest.fetch_max(version, Ordering::Relaxed);
        Ok(ciphertext.into_bytes())
    }

    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, RootKeyError> {
        let (Some(_), Ok(ciphertext)) = (version(wrapped), std::str::from_utf8(wrapped)) else {
            return Err(RootKeyError::NotWrappedHere);
        };
        let associated_data = BASE64_STANDARD.encode(associated(context));
        let body = Decrypt { ciphertext, associated_data: &associated_data };
        match self.http.post(&self.operation("decrypt"), &body) {
            Ok(Decrypted { plaintext: Zeroized(plaintext) }) => {
                let refused = |_| TransitError::Answer { what: "the plaintext" };
                Ok(BASE64_STANDARD.decode(plaintext.as_bytes()).map(Zeroizing::new).map_err(refused)?)
            }
            Err(TransitError::NotGenuine) => Err(RootKeyError::NotWrappedHere),
            Err(error) => Err(error.into()),
        }
    }

    fn newest(&self) -> u64 {
        self.newest.load(Ordering::Relaxed)
    }

    fn is_newest(&self, wrapped: &[u8]) -> bool {
        version(wrapped).is_some_and(|version| version >= self.newest())
    }
}

impl fmt::Debug for TransitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransitKey({})", self.id)
    }
}

/// A 256-bit AEAD key that does not leave the server, and is the same for every context.
fn check(info: &KeyInfo) -> Result<(), TransitError> {
    let refused = |attribute, expected, actual| Err(TransitError::Key { attribute, expected, actual });
    if !KINDS.contains(&info.kind.as_str()) {
        let kind: String = info.kind.chars().filter(char::is_ascii_graphic).take(SHOWN).collect();
        return refused("type", KINDS_IN_WORDS, kind);
    }
    for (attribute, value) in [
        ("exportable", info.exportable),
        ("allow_plaintext_backup", info.allow_plaintext_backup),
        ("derived", info.derived),
        ("soft_deleted", info.soft_deleted),
    ] {
        if value {
            return refused(attribute, "false", value.to_string());
        }
    }
    Ok(())
}

/// The URL below which the key is, as the API has it; namespaces are the first part of its path ("Namespaces").
fn id(source: &TransitSource) -> String {
    let namespace = source.namespace.as_deref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    format!("transit:{}/v1/{namespace}{}/keys/{}", source.address, source.mount, source.key)
}

/// The version of the key in `vault:v1:…`, the form that both products write.
fn version(ciphertext: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(ciphertext).ok()?.strip_prefix("vault:v")?;
    let (version, sealed) = text.split_once(':')?;
    let digits = (1..=VERSION_DIGITS).contains(&version.len()) && version.bytes().all(|b| b.is_ascii_digit());
    let visible = !sealed.is_empty() && sealed.bytes().all(|byte| byte.is_ascii_graphic());
    if digits && visible { version.parse().ok() } else { None }
}

/// AEAD key types with 256 bits.
const KINDS: [&str; 3] = ["aes256-gcm96", "chacha20-poly1305", "xchacha20-poly1305"];
const KINDS_IN_WORDS: &str = "aes256-gcm96, chacha20-poly1305 or xchacha20-poly1305";
/// Characters of a foreign name that a message shows.
const SHOWN: usize = 40;
/// Digits of a key's version: a key that is rotated every second has ten after three centuries.
const VERSION_DIGITS: usize = 10;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
