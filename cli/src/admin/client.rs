//! The broker's admin routes.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use anyhow::bail;
use kbs_protocol::ResourcePath;
use serde::de::DeserializeOwned;
use ureq::Body;
use ureq::http::{Response, StatusCode};

use super::failure::Failure;
use crate::replay::CONTENT_BYTES_MAX;

/// A broker that takes secrets from its operator.
pub(crate) struct Client {
    agent: ureq::Agent,
    url: String,
}

/// What is done with a secret.
pub(crate) enum Operation<'a> {
    /// Stored, or replaced.
    Put(&'a [u8]),
    /// Deleted.
    Delete,
}

/// A request of the operator's own routes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call<'a> {
    /// Asks.
    Get,
    /// Sends JSON.
    Post(&'a [u8]),
    /// Deletes.
    Delete,
}

/// What the broker answered.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The status code.
    pub(crate) status: StatusCode,
    body: Vec<u8>,
}

impl Client {
    /// A broker at `url`: https, or http on this machine, where no proxy stands between.
    pub(crate) fn new(url: &str, ca_certificate: Option<&Path>) -> anyhow::Result<Self> {
        let config = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false);
        let agent = if url.starts_with("https://") {
            config.https_only(true).tls_config(guest_agent::tls_config(ca_certificate)?).build()
        } else if is_loopback(url) {
            config.proxy(None).build()
        } else {
            bail!(
                "{url}: secrets travel by https://, or by http:// to this machine (127.0.0.1, localhost, [::1])"
            );
        };
        Ok(Self { agent: agent.into(), url: url.trim_end_matches('/').to_owned() })
    }

    /// Does it, and returns when the broker has made it durable.
    pub(crate) fn act(
        &self,
        token: &str,
        path: &ResourcePath,
        operation: &Operation<'_>,
    ) -> Result<(), Failure> {
        let url = format!("{}/kbs/v0/resource/{path}", self.url);
        let bearer = format!("Bearer {token}");
        let answer = match operation {
            Operation::Put(secret) => {
                let request = self.agent.post(&url).header("authorization", &bearer);
                request.header("content-type", "application/octet-stream").send(*secret)
            }
            Operation::Delete => self.agent.delete(&url).header("authorization", &bearer).call(),
        };
        succeeded(self.answered(answer)?).map(drop)
    }

    /// Has the broker do what a path of its stands for; its answer, a short text.
    pub(crate) fn order(&self, token: &str, path: &str) -> Result<String, Failure> {
        let request = self.agent.post(format!("{}{path}", self.url));
        let answer = request.header("authorization", &format!("Bearer {token}")).send_empty();
        let mut answer = succeeded(self.answered(answer)?)?;
        let text = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
        Ok(printable(&text.map_err(Failure::answer)?))
    }

    /// What there is to read under a path of the broker's; a long answer may take its time.
    pub(crate) fn read(&self, token: &str, path: &str) -> Result<impl Read + use<>, Failure> {
        let url = format!("{}{path}", self.url);
        let request = self.agent.get(&url).header("authorization", &format!("Bearer {token}"));
        let request = request.config().timeout_global(None).timeout_recv_response(Some(TIMEOUT)).build();
        Ok(succeeded(self.answered(request.call())?)?.into_body().into_reader())
    }

    /// One request of the routes below `/v1`.
    pub(crate) fn call(&self, token: &str, call: Call<'_>, path: &str) -> Result<Reply, Failure> {
        let (url, bearer) = (format!("{}{path}", self.url), format!("Bearer {token}"));
        let answer = match call {
            Call::Get => self.agent.get(&url).header("authorization", &bearer).call(),
            Call::Delete => self.agent.delete(&url).header("authorization", &bearer).call(),
            Call::Post(body) => {
                let request = self.agent.post(&url).header("authorization", &bearer);
                request.header("content-type", "application/json").send(body)
            }
        };
        let mut answer = self.answered(answer)?;
        let body = answer.body_mut().with_config().limit(CONTENT_BYTES_MAX).read_to_vec();
        Ok(Reply { status: answer.status(), body: body.map_err(Failure::answer)? })
    }

    fn answered(&self, answer: Result<Response<Body>, ureq::Error>) -> Result<Response<Body>, Failure> {
        answer.map_err(|error| Failure::without_answer(error, &self.url))
    }
}

impl Reply {
    /// The body of a positive answer.
    pub(crate) fn ok(self) -> Result<Vec<u8>, Failure> {
        if self.status.is_success() { Ok(self.body) } else { Err(Failure::refused(self.status, &self.body)) }
    }

    /// The body of a positive answer, read as JSON.
    pub(crate) fn json<T: DeserializeOwned>(self) -> Result<T, Failure> {
        serde_json::from_slice(&self.ok()?).map_err(Failure::answer)
    }

    /// The body as text that cannot steer the terminal.
    pub(crate) fn text(&self) -> String {
        printable(&String::from_utf8_lossy(&self.body))
    }
}

/// The answer, if it is one of success; what the broker says, if not.
fn succeeded(mut answer: Response<Body>) -> Result<Response<Body>, Failure> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().unwrap_or_default();
    Err(Failure::refused(answer.status(), &body))
}

fn is_loopback(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _port)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A broker's words must not steer the terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

const TIMEOUT: Duration = Duration::from_secs(20);
const ANSWER_BYTES_MAX: u64 = 1 << 16;
