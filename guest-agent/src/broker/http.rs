//! One HTTP call: a deadline, a limit of bytes, no redirect, no proxy.

use std::time::Duration;

use kbs_protocol::limits::ERROR_BYTES;
use rustls::InvalidMessage;
use ureq::http::{Response, StatusCode, header};
use ureq::{Agent, Body};

use super::BrokerOptions;
use super::error::BrokerError;
use super::tls;
use super::url::BaseUrl;

/// Calls below one base URL.
pub(super) struct Http {
    agent: Agent,
    base: BaseUrl,
}

/// Whether what answered a connection with TLS does not speak it: its first byte begins no TLS record.
pub fn is_without_tls(error: &ureq::Error) -> bool {
    let wrapped = match error {
        ureq::Error::Rustls(error) => Some(error),
        ureq::Error::Io(error) => error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>()),
        _ => None,
    };
    matches!(wrapped, Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)))
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `Retry-After` in seconds (RFC 9110 section 10.2.3); a date says nothing to a guest whose clock may be wrong.
    pub(super) retry_after: Option<u16>,
    /// The values of all `Set-Cookie` headers.
    pub(super) cookies: Vec<String>,
    pub(super) body: Vec<u8>,
}

/// What goes along with a call to say who calls.
#[derive(Clone, Copy, Default)]
pub(super) struct Credentials<'a> {
    /// The value of the `Cookie` header.
    pub(super) cookie: Option<&'a str>,
    /// The value of the `Authorization` header.
    pub(super) authorization: Option<&'a str>,
}

impl Http {
    pub(super) fn new(options: &BrokerOptions) -> Result<Self, BrokerError> {
        let base = BaseUrl::parse(&options.url, options.danger_plain_http)?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(DEADLINE))
            .max_response_header_size(HEAD_BYTES)
            .user_agent(concat!("vouchsafe-agent/", env!("CARGO_PKG_VERSION")));
        let config = if base.is_tls() {
            config.tls_config(tls::config(options.ca_certificate.as_deref())?).https_only(true)
        } else {
            config
        };
        Ok(Self { agent: config.build().new_agent(), base })
    }

    /// POST of JSON; an answer of status 200 may have `limit` bytes.
    pub(super) fn post(
        &self,
        path: &str,
        credentials: Credentials<'_>,
        body: &[u8],
        limit: usize,
    ) -> Result<Answer, HttpError> {
        let mut request = self.agent.post(self.base.join(path)).content_type("application/json");
        for (name, value) in credentials.headers() {
            request = request.header(name, value);
        }
        self.answer(request.send(body), limit)
    }

    /// GET; an answer of status 200 may have `limit` bytes.
    pub(super) fn get(
        &self,
        path: &str,
        credentials: Credentials<'_>,
        limit: usize,
    ) -> Result<Answer, HttpError> {
        let mut request = self.agent.get(self.base.join(path));
        for (name, value) in credentials.headers() {
            request = request.header(name, value);
        }
        self.answer(request.call(), limit)
    }

    fn answer(
        &self,
        response: Result<Response<Body>, ureq::Error>,
        limit: usize,
    ) -> Result<Answer, HttpError> {
        match response {
            Ok(response) => answer(response, limit),
            Err(error) if is_without_tls(&error) => Err(HttpError::WithoutTls { url: self.base.plain() }),
            Err(error) => Err(error.into()),
        }
    }
}

impl<'a> Credentials<'a> {
    fn headers(self) -> impl Iterator<Item = (header::HeaderName, &'a str)> {
        [(header::COOKIE, self.cookie), (header::AUTHORIZATION, self.authorization)]
            .into_iter()
            .filter_map(|(name, value)| value.map(|value| (name, value)))
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// No connection, no TLS, no answer in time, or not HTTP.
    #[error(transparent)]
    Network(Box<ureq::Error>),
    /// What answers speaks no TLS.
    #[error("what answers there speaks no TLS; if the broker speaks plain HTTP, its URL is {url}")]
    WithoutTls {
        /// The broker's URL with the other scheme.
        url: String,
    },
    /// The answer is larger than its limit.
    #[error("the answer has more than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
}

impl From<ureq::Error> for HttpError {
    fn from(error: ureq::Error) -> Self {
        Self::Network(Box::new(error))
    }
}

/// Reads the answer: what is not 200 is an error body, which is short.
fn answer(response: Response<Body>, limit: usize) -> Result<Answer, HttpError> {
    let status = response.status();
    let limit = if status == StatusCode::OK { limit } else { ERROR_BYTES };
    let cookies = response.headers().get_all(header::SET_COOKIE).iter();
    let cookies = cookies.filter_map(|value| value.to_str().ok()).map(str::to_owned).collect();
    let retry_after = response.headers().get(header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let retry_after = retry_after.map(|seconds| u16::try_from(seconds).unwrap_or(u16::MAX));
    let bytes = u64::try_from(limit).unwrap_or(u64::MAX);
    match response.into_body().into_with_config().limit(bytes).read_to_vec() {
        Ok(body) => Ok(Answer { status: status.as_u16(), retry_after, cookies, body }),
        Err(ureq::Error::BodyExceedsLimit(_)) => Err(HttpError::TooLarge { limit }),
        Err(error) => Err(error.into()),
    }
}

/// For a whole call, from the name's resolution to the last byte; CoCo's client waits as long.
const DEADLINE: Duration = Duration::from_secs(60);

/// A session cookie may carry a sealed challenge; nothing else in a head is long.
const HEAD_BYTES: usize = 64 << 10;
