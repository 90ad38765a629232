//! The messages of `/auth` and `/attest` (docs/kbs-protocol.md sections 3 to 5, 8 and 9).
//!
//! Members are written in the order of CoCo's own types. What is unknown is passed over when reading.

use core::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::hash::{Digest, HashAlgorithm, UnsupportedHash};
use crate::json::{JsonError, RawJson, from_slice};
use crate::limits::{ATTESTATION_BYTES, CHALLENGE_BYTES, REQUEST_BYTES, TOKEN_BYTES};
use crate::tee::{Tee, UnknownTee};

/// The only protocol version there is.
pub const VERSION: &str = "0.4.0";

/// What every path of the protocol begins with.
pub const PREFIX: &str = "/kbs/v0";

/// The cookie that carries the session from `/auth` to `/attest` and on to the resources.
pub const SESSION_COOKIE: &str = "kbs-session-id";

/// `POST /auth`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Semantic version of the protocol.
    pub version: String,
    /// The TEE's name; [`Request::tee`] reads it.
    pub tee: String,
    /// Any JSON; CoCo's client sends `{"supported-hash-algorithms":[…]}`.
    #[serde(rename = "extra-params")]
    pub extra_params: Value,
}

impl Request {
    /// The request of a client that computes what this crate computes.
    pub fn new(tee: Tee) -> Self {
        let offered = HashAlgorithm::SUPPORTED.map(|algorithm| Value::from(algorithm.as_str()));
        let extra = [(OFFERED.to_owned(), Value::Array(offered.to_vec()))];
        Self {
            version: VERSION.to_owned(),
            tee: tee.as_str().to_owned(),
            extra_params: Value::Object(extra.into_iter().collect()),
        }
    }

    /// Reads the body of `/auth`.
    pub fn parse(body: &[u8]) -> Result<Self, JsonError> {
        from_slice("auth request", body, REQUEST_BYTES)
    }

    /// The TEE that is named.
    pub fn tee(&self) -> Result<Tee, UnknownTee> {
        Tee::parse(&self.tee)
    }

    /// The hash algorithms that the client offers and the protocol knows; empty where it offers none.
    pub fn offered_hashes(&self) -> Vec<HashAlgorithm> {
        let names = self.extra_params.get(OFFERED).and_then(Value::as_array);
        names.into_iter().flatten().filter_map(Value::as_str).filter_map(HashAlgorithm::parse).collect()
    }
}

/// The answer to `/auth`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Challenge {
    /// Opaque to the client, which echoes it and hashes it: 32 random bytes in base64 from Trustee.
    pub nonce: String,
    /// A string, an object or null; only `selected-hash-algorithm` in an object has a meaning.
    #[serde(rename = "extra-params", default)]
    pub extra_params: Value,
}

/// The server selected a hash algorithm that this side cannot use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// `selected-hash-algorithm` names nothing that the protocol knows.
    #[error("the selected hash algorithm is unknown")]
    Unknown,
    /// `selected-hash-algorithm` names an algorithm that is not computed here.
    #[error(transparent)]
    Unsupported(#[from] UnsupportedHash),
}

impl Challenge {
    /// A challenge as Trustee writes it, with the empty string as extra parameters.
    pub fn new(nonce: String) -> Self {
        Self { nonce, extra_params: Value::String(String::new()) }
    }

    /// Reads the answer to `/auth`.
    pub fn parse(body: &[u8]) -> Result<Self, JsonError> {
        from_slice("challenge", body, CHALLENGE_BYTES)
    }

    /// The algorithm to hash runtime data with: the selected one, SHA-384 where none is selected.
    pub fn hash(&self) -> Result<HashAlgorithm, SelectionError> {
        let Some(selected) = self.extra_params.get(SELECTED) else {
            return Ok(HashAlgorithm::Sha384);
        };
        match selected.as_str().and_then(HashAlgorithm::parse).ok_or(SelectionError::Unknown)? {
            sm3 @ HashAlgorithm::Sm3 => Err(UnsupportedHash(sm3).into()),
            algorithm => Ok(algorithm),
        }
    }
}

/// `POST /attest`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Attestation {
    /// The document that the host gave the guest at launch; null and absent are the same.
    #[serde(default)]
    pub init_data: Option<InitData>,
    /// What the report data covers.
    pub runtime_data: RuntimeData,
    /// The evidence of the CPU and of the devices.
    pub tee_evidence: TeeEvidence,
}

impl Attestation {
    /// Reads the body of `/attest`.
    pub fn parse(body: &[u8]) -> Result<Self, JsonError> {
        from_slice("attestation", body, ATTESTATION_BYTES)
    }
}

/// What the report data covers, besides device evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RuntimeData {
    /// The challenge's nonce, echoed.
    pub nonce: String,
    /// The key that secrets are to be sealed to, as received; [`crate::TeePublicKey::parse`] reads it.
    pub tee_pubkey: RawJson,
}

/// The evidence of the CPU and of the devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeeEvidence {
    /// Evidence of the TEE that the request named, in its own form (section 15).
    pub primary_evidence: RawJson,
    /// Empty, or the text of a JSON object from TEE name to that device's evidence (section 8).
    pub additional_evidence: String,
}

/// The document that the host gave the guest at launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitData {
    /// `toml`; nothing else is taken.
    pub format: String,
    /// The text whose digest the TEE carries.
    pub body: String,
}

/// Why init-data has no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InitDataError {
    /// The format is not `toml`.
    #[error("init-data format is not toml")]
    Format,
    /// The algorithm is not computed here.
    #[error(transparent)]
    Hash(#[from] UnsupportedHash),
}

impl InitData {
    /// The digest of the raw text with the algorithm that the document itself names in its member `algorithm`.
    ///
    /// Reading that member is the caller's part, and so is the comparison with HOST_DATA, MRCONFIGID or PCR 8.
    pub fn digest(&self, algorithm: HashAlgorithm) -> Result<Digest, InitDataError> {
        if self.format != "toml" {
            return Err(InitDataError::Format);
        }
        Ok(algorithm.digest(self.body.as_bytes())?)
    }
}

/// The answer to `/attest`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenResponse {
    /// A compact JWT.
    pub token: String,
}

impl TokenResponse {
    /// Reads the answer to `/attest`.
    pub fn parse(body: &[u8]) -> Result<Self, JsonError> {
        from_slice("token response", body, TOKEN_BYTES)
    }

    /// How long the token lives, by its own claims: from `nbf` or `iat` to `exp`. None where it does not say, or nothing that
    /// can be. Nothing is verified; a client takes it as a hint, since a broker that knows better answers 401.
    pub fn lifetime(&self) -> Option<Duration> {
        #[derive(Deserialize)]
        struct Claims {
            exp: f64,
            nbf: Option<f64>,
            iat: Option<f64>,
        }
        let claims = self.token.split('.').nth(1)?;
        let claims: Claims = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        let begins = claims.iat.or(claims.nbf)?;
        Duration::try_from_secs_f64(claims.exp - begins).ok()
    }
}

/// The member of [`Request::extra_params`] that lists what a client can hash with.
const OFFERED: &str = "supported-hash-algorithms";

/// The member of [`Challenge::extra_params`] that selects one of them.
const SELECTED: &str = "selected-hash-algorithm";

#[cfg(test)]
mod tests;
