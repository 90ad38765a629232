//! What the head of a request says: session cookie, bearer token, where it came from.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::cookie::time::OffsetDateTime;
use actix_web::cookie::{Cookie, Expiration};
use actix_web::http::header::AUTHORIZATION;
use kbs_protocol::SESSION_COOKIE;

use crate::session::Challenge;

/// The value of the session cookie.
pub(super) fn session_cookie(request: &HttpRequest) -> Option<String> {
    request.cookie(SESSION_COOKIE).map(|cookie| cookie.value().to_owned())
}

/// The bearer token (RFC 6750, section 2.1).
pub(super) fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The address at the other end of the connection.
pub(super) fn source(request: &HttpRequest) -> Option<IpAddr> {
    request.peer_addr().map(|address| address.ip())
}

/// The cookie with the attributes that Trustee gives it: an end, and nothing else.
pub(super) fn set_cookie(value: String, challenge: &Challenge) -> Cookie<'static> {
    let expires = OffsetDateTime::from_unix_timestamp(challenge.expires().secs());
    let mut cookie = Cookie::new(SESSION_COOKIE, value);
    if let Ok(expires) = expires {
        cookie.set_expires(Expiration::DateTime(expires));
    }
    cookie
}
