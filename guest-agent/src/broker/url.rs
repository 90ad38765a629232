//! The broker's URL.

use std::net::IpAddr;

use kbs_protocol::PREFIX;
use ureq::http::Uri;

/// Where the broker listens, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BaseUrl {
    /// Scheme, authority and path, without a slash at the end, with the protocol's prefix.
    prefix: String,
    tls: bool,
}

impl BaseUrl {
    /// Checks a URL; plain HTTP only to this machine, unless that is waived.
    pub(super) fn parse(url: &str, danger_plain_http: bool) -> Result<Self, UrlError> {
        let uri: Uri = url.parse().map_err(|_| UrlError::Malformed)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(UrlError::Malformed);
        };
        if authority.as_str().contains('@') {
            return Err(UrlError::Credentials);
        }
        if uri.query().is_some() || url.contains('#') {
            return Err(UrlError::Query);
        }
        let tls = match scheme {
            "https" => true,
            "http" if danger_plain_http || is_loopback(authority.host()) => false,
            "http" => return Err(UrlError::PlainHttp),
            _ => return Err(UrlError::Scheme),
        };
        Ok(Self {
            prefix: format!("{scheme}://{authority}{}{PREFIX}", uri.path().trim_end_matches('/')),
            tls,
        })
    }

    /// The URL of a path below the protocol's prefix.
    pub(super) fn join(&self, path: &str) -> String {
        format!("{}/{path}", self.prefix)
    }

    /// What a user would give to speak plain HTTP.
    pub(super) fn plain(&self) -> String {
        let given = self.prefix.strip_suffix(PREFIX).unwrap_or(&self.prefix);
        given.replacen("https://", "http://", 1)
    }

    /// Whether TLS is spoken.
    pub(super) const fn is_tls(&self) -> bool {
        self.tls
    }
}

/// Why a URL is no broker's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not an absolute URL.
    #[error("not a URL such as https://kbs.example:8080")]
    Malformed,
    /// Neither `https` nor `http`.
    #[error("the scheme is neither https nor http")]
    Scheme,
    /// Plain HTTP to another machine.
    #[error("plain http is taken to this machine only; use https, or --danger-plain-http for a test")]
    PlainHttp,
    /// A user name in the URL.
    #[error("the URL holds a user name; the protocol has none")]
    Credentials,
    /// A query or a fragment in the URL.
    #[error("the URL holds a query or a fragment; only scheme, host, port and path are taken")]
    Query,
}

/// Whether a host is this machine by its name alone.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
