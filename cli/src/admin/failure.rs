//! Why a broker did not do what its operator asked, and what a script is to make of it.

use std::error::Error;

use kbs::replay::ReplayError;
use serde_json::Value;
use ureq::http::StatusCode;

use super::client::printable;

/// Why the broker did not do it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// No connection, no TLS, or no answer in time.
    #[error("the broker cannot be reached")]
    Unreachable(#[source] Box<ureq::Error>),
    /// What answers speaks no TLS.
    #[error("what answers there speaks no TLS; if the broker speaks plain HTTP, its URL is {url}")]
    WithoutTls {
        /// The URL with the other scheme.
        url: String,
    },
    /// Any status but one of success.
    #[error("the broker {}: {status}{}", verb(*.status), after_colon(detail))]
    Status {
        /// The status.
        status: StatusCode,
        /// What the broker says; empty where it says nothing.
        detail: String,
    },
    /// An answer of success that is cut short, or not what was asked for.
    #[error("the broker's answer")]
    Answer(#[source] Box<dyn Error + Send + Sync>),
    /// A decision that is no more.
    #[error("the decision was deleted; what is left of it: {0}")]
    Deleted(String),
    /// A decision of which something is no more.
    #[error("the broker has not all of it")]
    Incomplete(#[source] ReplayError),
}

impl Failure {
    /// No answer came.
    pub(super) fn without_answer(error: ureq::Error, url: &str) -> Self {
        match url.strip_prefix("https://") {
            Some(rest) if guest_agent::is_without_tls(&error) => {
                Self::WithoutTls { url: format!("http://{rest}") }
            }
            _ => Self::Unreachable(Box::new(error)),
        }
    }

    /// An answer came, and it is a no.
    pub(super) fn refused(status: StatusCode, body: &[u8]) -> Self {
        let problem: Option<Value> = serde_json::from_slice(body).ok();
        let detail = problem.as_ref().and_then(|problem| problem.get("detail")?.as_str());
        Self::Status { status, detail: printable(detail.unwrap_or_default()) }
    }

    /// An answer came, and cannot be used.
    pub(super) fn answer(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Answer(error.into())
    }

    /// The exit code: whether the same command may succeed later decides it.
    pub(crate) fn exit(&self) -> u8 {
        match self {
            Self::Unreachable(_) | Self::WithoutTls { .. } | Self::Answer(_) => TRY_AGAIN,
            Self::Deleted(_) | Self::Incomplete(_) => NOT_THERE,
            Self::Status { status, .. } => match *status {
                StatusCode::NOT_FOUND | StatusCode::GONE => NOT_THERE,
                StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => TRY_AGAIN,
                status if status.is_client_error() => REFUSED,
                _ => TRY_AGAIN,
            },
        }
    }
}

fn verb(status: StatusCode) -> &'static str {
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => "asks to try again later",
        status if status.is_client_error() => "refused",
        _ => "failed",
    }
}

fn after_colon(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(": {detail}") }
}

/// The broker will answer the same command in the same way.
const REFUSED: u8 = 1;
/// The broker has no such thing, or not any more.
const NOT_THERE: u8 = 3;
/// As the agent's: no answer, or one that asks for another try.
const TRY_AGAIN: u8 = 5;

#[cfg(test)]
mod tests;
