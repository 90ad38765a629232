//! The error body of the protocol (docs/kbs-protocol.md section 3).

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::json::{JsonError, from_slice};
use crate::limits::ERROR_BYTES;

/// The body of every answer that is not 200.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorInformation {
    /// A URL whose last segment is the kind.
    #[serde(rename = "type")]
    pub error_type: String,
    /// Words for people.
    pub detail: String,
}

impl ErrorInformation {
    /// An error body of this kind.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self { error_type: format!("{TYPE_PREFIX}{}", kind.as_str()), detail: detail.into() }
    }

    /// Reads an error body.
    pub fn parse(body: &[u8]) -> Result<Self, JsonError> {
        from_slice("error body", body, ERROR_BYTES)
    }

    /// The kind that the type names; none where it is not one of the protocol's.
    pub fn kind(&self) -> Option<ErrorKind> {
        ErrorKind::parse(self.error_type.strip_prefix(TYPE_PREFIX)?)
    }
}

/// The kinds of error that Trustee answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorKind {
    /// Admin authentication could not be set up.
    AdminAuthInitialization,
    /// The caller is not the admin.
    AdminAuthAccess,
    /// The handshake or the evidence was refused.
    AttestationError,
    /// HTTP failed.
    HttpFailed,
    /// HTTPS failed.
    HttpsFailed,
    /// No such path.
    InvalidRequestPath,
    /// The secret could not be sealed.
    JweError,
    /// A plugin could not be set up.
    PluginManagerInitialization,
    /// No such plugin.
    PluginNotFound,
    /// A plugin failed; also: no such resource.
    PluginInternalError,
    /// The policy says no.
    PolicyDeny,
    /// The policy cannot be read.
    ParsePolicyError,
    /// The policy engine failed.
    PolicyEngineError,
    /// The reference value provider failed.
    RvpsError,
    /// The body cannot be read.
    SerdeError,
    /// The store could not be set up.
    StorageBackendInitialization,
    /// No token and no attested session.
    TokenNotFound,
    /// The token does not hold.
    TokenVerifierError,
    /// Metrics failed.
    PrometheusError,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 19] = [
        Self::AdminAuthInitialization,
        Self::AdminAuthAccess,
        Self::AttestationError,
        Self::HttpFailed,
        Self::HttpsFailed,
        Self::InvalidRequestPath,
        Self::JweError,
        Self::PluginManagerInitialization,
        Self::PluginNotFound,
        Self::PluginInternalError,
        Self::PolicyDeny,
        Self::ParsePolicyError,
        Self::PolicyEngineError,
        Self::RvpsError,
        Self::SerdeError,
        Self::StorageBackendInitialization,
        Self::TokenNotFound,
        Self::TokenVerifierError,
        Self::PrometheusError,
    ];

    /// The last segment of the type's URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AdminAuthInitialization => "AdminAuthInitialization",
            Self::AdminAuthAccess => "AdminAuthAccess",
            Self::AttestationError => "AttestationError",
            Self::HttpFailed => "HTTPFailed",
            Self::HttpsFailed => "HTTPSFailed",
            Self::InvalidRequestPath => "InvalidRequestPath",
            Self::JweError => "JweError",
            Self::PluginManagerInitialization => "PluginManagerInitialization",
            Self::PluginNotFound => "PluginNotFound",
            Self::PluginInternalError => "PluginInternalError",
            Self::PolicyDeny => "PolicyDeny",
            Self::ParsePolicyError => "ParsePolicyError",
            Self::PolicyEngineError => "PolicyEngineError",
            Self::RvpsError => "RvpsError",
            Self::SerdeError => "SerdeError",
            Self::StorageBackendInitialization => "StorageBackendInitialization",
            Self::TokenNotFound => "TokenNotFound",
            Self::TokenVerifierError => "TokenVerifierError",
            Self::PrometheusError => "PrometheusError",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What every error type begins with.
const TYPE_PREFIX: &str = "https://github.com/confidential-containers/kbs/errors/";

#[cfg(test)]
mod tests;
