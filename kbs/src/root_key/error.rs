//! Why a root key cannot be used, or does not open what it should.

use super::pkcs11::Pkcs11Error;
use super::transit::TransitError;
use crate::config::ConfigError;

/// Why a root key cannot be used, or does not open what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RootKeyError {
    /// The bytes were not wrapped by this key under this context, or were changed since.
    #[error("the wrapped key does not open: it was changed, or it belongs to something else")]
    NotWrappedHere,
    /// A root key wrapped it that is not configured.
    #[error(
        "wrapped by the root key {actual}, and the configured ones are {}; add the one that wrapped it to \
         previous_root_keys, or its id to `formerly` if it is one of these that moved",
        .expected.join(", ")
    )]
    Another {
        /// The ids of the configured root keys, the current one first.
        expected: Vec<String>,
        /// The id of the one that wrapped it.
        actual: String,
    },
    /// Another version of this program wrapped it.
    #[error("the wrapped key has format {actual}, this version reads {expected}")]
    Format {
        /// The format that is read.
        expected: u8,
        /// The format found.
        actual: u8,
    },
    /// It is not the form of a wrapped key.
    #[error("{part} of a wrapped key cannot be read")]
    Malformed {
        /// Where reading stopped.
        part: &'static str,
    },
    /// Something is shorter or longer than may be.
    #[error("{what} has {actual} bytes, not {least} to {most}")]
    Length {
        /// What.
        what: &'static str,
        /// The least number of bytes.
        least: usize,
        /// The greatest number of bytes.
        most: usize,
        /// The number found.
        actual: usize,
    },
    /// What the current root key wrapped came back as something else.
    #[error("the root key {id} unwraps something else than it wrapped; it must not be used")]
    Broken {
        /// Its id.
        id: String,
    },
    /// The current root key unwraps under a context that is not the one of wrapping.
    #[error(
        "the root key {id} does not authenticate the context of a wrapped key; it must not be used. A transit key needs \
         a server that knows associated_data"
    )]
    ContextIgnored {
        /// Its id.
        id: String,
    },
    /// A key that is to be made where this program's token should not make keys.
    #[error("a transit key is made in the Vault, with a token that may: vault write -f {path}")]
    MadeElsewhere {
        /// Mount and name of the key.
        path: String,
    },
    /// The file of a root key.
    #[error(transparent)]
    File(#[from] ConfigError),
    /// A token that PKCS#11 reaches.
    #[error(transparent)]
    Pkcs11(#[from] Pkcs11Error),
    /// A transit key of Vault or OpenBao.
    #[error(transparent)]
    Transit(#[from] TransitError),
}
