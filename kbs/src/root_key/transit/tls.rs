//! Which certificates may vouch for the Vault.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use endorsements::read_file;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};

use super::TransitError;

/// TLS by rustls and aws-lc-rs; the provider is named here so that no other can slip in. Roots are those of the PEM
/// file, or the system's.
pub(super) fn config(ca_certificate: Option<&Path>) -> Result<TlsConfig, TransitError> {
    let path = match ca_certificate {
        Some(path) => path.to_owned(),
        None => SYSTEM_BUNDLES
            .into_iter()
            .map(PathBuf::from)
            .find(|path| path.is_file())
            .ok_or(TransitError::NoSystemCertificates)?,
    };
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .root_certs(RootCerts::new_with_certs(&certificates(&path)?))
        .build())
}

/// Every certificate of a PEM file.
fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, TransitError> {
    let refused = |reason: String| TransitError::CaCertificate { path: path.display().to_string(), reason };
    let pem = read_file(path, BUNDLE_BYTES).map_err(|error| refused(error.to_string()))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| refused(error.to_string()))? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(refused("no certificate in it".to_owned()));
    }
    Ok(certificates)
}

/// Debian, Fedora, Alpine and others.
const SYSTEM_BUNDLES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Debian's bundle has 220 KB.
const BUNDLE_BYTES: u64 = 4 << 20;
