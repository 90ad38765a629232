//! HTTP/1.1 as it stands on the wire: a test sees and sets every byte of a head.
#![expect(clippy::expect_used, reason = "a helper of tests")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use kbs_protocol::ErrorInformation;

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Names in lower case and values, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A connection that takes one request after the other.
pub struct Connection(BufReader<TcpStream>);

/// One request on a connection of its own.
pub fn call(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> Answer {
    let head = head(to, method, path, headers, body);
    Connection::open(to).exchange(&[head.as_bytes(), body.unwrap_or_default()].concat())
}

/// The same where the broker may be gone, or go meanwhile: none where no whole answer came in time.
pub fn try_call(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> Option<Answer> {
    let mut stream = TcpStream::connect(to).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream
        .write_all(&[head(to, method, path, headers, body).as_bytes(), body.unwrap_or_default()].concat())
        .ok()?;
    let mut whole = Vec::new();
    stream.read_to_end(&mut whole).ok()?;
    let end = whole.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (text, body) = (std::str::from_utf8(whole.get(..end)?).ok()?, whole.get(end + 4..)?.to_vec());
    let mut lines = text.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let pairs = lines.filter_map(|line| line.split_once(':'));
    let headers = pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    let answer = Answer { status, headers, body };
    let length: usize = answer.header("content-length").map_or(Some(0), |length| length.parse().ok())?;
    (answer.body.len() == length).then_some(answer)
}

fn head(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(body) = body {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    head
}

impl Connection {
    /// Connects.
    pub fn open(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).expect("the broker takes connections");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        stream.set_write_timeout(Some(PATIENCE)).expect("a time limit");
        Self(BufReader::new(stream))
    }

    /// Sends these bytes and reads one answer.
    pub fn exchange(&mut self, request: &[u8]) -> Answer {
        // A server may answer before it has read everything, and close; what it said counts.
        let _ = self.0.get_mut().write_all(request);
        let status = self.line();
        let status = status.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).expect("a status line");
        let status = status.parse().expect("a status code");
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().expect("a length"));
        answer.body.resize(length, 0);
        self.0.read_exact(&mut answer.body).expect("a whole body");
        answer
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a line of a head");
        line.trim_end().to_owned()
    }
}

impl Answer {
    /// The value of the first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The value of the session cookie that is set.
    pub fn cookie(&self) -> Option<String> {
        let value = self.header("set-cookie")?.strip_prefix(kbs_protocol::SESSION_COOKIE)?;
        Some(value.strip_prefix('=')?.split(';').next()?.to_owned())
    }

    /// Status, last segment of the error's type, and detail of an answer that is not 200.
    ///
    /// # Panics
    /// The body is not an error body of the protocol, or is not said to be JSON.
    pub fn refusal(&self) -> (u16, String, String) {
        assert_ne!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), Some("application/json"), "status {}", self.status);
        let error = ErrorInformation::parse(&self.body).expect("an error body of the protocol");
        let kind = error.error_type.strip_prefix(KINDS).expect("a type of the protocol");
        (self.status, kind.to_owned(), error.detail)
    }
}

/// What every error type begins with (docs of the protocol, section 3).
const KINDS: &str = "https://github.com/confidential-containers/kbs/errors/";
/// Far more than any answer takes.
const PATIENCE: Duration = Duration::from_secs(60);
