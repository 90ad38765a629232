//! Why a token does not serve as the keeper of the root key, and what to do.

use cryptoki::error::Error;

use crate::root_key::secret_file::SecretFileError;

/// Why a token does not serve.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Pkcs11Error {
    /// The library cannot be loaded or initialised.
    #[error("the PKCS#11 module {path} cannot be used: {reason}")]
    Module {
        /// The library.
        path: String,
        /// What the loader or the library says.
        reason: String,
    },
    /// A call failed, twice.
    #[error("PKCS#11: {reason}; see whether the HSM can be reached, the next use tries again")]
    Call {
        /// The function, and what the token says.
        reason: String,
    },
    /// No token has the label.
    #[error(
        "no token is labelled {token:?}; there {}; see whether the HSM can be reached",
        if .others.is_empty() { "is none".to_owned() } else { format!("are {}", .others.join(", ")) }
    )]
    NoToken {
        /// The configured label.
        token: String,
        /// The labels that there are.
        others: Vec<String>,
    },
    /// Several tokens have the label.
    #[error("{count} tokens are labelled {token:?}; the label must name one")]
    SeveralTokens {
        /// The configured label.
        token: String,
        /// How many.
        count: usize,
    },
    /// No secret key has the label.
    #[error(
        "the token {token:?} has no secret key labelled {key:?}; `vouchsafe-kbs root-key create` makes one for a new store. \
         A store that exists needs the key that it was made with"
    )]
    NoKey {
        /// The configured label of the key.
        key: String,
        /// The token's label.
        token: String,
    },
    /// Several secret keys have the label.
    #[error("{count} secret keys are labelled {key:?}; the label must name one")]
    SeveralKeys {
        /// The configured label.
        key: String,
        /// How many.
        count: usize,
    },
    /// A key is to be made under a label that is taken.
    #[error("the token {token:?} has a secret key labelled {key:?} already; none was made")]
    KeyExists {
        /// The configured label of the key.
        key: String,
        /// The token's label.
        token: String,
    },
    /// The key is not one that the token keeps to itself, or not one for this use.
    #[error("the key in the token has {attribute} {actual}, not {expected}; it must not be the root key")]
    Key {
        /// The attribute.
        attribute: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What the token says.
        actual: String,
    },
    /// Another key has the label than the one that was found at the start.
    #[error("the token has the key {actual} now, and had {expected} at the start; restart the broker")]
    Changed {
        /// The key that was found at the start.
        expected: String,
        /// The key that is there.
        actual: String,
    },
    /// The file of the PIN.
    #[error("pin_file: {0}")]
    PinFile(#[from] SecretFileError),
    /// The environment variable of the PIN is not set.
    #[error("pin_variable: the environment variable {name} holds no PIN")]
    PinVariable {
        /// The variable.
        name: String,
    },
    /// The token does not take the PIN.
    #[error("the token {token:?} does not take the PIN: {reason}")]
    PinRefused {
        /// The token's label.
        token: String,
        /// Why.
        reason: &'static str,
    },
    /// The token answered something that cannot be right.
    #[error("the token answers with {what} that cannot be read")]
    Form {
        /// What.
        what: &'static str,
    },
    /// As many keys were wrapped as one key may wrap.
    #[error("the root key {id} wrapped {most} keys; rotate it (docs/operator.md, \"The root key\")")]
    Spent {
        /// Its id.
        id: String,
        /// The bound.
        most: u64,
    },
}

impl From<Error> for Pkcs11Error {
    fn from(error: Error) -> Self {
        let reason = match error {
            // The name alone; the library's texts are whole paragraphs of the standard.
            Error::Pkcs11(value, function) => format!("{function:?} failed with {value:?}"),
            other => other.to_string(),
        };
        Self::Call { reason }
    }
}
