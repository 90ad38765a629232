//! Why a broker gave no secret, and what its answers mean (docs/kbs-protocol.md sections 3 and 18).

use core::fmt;
use std::io;
use std::path::PathBuf;

use kbs_protocol::binding::BindingError;
use kbs_protocol::jwe::OpenError;
use kbs_protocol::{ErrorInformation, ErrorKind, JsonError, Refusal, SelectionError};

use super::http::{Answer, HttpError};
use super::url::UrlError;
use crate::attester::AttestError;
use crate::init_data::InitDataRefusal;

/// Why a broker gave no secret.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The broker's URL is not acceptable.
    #[error("the broker's URL is not acceptable")]
    Url(#[from] UrlError),
    /// The certificates that may vouch for the broker cannot be read.
    #[error("no certificates can be read from {}", path.display())]
    CaCertificate {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The system has no certificates that could vouch for the broker.
    #[error("this system has no bundle of CA certificates; name the broker's with --ca-cert")]
    NoSystemCertificates,
    /// The init-data is not what this guest was launched with; nothing was sent.
    #[error("the init-data is refused")]
    InitData(#[from] InitDataRefusal),
    /// No answer.
    #[error("{step}: the broker cannot be reached")]
    Network {
        /// What was asked.
        step: Step,
        /// Why.
        #[source]
        source: HttpError,
    },
    /// 401, 403, or another status that the same request gets again (400, 405, 413, 415; before the resource 404).
    #[error("{0}")]
    Refused(Answered),
    /// 404 to a resource.
    #[error("{0}")]
    NotFound(Answered),
    /// Any other status but 200: later, the broker may answer otherwise.
    #[error("{0}")]
    Failed(Answered),
    /// An answer of status 200 that is not what the protocol says.
    #[error("{step}: the answer is not of the protocol")]
    Form {
        /// What was asked.
        step: Step,
        /// What is wrong with it.
        #[source]
        source: JsonError,
    },
    /// The session cookie is missing or no cookie value.
    #[error("auth: the broker set no usable session cookie")]
    Cookie,
    /// The token is not three parts of base64url.
    #[error("attest: the token is not a compact JWT")]
    Token,
    /// The broker selected a hash algorithm that is not there.
    #[error("auth: the broker asks for a hash algorithm that this agent does not compute")]
    Hash(#[from] SelectionError),
    /// The report data could not be computed.
    #[error("the report data could not be computed")]
    Binding(#[from] BindingError),
    /// The evidence is larger than a broker takes.
    #[error("the attestation has {actual} bytes, at most {limit} are sent")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
        /// The size in bytes.
        actual: usize,
    },
    /// A message could not be written.
    #[error("a message could not be written")]
    Write(#[source] serde_json::Error),
    /// There is no evidence.
    #[error("this machine gave no evidence")]
    Attest(#[from] AttestError),
    /// The sealed secret does not open.
    #[error("the sealed secret does not open")]
    Sealed(#[from] OpenError),
}

/// The three questions of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// `POST /auth`.
    Auth,
    /// `POST /attest`.
    Attest,
    /// `GET /resource/…`.
    Resource,
}

/// An answer that is not 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// What was asked.
    pub step: Step,
    /// The HTTP status.
    pub status: u16,
    /// Seconds after which the broker wants to be asked again, where it says so.
    pub retry_after: Option<u16>,
    /// The kind that the body's type names, where it is one of the protocol's.
    pub kind: Option<ErrorKind>,
    /// The body's type as sent; empty where it is no error body of the protocol.
    pub error_type: String,
    /// What the body says; empty where it is no error body of the protocol.
    pub refusal: Refusal,
}

impl Answered {
    /// Reads an answer that is not 200; a body in another form says nothing.
    fn read(step: Step, answer: &Answer) -> Self {
        let (status, retry_after) = (answer.status, answer.retry_after);
        match ErrorInformation::parse(&answer.body) {
            Ok(body) => Self {
                step,
                status,
                retry_after,
                kind: body.kind(),
                refusal: Refusal::parse(&body.detail),
                error_type: body.error_type,
            },
            Err(_) => Self {
                step,
                status,
                retry_after,
                kind: None,
                refusal: Refusal::default(),
                error_type: String::new(),
            },
        }
    }

    /// Whether a new handshake may help: the broker knows no token, or not this one (section 18, point 5).
    pub(super) fn wants_handshake(&self) -> bool {
        self.status == 401
            && matches!(self.kind, Some(ErrorKind::TokenNotFound | ErrorKind::TokenVerifierError))
    }

    /// What the reader can do about it.
    fn advice(&self) -> Option<&'static str> {
        if !self.refusal.checks.is_empty() {
            return None;
        }
        match (self.step, self.status, self.kind) {
            (Step::Resource, 401 | 403, Some(ErrorKind::PolicyDeny)) => Some(
                "the evidence was believed, and the broker's policy does not release this resource to it",
            ),
            (Step::Resource, 401, Some(ErrorKind::PluginInternalError)) => {
                Some("this broker answers so when there is no such resource, too")
            }
            (Step::Attest, 401 | 403, Some(ErrorKind::AttestationError)) => {
                Some("the evidence or the handshake was refused; the reason is in the broker's log")
            }
            (Step::Auth | Step::Attest, 404, _) => {
                Some("there is no key broker of this protocol under that URL")
            }
            _ if self.error_type.is_empty() => Some("the answer carries no error body of the protocol"),
            _ => None,
        }
    }
}

/// Sorts an answer: 200 goes on, anything else is an error.
pub(super) fn expect_ok(step: Step, answer: Answer) -> Result<Answer, BrokerError> {
    if answer.status == 200 {
        return Ok(answer);
    }
    let answered = Answered::read(step, &answer);
    Err(match (step, answered.status) {
        (Step::Resource, 404) => BrokerError::NotFound(answered),
        (_, status) if is_final(status) => BrokerError::Refused(answered),
        _ => BrokerError::Failed(answered),
    })
}

/// Whether the same request will get the same answer: whoever tries again and again never gets further.
const fn is_final(status: u16) -> bool {
    matches!(status, 400 | 401 | 403 | 404 | 405 | 413 | 415)
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auth => "auth",
            Self::Attest => "attest",
            Self::Resource => "resource",
        })
    }
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.status {
            404 => "found nothing",
            status if is_final(status) => "refused",
            _ => "failed",
        };
        write!(f, "{}: the broker {verb} (HTTP {}", self.step, self.status)?;
        match self.error_type.rsplit('/').next().unwrap_or_default() {
            "" => f.write_str(")")?,
            kind => write!(f, ", {})", Printable(kind))?,
        }
        if !self.refusal.summary.is_empty() {
            write!(f, "\n  it says: {}", Printable(&self.refusal.summary))?;
        }
        if !self.refusal.checks.is_empty() {
            f.write_str("\n  failed checks:")?;
        }
        for check in &self.refusal.checks {
            write!(f, "\n    {}", Printable(check))?;
        }
        if let Some(decision) = &self.refusal.decision {
            write!(f, "\n  decision {}: the operator finds every reason under this id", Printable(decision))?;
        }
        match self.advice() {
            Some(advice) => write!(f, "\n  {advice}"),
            None => Ok(()),
        }
    }
}

/// Text from the other side, cut and without control characters, so that it cannot write to a terminal's state.
struct Printable<'a>(&'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars().take(PRINTED_CHARACTERS) {
            match character {
                '\n' | '\t' => f.write_str(" ")?,
                plain if is_printable(plain) => write!(f, "{plain}")?,
                other => write!(f, "{}", other.escape_unicode())?,
            }
        }
        if self.0.chars().nth(PRINTED_CHARACTERS).is_some() { f.write_str(" …") } else { Ok(()) }
    }
}

/// Neither a control character nor one that changes the direction or the place of others.
fn is_printable(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// A few lines on a terminal.
const PRINTED_CHARACTERS: usize = 1000;

#[cfg(test)]
mod tests;
