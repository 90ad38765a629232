//! The broker's admin routes.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use kbs_protocol::{ErrorInformation, ResourcePath};

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
    pub(crate) status: u16,
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
    ) -> anyhow::Result<()> {
        let url = format!("{}/kbs/v0/resource/{path}", self.url);
        let bearer = format!("Bearer {token}");
        let answer = match operation {
            Operation::Put(secret) => {
                let request = self.agent.post(&url).header("authorization", &bearer);
                request.header("content-type", "application/octet-stream").send(*secret)
            }
            Operation::Delete => self.agent.delete(&url).header("authorization", &bearer).call(),
        };
        succeeded(answer.context("the broker cannot be reached")?).map(drop)
    }

    /// Has the broker do what a path of its stands for; its answer, a short text.
    pub(crate) fn order(&self, token: &str, path: &str) -> anyhow::Result<String> {
        let request = self.agent.post(format!("{}{path}", self.url));
        let answer = request.header("authorization", &format!("Bearer {token}")).send_empty();
        let mut answer = succeeded(answer.context("the broker cannot be reached")?)?;
        let text = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
        Ok(printable(&text.context("the broker's answer")?))
    }

    /// What there is to read under a path of the broker's; a long answer may take its time.
    pub(crate) fn read(&self, token: &str, path: &str) -> anyhow::Result<impl Read> {
        let url = format!("{}{path}", self.url);
        let request = self.agent.get(&url).header("authorization", &format!("Bearer {token}"));
        let request = request.config().timeout_global(None).timeout_recv_response(Some(TIMEOUT)).build();
        let answer = request.call().context("the broker cannot be reached")?;
        Ok(succeeded(answer)?.into_body().into_reader())
    }
}

/// The answer, if it is one of success; what the broker says, if not.
fn succeeded(
    mut answer: ureq::http::Response<ureq::Body>,
) -> anyhow::Result<ureq::http::Response<ureq::Body>> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().unwrap_or_default();
    match ErrorInformation::parse(&body) {
        Ok(error) => bail!("the broker refused: {status}: {}", printable(&error.detail)),
        Err(_) => bail!("the broker refused: {status}"),
    }
}

impl Client {
    /// One request of the routes below `/v1`.
    pub(crate) fn call(&self, token: &str, call: Call<'_>, path: &str) -> anyhow::Result<Reply> {
        let (url, bearer) = (format!("{}{path}", self.url), format!("Bearer {token}"));
        let answer = match call {
            Call::Get => self.agent.get(&url).header("authorization", &bearer).call(),
            Call::Delete => self.agent.delete(&url).header("authorization", &bearer).call(),
            Call::Post(body) => {
                let request = self.agent.post(&url).header("authorization", &bearer);
                request.header("content-type", "application/json").send(body)
            }
        };
        let mut answer = answer.context("the broker cannot be reached")?;
        let body = answer.body_mut().with_config().limit(CONTENT_BYTES_MAX).read_to_vec();
        Ok(Reply { status: answer.status().as_u16(), body: body.context("the broker's answer")? })
    }
}

impl Reply {
    /// The body of a positive answer.
    pub(crate) fn ok(self) -> anyhow::Result<Vec<u8>> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        let problem: Option<serde_json::Value> = serde_json::from_slice(&self.body).ok();
        let detail = problem.as_ref().and_then(|problem| problem.get("detail")?.as_str());
        match detail {
            Some(detail) => bail!("the broker refused: {}: {}", self.status, printable(detail)),
            None => bail!("the broker refused: {}", self.status),
        }
    }

    /// The body as text that cannot steer the terminal.
    pub(crate) fn text(&self) -> String {
        printable(&String::from_utf8_lossy(&self.body))
    }
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
