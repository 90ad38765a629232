//! Where a root key is kept: a path, or a table that says how to reach it.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use ureq::http::Uri;

use super::ConfigError;

/// Where a root key is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootKeySource {
    /// A file of 64 hexadecimal digits.
    File(PathBuf),
    /// A token that PKCS#11 reaches.
    Pkcs11(Pkcs11Source),
    /// A transit key of Vault or OpenBao.
    Transit(TransitSource),
}

/// A key in a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pkcs11Source {
    /// The vendor's library.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// The key's label.
    pub key: String,
    /// Where the PIN of the token's user is.
    pub pin: PinSource,
    /// Ids that this key had in other tokens.
    pub formerly: Vec<String>,
}

/// Where a PIN is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PinSource {
    /// In a file.
    File(PathBuf),
    /// In an environment variable.
    Variable(String),
}

/// A transit key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransitSource {
    /// Scheme, authority and perhaps a path, without a slash at the end.
    pub address: String,
    /// Where the engine is mounted.
    pub mount: String,
    /// The key's name.
    pub key: String,
    /// The file of the token.
    pub token_file: PathBuf,
    /// The namespace.
    pub namespace: Option<String>,
    /// Certificates that vouch for the server; without them the system's.
    pub ca_certificate: Option<PathBuf>,
    /// Whether plain HTTP beyond the loopback was asked for, and is spoken.
    pub danger_plain_http: bool,
    /// Ids that this key had at other addresses.
    pub formerly: Vec<String>,
}

/// As people write it: a string is the path of a file, a table names its kind.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum RawRootKey {
    Path(PathBuf),
    Table(RawTable),
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawTable {
    File(PathBuf),
    Pkcs11(RawPkcs11),
    Transit(RawTransit),
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPkcs11 {
    module: PathBuf,
    token: String,
    key: String,
    pin_file: Option<PathBuf>,
    pin_variable: Option<String>,
    #[serde(default)]
    formerly: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTransit {
    address: String,
    #[serde(default = "default_mount")]
    mount: String,
    key: String,
    token_file: PathBuf,
    namespace: Option<String>,
    ca_certificate: Option<PathBuf>,
    #[serde(default)]
    danger_plain_http: bool,
    #[serde(default)]
    formerly: Vec<String>,
}

fn default_mount() -> String {
    "transit".to_owned()
}

/// By the value's own form, so that a mistake in a table is named with its key and line.
impl<'de> Deserialize<'de> for RawRootKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;

        impl<'de> Visitor<'de> for Form {
            type Value = RawRootKey;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the path of a key file, or a table with one of file, pkcs11, transit")
            }

            fn visit_str<E>(self, path: &str) -> Result<RawRootKey, E> {
                Ok(RawRootKey::Path(PathBuf::from(path)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawRootKey, A::Error> {
                RawTable::deserialize(MapAccessDeserializer::new(map)).map(RawRootKey::Table)
            }
        }

        deserializer.deserialize_any(Form)
    }
}

impl RawRootKey {
    /// Checks it; relative paths start from `base`.
    pub(super) fn check(&self, base: &Path) -> Result<RootKeySource, ConfigError> {
        Ok(match self {
            Self::Path(path) | Self::Table(RawTable::File(path)) => RootKeySource::File(base.join(path)),
            Self::Table(RawTable::Pkcs11(raw)) => RootKeySource::Pkcs11(raw.check(base)?),
            Self::Table(RawTable::Transit(raw)) => RootKeySource::Transit(raw.check(base)?),
        })
    }
}

impl RawPkcs11 {
    fn check(&self, base: &Path) -> Result<Pkcs11Source, ConfigError> {
        let pin = match (&self.pin_file, &self.pin_variable) {
            (Some(path), None) => PinSource::File(base.join(path)),
            (None, Some(name)) => PinSource::Variable(name.clone()),
            _ => return Err(ConfigError::RootKeyPin),
        };
        Ok(Pkcs11Source {
            module: base.join(&self.module),
            token: label("root_key.pkcs11.token", "a label of 1 to 32 bytes", &self.token, TOKEN_LABEL)?,
            key: label("root_key.pkcs11.key", "a label of 1 to 128 bytes", &self.key, KEY_LABEL)?,
            pin,
            formerly: formerly(&self.formerly)?,
        })
    }
}

impl RawTransit {
    fn check(&self, base: &Path) -> Result<TransitSource, ConfigError> {
        let (address, plain) = address(&self.address, self.danger_plain_http)?;
        let name = |key, text: &str| path_of_names(key, text).map(|()| text.to_owned());
        if self.key.contains('/') {
            return Err(not_names("root_key.transit.key", &self.key));
        }
        Ok(TransitSource {
            address,
            mount: name("root_key.transit.mount", &self.mount)?,
            key: name("root_key.transit.key", &self.key)?,
            token_file: base.join(&self.token_file),
            namespace: self
                .namespace
                .as_deref()
                .map(|namespace| name("root_key.transit.namespace", namespace))
                .transpose()?,
            ca_certificate: self.ca_certificate.as_ref().map(|path| base.join(path)),
            danger_plain_http: plain,
            formerly: formerly(&self.formerly)?,
        })
    }
}

impl RootKeySource {
    /// What of it weakens the broker, in words that follow the key's name.
    pub(super) fn danger(&self) -> Option<String> {
        match self {
            Self::Transit(source) if source.danger_plain_http => {
                let address = &source.address;
                Some(format!("transit.danger_plain_http: keys travel to {address} without TLS"))
            }
            _ => None,
        }
    }
}

fn label(key: &'static str, wanted: &'static str, text: &str, most: usize) -> Result<String, ConfigError> {
    if (1..=most).contains(&text.len()) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(ConfigError::Value { key, wanted, actual: text.to_owned() })
    }
}

/// The address without a slash at its end, and whether keys would travel in the clear to another machine.
fn address(text: &str, danger_plain_http: bool) -> Result<(String, bool), ConfigError> {
    let refused = || ConfigError::Value {
        key: "root_key.transit.address",
        wanted: "a URL such as https://vault.example:8200, without user, query and fragment",
        actual: text.to_owned(),
    };
    let uri: Uri = text.parse().map_err(|_| refused())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(refused()) };
    let whole = !authority.as_str().contains('@') && uri.query().is_none() && !text.contains('#');
    if !whole || text.len() > ADDRESS {
        return Err(refused());
    }
    let plain = match scheme {
        "https" => false,
        "http" => !is_loopback(authority.host()),
        _ => return Err(refused()),
    };
    if plain && !danger_plain_http {
        return Err(ConfigError::RootKeyPlainHttp { address: text.to_owned() });
    }
    Ok((text.trim_end_matches('/').to_owned(), plain))
}

/// Whether a host is this machine by its name alone.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Names between slashes that need no escape in a URL; the engine's own names are of these characters too.
fn path_of_names(key: &'static str, text: &str) -> Result<(), ConfigError> {
    let fits = |name: &str| {
        let known = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        known && !name.is_empty() && !name.starts_with('.') && !name.ends_with('.')
    };
    if text.len() <= NAMES && text.split('/').all(fits) { Ok(()) } else { Err(not_names(key, text)) }
}

fn not_names(key: &'static str, text: &str) -> ConfigError {
    let wanted = "made of letters, digits, - and _, and dots within, at most 128 bytes (a path also of /)";
    ConfigError::Value { key, wanted, actual: text.to_owned() }
}

/// Ids as messages show them.
fn formerly(ids: &[String]) -> Result<Vec<String>, ConfigError> {
    for id in ids {
        if !(id.starts_with("pkcs11:") || id.starts_with("transit:")) {
            let wanted = "the id of a root key as a message shows it, such as transit:https://…";
            return Err(ConfigError::Value { key: "root_key.formerly", wanted, actual: id.clone() });
        }
    }
    Ok(ids.to_vec())
}

/// CK_TOKEN_INFO has 32 bytes for it (PKCS #11 v2.40, section 3.3).
const TOKEN_LABEL: usize = 32;
const KEY_LABEL: usize = 128;
/// An address, and a path of names: together they stay below the limit of a root key's id.
const ADDRESS: usize = 256;
const NAMES: usize = 128;

#[cfg(test)]
mod tests;
