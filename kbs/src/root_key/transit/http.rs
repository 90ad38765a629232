//! One call to the transit engine: a deadline, a limit of bytes, no redirect, no proxy.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};
use zeroize::Zeroizing;

use super::TransitError;
use super::tls;
use crate::config::TransitSource;
use crate::root_key::secret_file;

/// Calls below one mount.
pub(super) struct Http {
    agent: Agent,
    source: TransitSource,
}

/// The part of a success that is read.
#[derive(serde::Deserialize)]
struct Answer<T> {
    data: T,
}

/// "A common JSON structure is always returned to return errors."
#[derive(serde::Deserialize)]
struct Refusal {
    #[serde(default)]
    errors: Vec<String>,
}

impl Http {
    pub(super) fn new(source: &TransitSource) -> Result<Self, TransitError> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(DEADLINE))
            .max_response_header_size(HEAD_BYTES)
            .user_agent(concat!("vouchsafe-kbs/", env!("CARGO_PKG_VERSION")));
        let config = if source.address.starts_with("https://") {
            config.tls_config(tls::config(source.ca_certificate.as_deref())?).https_only(true)
        } else {
            config
        };
        Ok(Self { agent: config.build().new_agent(), source: source.clone() })
    }

    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, TransitError> {
        let request = self.agent.get(self.url(path));
        self.answer(path, self.with_headers(request)?.call())
    }

    pub(super) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, TransitError> {
        // With room for all of it: a vector that grows leaves copies behind.
        let mut json = Zeroizing::new(Vec::with_capacity(BODY_BYTES));
        serde_json::to_writer(&mut *json, body).map_err(|_| TransitError::Answer { what: "the request" })?;
        let request = self.agent.post(self.url(path)).content_type("application/json");
        self.answer(path, self.with_headers(request)?.send(json.as_slice()))
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v1/{}/{path}", self.source.address, self.source.mount)
    }

    /// The token is read for every call, so that one that was renewed is used at once.
    fn with_headers<T>(
        &self,
        request: ureq::RequestBuilder<T>,
    ) -> Result<ureq::RequestBuilder<T>, TransitError> {
        let token = secret_file::read(&self.source.token_file)?;
        let request = request.header("X-Vault-Token", token.as_str()).header("X-Vault-Request", "true");
        Ok(match &self.source.namespace {
            Some(namespace) => request.header("X-Vault-Namespace", namespace),
            None => request,
        })
    }

    fn answer<T: DeserializeOwned>(
        &self,
        path: &str,
        response: Result<Response<Body>, ureq::Error>,
    ) -> Result<T, TransitError> {
        let unreachable = |error: ureq::Error| TransitError::Unreachable {
            address: self.source.address.clone(),
            reason: reason(&error),
        };
        let response = response.map_err(unreachable)?;
        let status = response.status();
        // The reader refuses a body as soon as its limit is reached, so the limit is one more than what is taken.
        let body =
            match response.into_body().into_with_config().limit(ANSWER_BYTES.saturating_add(1)).read_to_vec()
            {
                Ok(body) => Zeroizing::new(body),
                Err(ureq::Error::BodyExceedsLimit(_)) => {
                    return Err(TransitError::TooLarge { limit: ANSWER_BYTES });
                }
                Err(error) => return Err(unreachable(error)),
            };
        if status == StatusCode::OK {
            let answer = serde_json::from_slice::<Answer<T>>(&body);
            return answer.map(|answer| answer.data).map_err(|_| TransitError::Answer { what: "the body" });
        }
        let refusal: Refusal = serde_json::from_slice(&body).unwrap_or(Refusal { errors: Vec::new() });
        Err(self.refusal(path, status, &refusal.errors.join("\n")))
    }

    /// What a status means, and at 400 the sentences that the engine is known to say.
    fn refusal(&self, path: &str, status: StatusCode, said: &str) -> TransitError {
        let address = self.source.address.clone();
        let path = format!("{}/{path}", self.source.mount);
        match status.as_u16() {
            400 if said.contains("encryption key not found") => TransitError::NoKey { address, path },
            400 if said.contains("(too old)") => TransitError::TooOld { path },
            400 if said.contains("version is too new") => TransitError::TooNew { path },
            400 if said.contains("message authentication failed") || said.contains("invalid ciphertext") => {
                TransitError::NotGenuine
            }
            403 => TransitError::Denied { address, path },
            404 => TransitError::NoKey { address, path },
            503 => TransitError::Sealed { address },
            status => TransitError::Status { address, path, status },
        }
    }
}

/// Without what was sent: the kind of a failure, and for TLS what rustls says of the certificate.
fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::HostNotFound => "the host is not known".to_owned(),
        ureq::Error::ConnectionFailed => "no connection".to_owned(),
        ureq::Error::Rustls(error) => error.to_string(),
        _ => "it does not speak HTTP as expected".to_owned(),
    }
}

/// For a whole call: releases wait for it, and Vault answers in milliseconds.
const DEADLINE: Duration = Duration::from_secs(10);
/// Heads of Vault have a few hundred bytes.
const HEAD_BYTES: usize = 16 << 10;
/// A key with a thousand versions tells of each in some twenty bytes.
const ANSWER_BYTES: u64 = 64 << 10;
/// A key and a context in base64, at their limits.
const BODY_BYTES: usize = 16 << 10;
