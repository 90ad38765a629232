//! Which certificates may vouch for the broker.
#![expect(clippy::disallowed_methods, reason = "reads certificates from files")]

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};

use super::error::BrokerError;

/// TLS by rustls and aws-lc-rs; the provider is named here so that no other can slip in. Roots are those of the PEM
/// file, or the system's.
pub fn config(ca_certificate: Option<&Path>) -> Result<TlsConfig, BrokerError> {
    let roots = match ca_certificate {
        Some(path) => read(path)?,
        None => system()?,
    };
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .root_certs(RootCerts::new_with_certs(&roots))
        .build())
}

/// The first of the system's bundles that is there.
fn system() -> Result<Vec<Certificate<'static>>, BrokerError> {
    match SYSTEM_BUNDLES.into_iter().map(Path::new).find(|path| path.is_file()) {
        Some(path) => read(path),
        None => Err(BrokerError::NoSystemCertificates),
    }
}

/// Every certificate of a PEM file.
fn read(path: &Path) -> Result<Vec<Certificate<'static>>, BrokerError> {
    let failed = |source| BrokerError::CaCertificate { path: PathBuf::from(path), source };
    let mut pem = Vec::new();
    let limit = u64::try_from(BUNDLE_BYTES).unwrap_or(u64::MAX);
    File::open(path).and_then(|file| file.take(limit).read_to_end(&mut pem)).map_err(failed)?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(std::io::Error::other).map_err(failed)? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(failed(std::io::Error::other("no certificate in it")));
    }
    Ok(certificates)
}

/// Debian, Fedora, Alpine and others.
const SYSTEM_BUNDLES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Debian's bundle has 220 KB.
const BUNDLE_BYTES: usize = 4 << 20;
