//! Why a transit key does not serve as the root key, and what to do.

use crate::root_key::secret_file::SecretFileError;

/// Why a transit key does not serve.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransitError {
    /// No connection, no TLS, or no answer in time.
    #[error("the Vault at {address} cannot be reached: {reason}; the next use tries again")]
    Unreachable {
        /// Where it should be.
        address: String,
        /// What happened.
        reason: String,
    },
    /// Status 503.
    #[error(
        "the Vault at {address} is sealed or down for maintenance (503); unseal it, the next use tries again"
    )]
    Sealed {
        /// Where it is.
        address: String,
    },
    /// Status 403.
    #[error(
        "the Vault at {address} denies {path} (403): the token in token_file must be valid, and its policy must grant \
         read on keys/, update on encrypt/ and update on decrypt/ of the key"
    )]
    Denied {
        /// Where it is.
        address: String,
        /// What was asked.
        path: String,
    },
    /// Status 404, or 400 because there is no such key.
    #[error(
        "the Vault at {address} has no {path}; see address, namespace, mount and key, and whether the key was deleted"
    )]
    NoKey {
        /// Where it is.
        address: String,
        /// What was asked.
        path: String,
    },
    /// Status 400, because of `min_decryption_version`.
    #[error(
        "{path} refuses a version of the key below its min_decryption_version; lower that until everything is wrapped anew"
    )]
    TooOld {
        /// What was asked.
        path: String,
    },
    /// Status 400, because the version is not there.
    #[error("{path} does not know so new a version of the key; was the Vault restored from an older copy?")]
    TooNew {
        /// What was asked.
        path: String,
    },
    /// Status 400, because the bytes do not open.
    #[error("the transit key does not open it")]
    NotGenuine,
    /// Any other status.
    #[error("the Vault at {address} answers {path} with status {status}; its own log says why")]
    Status {
        /// Where it is.
        address: String,
        /// What was asked.
        path: String,
        /// The status.
        status: u16,
    },
    /// Something in an answer, or in a request, has not the documented form.
    #[error("{what} of the transit engine has not the documented form")]
    Answer {
        /// What.
        what: &'static str,
    },
    /// An answer is larger than what is read.
    #[error("the answer of the transit engine has more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// The key is not one that the server keeps to itself, or not one for this use.
    #[error("the transit key has {attribute} {actual}, not {expected}; it must not be the root key")]
    Key {
        /// The attribute.
        attribute: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What the server says.
        actual: String,
    },
    /// The file of the token.
    #[error("token_file: {0}")]
    Token(#[from] SecretFileError),
    /// The file of the authority that vouches for the server.
    #[error("ca_certificate: {path}: {reason}")]
    CaCertificate {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// No authority is configured, and the system has none.
    #[error("ca_certificate is not set, and the system has no bundle of certificates")]
    NoSystemCertificates,
}
