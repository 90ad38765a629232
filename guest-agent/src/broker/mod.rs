//! The broker's client: the handshake of the CoCo protocol and the resources behind it.

mod error;
mod handshake;
mod http;
mod retry;
mod tls;
mod url;

pub use error::{Answered, BrokerError, Step};
pub use handshake::Broker;
pub use http::{HttpError, is_without_tls};
pub use tls::config as tls_config;
pub use url::UrlError;

use std::path::PathBuf;
use std::time::Duration;

use kbs_protocol::InitData;

/// How to reach a broker.
#[derive(Clone, Debug)]
pub struct BrokerOptions {
    /// Such as `https://kbs.example:8080`; the protocol's prefix is appended to its path.
    pub url: String,
    /// Certificates (PEM) of which one must have signed the broker's; without it, those of the system.
    pub ca_certificate: Option<PathBuf>,
    /// Whether plain HTTP may leave this machine: who is asked for secrets is then anybody's guess.
    pub danger_plain_http: bool,
    /// The document that the host gave the guest at launch, sent along with the evidence.
    pub init_data: Option<InitData>,
    /// How long a broker that cannot be reached, or asks for another try, is asked again; zero: never.
    pub patience: Duration,
    /// Told before each wait why, and how long it is.
    pub waiting: fn(&BrokerError, Duration),
}

impl BrokerOptions {
    /// The options of a broker at `url` and nothing else.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ca_certificate: None,
            danger_plain_http: false,
            init_data: None,
            patience: Duration::ZERO,
            waiting: |_, _| {},
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
