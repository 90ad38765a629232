//! Where the server is and how it is reached.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use endorsements::read_file;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;
use zeroize::Zeroizing;

use super::failure::Failure;
use crate::config;
use crate::store::StoreError;

/// Where the server is and how it is reached.
pub(super) struct Target {
    config: Config,
    password_file: Option<PathBuf>,
    /// None: without TLS, which the configuration allows on this machine alone.
    pub(super) tls: Option<MakeRustlsConnect>,
    /// For a whole connection, from the first packet to the last setting.
    pub(super) connect: Duration,
    /// For one statement.
    pub(super) statement: Duration,
    /// At the same time.
    pub(super) connections: usize,
}

impl Target {
    pub(super) fn new(settings: &config::Postgres) -> Result<Self, StoreError> {
        let refused = |reason: String| StoreError::Database { reason };
        // What the parser says may repeat a password; the configuration was checked before.
        let parsed = settings.url.parse::<Config>();
        let mut config = parsed.map_err(|_| refused("postgres.url is no PostgreSQL URL".to_owned()))?;
        let tls = settings.ca_file.as_ref().map(|file| tls(file).map_err(refused)).transpose()?;
        config
            .ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable })
            .connect_timeout(settings.connect)
            .tcp_user_timeout(settings.statement.saturating_mul(2))
            .keepalives(true)
            .keepalives_idle(KEEPALIVE)
            .keepalives_interval(KEEPALIVE)
            .keepalives_retries(3);
        if config.get_hosts().len().max(config.get_hostaddrs().len()) > 1 {
            // Of several, the one that takes writes.
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        if config.get_application_name().is_none() {
            config.application_name("vouchsafe-kbs");
        }
        Ok(Self {
            config,
            password_file: settings.password_file.clone(),
            tls,
            connect: settings.connect,
            statement: settings.statement,
            connections: settings.connections,
        })
    }

    /// The parameters with the password, read anew: a rotated one is used by the next connection.
    pub(super) fn with_password(&self) -> Result<Config, Failure> {
        let mut config = self.config.clone();
        if let Some(path) = &self.password_file {
            let refused = |reason| Failure::Again(format!("postgres.password_file: {reason}"));
            config::check_private(path).map_err(|error| refused(error.to_string()))?;
            let read = read_file(path, PASSWORD_LIMIT).map(Zeroizing::new);
            let text = read.map_err(|error| refused(error.to_string()))?;
            config.password(text.strip_suffix(b"\n").unwrap_or(&text));
        }
        Ok(config)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("hosts", &self.config.get_hosts()).finish_non_exhaustive()
    }
}

/// The server's certificate must be for the host of the URL and lead to one of the file's.
fn tls(file: &std::path::Path) -> Result<MakeRustlsConnect, String> {
    let named = |error: &dyn fmt::Display| format!("postgres.ca_file: {}: {error}", file.display());
    let mut roots = RootCertStore::empty();
    let read = CertificateDer::pem_file_iter(file).map_err(|error| named(&error))?;
    for certificate in read {
        let certificate = certificate.map_err(|error| named(&error))?;
        roots.add(certificate).map_err(|error| named(&error))?;
    }
    if roots.is_empty() {
        return Err(named(&"no certificate in it"));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| named(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Between two looks at whether a silent peer is there.
const KEEPALIVE: Duration = Duration::from_secs(5);
/// Bytes of a password file: PostgreSQL takes passwords of up to about a thousand.
const PASSWORD_LIMIT: u64 = 4096;
