//! Why something did not succeed, and whether it may be tried again.

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::store::StoreError;

/// Why something did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nothing was changed, and another attempt may succeed.
    Again(String),
    /// The same, and the connection is gone or silent: others of the same age may be too.
    Lost(String),
    /// The connection went while the transaction was being committed: it may be durable or not.
    Unknown(String),
    /// Another attempt would fail in the same way.
    Final(StoreError),
}

impl Failure {
    /// The error that a caller gets when there is no time for another attempt.
    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::Again(reason) | Self::Lost(reason) => StoreError::Unavailable { reason },
            Self::Unknown(reason) => {
                let reason = format!("whether the change was made is not known: {reason}");
                StoreError::Unavailable { reason }
            }
            Self::Final(error) => error,
        }
    }

    /// The same failure while the transaction was being committed.
    pub(super) fn while_committing(self) -> Self {
        match self {
            Self::Again(reason) | Self::Lost(reason) | Self::Unknown(reason) => Self::Unknown(reason),
            Self::Final(error) => Self::Unknown(error.to_string()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let Some(said) = error.as_db_error() else {
            let reason = chain(&error);
            return if is_distrust(&error) {
                Self::Final(StoreError::Database { reason })
            } else {
                Self::Lost(reason)
            };
        };
        // The detail of an error may hold rows; it is left out.
        let reason = format!("{} {}: {}", said.severity(), said.code().code(), said.message());
        if is_passing(said) { Self::Again(reason) } else { Self::Final(StoreError::Database { reason }) }
    }
}

/// Whether what the server says may be otherwise in a moment (PostgreSQL's manual, appendix A: error codes).
fn is_passing(error: &DbError) -> bool {
    let code = error.code();
    let class = code.code().get(..2).unwrap_or_default();
    // 08: connection, 40: rolled back for another's sake, 53: out of some resource, 57: cancelled or shutting down.
    matches!(class, "08" | "40" | "53" | "57")
        || [SqlState::LOCK_NOT_AVAILABLE, SqlState::READ_ONLY_SQL_TRANSACTION].contains(code)
}

/// Whether the server's certificate is not believed: another attempt would meet the same one.
fn is_distrust(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(rustls::Error::InvalidCertificate(_)) = inner.and_then(|inner| inner.downcast_ref()) {
            return true;
        }
        source = cause.source();
    }
    false
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
