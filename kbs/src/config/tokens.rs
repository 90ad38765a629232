//! What the configuration says of tokens: the broker's own, those of foreign issuers, those for clouds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::load::{bytes_of, in_range};
use crate::foreign::{ForeignIssuer, Pattern};
use crate::jwt::{JwkSet, PinnedKey};
use crate::signing::{SigningAlgorithm, SigningKey};
use crate::token::TOKEN_BYTES;

/// The keys of the broker's own tokens.
pub(crate) struct TokenSettings {
    /// How old a key gets before another is made.
    pub key_life: Duration,
    /// The operator's own key with its certificates; without it the broker makes keys.
    pub provided: Option<Arc<SigningKey>>,
}

/// Tokens for clouds' identity services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FederationSettings {
    /// The issuer: an origin, below which `/.well-known/openid-configuration` is.
    pub issuer: String,
    /// The algorithm.
    pub algorithm: SigningAlgorithm,
    /// For whom tokens may be issued.
    pub audiences: Vec<String>,
    /// How long a token holds.
    pub life: Duration,
    /// How old a key gets before another is made.
    pub key_life: Duration,
    /// The tenant in each subject.
    pub tenant: String,
    /// Issue tokens for guests on simulated hardware too.
    pub danger_allow_simulated: bool,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawToken {
    key_days: u32,
    certificate_chain: Option<PathBuf>,
    key: Option<PathBuf>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawForeign {
    name: String,
    issuer: String,
    jwks: Option<PathBuf>,
    resources: Vec<String>,
    tee_key_path: Option<String>,
    audience: Option<String>,
    #[serde(default = "default_token_seconds")]
    max_token_seconds: u32,
    #[serde(default)]
    keys: Vec<RawKey>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RawKey {
    file: PathBuf,
    kid: Option<String>,
    algorithm: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFederation {
    issuer: String,
    audiences: Vec<String>,
    #[serde(default = "default_algorithm")]
    algorithm: String,
    #[serde(default = "default_token_seconds")]
    token_seconds: u32,
    #[serde(default = "default_key_days")]
    key_days: u32,
    #[serde(default = "default_tenant")]
    tenant: String,
    #[serde(default)]
    danger_allow_simulated: bool,
}

impl Default for RawToken {
    fn default() -> Self {
        Self { key_days: default_key_days(), certificate_chain: None, key: None }
    }
}

pub(super) fn token(raw: &RawToken, base: &Path) -> Result<TokenSettings, ConfigError> {
    let key_life = days("token.key_days", raw.key_days)?;
    let provided = match (&raw.certificate_chain, &raw.key) {
        (Some(chain), Some(key)) => Some(Arc::new(provided(&base.join(chain), &base.join(key))?)),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            return Err(value("token.certificate_chain", "given together with token.key", "one of them"));
        }
    };
    Ok(TokenSettings { key_life, provided })
}

/// The operator's key with its certificates; the first must be the key's.
fn provided(chain_file: &Path, key_file: &Path) -> Result<SigningKey, ConfigError> {
    let content =
        |key, path: &Path, wanted| ConfigError::Content { key, path: path.display().to_string(), wanted };
    let pem = bytes_of("token.certificate_chain", chain_file)?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .ok()
        .filter(|chain: &Vec<_>| !chain.is_empty())
        .ok_or_else(|| content("token.certificate_chain", chain_file, "certificates in PEM, leaf first"))?;
    let pem = zeroize::Zeroizing::new(bytes_of("token.key", key_file)?);
    let no_key = || content("token.key", key_file, "a private key of P-256 in PEM (PKCS #8 or SEC 1)");
    let der = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| no_key())?;
    let key = SigningKey::from_der(der.secret_der()).map_err(|_| no_key())?;
    if key.algorithm() != SigningAlgorithm::Es256 {
        return Err(no_key());
    }
    let key = key.with_chain(&chain.iter().map(|certificate| certificate.to_vec()).collect::<Vec<_>>());
    let together = CertifiedKey::from_der(chain, der, &default_provider());
    if together.and_then(|pair| pair.keys_match()).is_err() {
        let wanted = "the key of the first certificate in token.certificate_chain";
        return Err(content("token.key", key_file, wanted));
    }
    if key.room(TOKEN_BYTES) < CLAIMS_BYTES_MIN {
        let wanted = "a chain short enough for a token's header: about 2 KiB of DER in all";
        return Err(content("token.certificate_chain", chain_file, wanted));
    }
    Ok(key)
}

pub(super) fn foreign_issuers(
    raw: &[RawForeign],
    own: &str,
    base: &Path,
) -> Result<Vec<ForeignIssuer>, ConfigError> {
    let mut names = BTreeSet::new();
    let mut issuers = BTreeSet::from([own]);
    for one in raw {
        if one.name.is_empty() || !names.insert(one.name.as_str()) {
            return Err(value("foreign_issuer.name", "a name that no other has", &one.name));
        }
        if one.issuer.is_empty() || !issuers.insert(one.issuer.as_str()) {
            let wanted = "an `iss` that neither this broker nor another foreign issuer has";
            return Err(value("foreign_issuer.issuer", wanted, &one.issuer));
        }
    }
    raw.iter().map(|one| foreign_issuer(one, base)).collect()
}

fn foreign_issuer(raw: &RawForeign, base: &Path) -> Result<ForeignIssuer, ConfigError> {
    let pattern = |text: &String| {
        Pattern::parse(text)
            .map_err(|_| value("foreign_issuer.resources", "repository/type/tag, * for one segment", text))
    };
    let resources: Vec<Pattern> = raw.resources.iter().map(pattern).collect::<Result<_, _>>()?;
    if resources.is_empty() {
        return Err(value("foreign_issuer.resources", "a list of the resources that it may open", "[]"));
    }
    if let Some(path) = raw.tee_key_path.as_ref().filter(|path| !path.starts_with('/')) {
        return Err(value("foreign_issuer.tee_key_path", "a JSON pointer such as /tee-pubkey", path));
    }
    let seconds = in_range("foreign_issuer.max_token_seconds", raw.max_token_seconds, 1, 86_400)?;
    Ok(ForeignIssuer {
        name: raw.name.clone(),
        issuer: raw.issuer.clone(),
        keys: keys(raw, base)?,
        resources,
        tee_key: raw.tee_key_path.clone(),
        audience: raw.audience.clone(),
        max_seconds: i64::from(seconds),
    })
}

/// The pinned keys; where there are several, each must be named.
fn keys(raw: &RawForeign, base: &Path) -> Result<Vec<(Option<String>, PinnedKey)>, ConfigError> {
    let keys: Vec<(Option<String>, PinnedKey)> = match &raw.jwks {
        Some(_) if !raw.keys.is_empty() => {
            return Err(value("foreign_issuer.jwks", "given without foreign_issuer.keys", "both"));
        }
        Some(file) => jwks(&base.join(file))?,
        None => raw.keys.iter().map(|key| pem_key(key, base)).collect::<Result<_, _>>()?,
    };
    let ids: BTreeSet<&String> = keys.iter().filter_map(|(kid, _)| kid.as_ref()).collect();
    if keys.is_empty() || (keys.len() > 1 && ids.len() != keys.len()) {
        let wanted = "one key, or several of which each has a kid of its own";
        return Err(value(
            "foreign_issuer.keys",
            wanted,
            &format!("{} keys, {} kids", keys.len(), ids.len()),
        ));
    }
    Ok(keys)
}

fn pem_key(raw: &RawKey, base: &Path) -> Result<(Option<String>, PinnedKey), ConfigError> {
    let path = base.join(&raw.file);
    let pem = bytes_of("foreign_issuer.keys", &path)?;
    let spki = SubjectPublicKeyInfoDer::from_pem_slice(&pem).map_err(|_| ConfigError::Content {
        key: "foreign_issuer.keys",
        path: path.display().to_string(),
        wanted: "a public key in PEM (-----BEGIN PUBLIC KEY-----)",
    })?;
    let key = PinnedKey::from_spki_for(&spki, raw.algorithm.as_deref());
    let key = key.map_err(|fault| ConfigError::ForeignKey { path: path.display().to_string(), fault })?;
    Ok((raw.kid.clone(), key))
}

fn jwks(path: &Path) -> Result<Vec<(Option<String>, PinnedKey)>, ConfigError> {
    let bytes = bytes_of("foreign_issuer.jwks", path)?;
    let set: JwkSet = serde_json::from_slice(&bytes).map_err(|_| ConfigError::Content {
        key: "foreign_issuer.jwks",
        path: path.display().to_string(),
        wanted: "a JWK set (RFC 7517)",
    })?;
    let read = |jwk: &crate::jwt::Jwk| {
        let key = PinnedKey::from_jwk(jwk);
        key.map(|key| (jwk.kid.clone(), key))
            .map_err(|fault| ConfigError::ForeignKey { path: path.display().to_string(), fault })
    };
    set.keys.iter().map(read).collect()
}

pub(super) fn federation(raw: &RawFederation) -> Result<FederationSettings, ConfigError> {
    let plain = |text: &str, more: &[u8]| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
        !text.is_empty() && text.bytes().all(known)
    };
    if !raw.issuer.strip_prefix("https://").is_some_and(|host| plain(host, b".-:[]")) {
        let wanted = "an origin such as https://kbs.example, without a path";
        return Err(value("federation.issuer", wanted, &raw.issuer));
    }
    let algorithm = match raw.algorithm.as_str() {
        "RS256" => SigningAlgorithm::Rs256,
        "ES256" => SigningAlgorithm::Es256,
        other => return Err(value("federation.algorithm", "RS256 or ES256", other)),
    };
    if raw.audiences.is_empty() || raw.audiences.iter().any(String::is_empty) {
        return Err(value("federation.audiences", "a list of those for whom tokens may be issued", "none"));
    }
    if !plain(&raw.tenant, b".-_") {
        return Err(value("federation.tenant", "letters, digits, and .-_", &raw.tenant));
    }
    let seconds = in_range("federation.token_seconds", raw.token_seconds, 1, 3600)?;
    Ok(FederationSettings {
        issuer: raw.issuer.clone(),
        algorithm,
        audiences: raw.audiences.clone(),
        life: Duration::from_secs(u64::from(seconds)),
        key_life: days("federation.key_days", raw.key_days)?,
        tenant: raw.tenant.clone(),
        danger_allow_simulated: raw.danger_allow_simulated,
    })
}

fn days(key: &'static str, days: u32) -> Result<Duration, ConfigError> {
    let days = in_range(key, days, 1, 3650)?;
    Ok(Duration::from_secs(u64::from(days).saturating_mul(86_400)))
}

fn value(key: &'static str, wanted: &'static str, actual: &str) -> ConfigError {
    ConfigError::Value { key, wanted, actual: actual.to_owned() }
}

fn default_key_days() -> u32 {
    30
}

fn default_token_seconds() -> u32 {
    300
}

/// What every cloud takes.
fn default_algorithm() -> String {
    "RS256".to_owned()
}

fn default_tenant() -> String {
    crate::store::DEFAULT_TENANT.to_owned()
}

/// What must be left of a token for claims: a result about eight GPUs needs some eight kilobytes.
const CLAIMS_BYTES_MIN: usize = 9000;

#[cfg(test)]
mod tests;
