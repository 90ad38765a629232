//! Errors to HTTP: the only place. Two tables of form, one of meaning: `/kbs/v0` speaks CoCo's error body and uses
//! 401 only where attesting again can help; `/v1` speaks RFC 9457.
//!
//! No match here has a wildcard arm: a new error does not compile until someone decides what it means to a caller.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use kbs_protocol::{ErrorInformation, ErrorKind, JsonError, ResourceError};
use serde::Serialize;

use crate::acts::ReasonError;
use crate::admin::AdminError;
use crate::attest::AttestError;
use crate::clock_guard::ClockWrong;
use crate::federation::FederationError;
use crate::gate::{Busy, TooMany};
use crate::holds::HoldError;
use crate::inputs::InputsError;
use crate::release::ReleaseError;
use crate::seal::NotSealedHere;
use crate::session::SessionError;
use crate::shown::ShownError;
use crate::signing_keys::RotateError;
use crate::store::StoreError;
use crate::token::TokenError;
use crate::uploaded::UploadError;

/// Whatever a request can end in but success.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("no such path")]
    Path,
    #[error("no such plugin; this broker has: resource")]
    Plugin,
    #[error("this path does not take this method")]
    Method,
    #[error("the body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the body did not arrive in time")]
    Slow,
    #[error("the body could not be read to its end")]
    Broken,
    #[error("{0}")]
    Busy(#[from] Busy),
    #[error("{0}")]
    TooMany(#[from] TooMany),
    #[error("{0}")]
    Clock(#[from] ClockWrong),
    #[error("{0}")]
    Json(#[from] JsonError),
    #[error("KBS Client Protocol Version Mismatch: expect =0.4.0 while the request is {actual}")]
    Version { actual: String },
    #[error("this broker takes no evidence of that TEE; it takes {taken}")]
    Tee { taken: String },
    #[error("{0}")]
    Resource(#[from] ResourceError),
    #[error("the query of the request cannot be read, gives one name twice, or has more than 1024 bytes")]
    Query,
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Attest(#[from] AttestError),
    #[error(transparent)]
    Release(#[from] ReleaseError),
    #[error(transparent)]
    Admin(#[from] AdminError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("there is no resource kbs:///{0}")]
    NoResource(kbs_protocol::ResourcePath),
    #[error(transparent)]
    Federation(#[from] FederationError),
    #[error(transparent)]
    Rotate(#[from] RotateError),
    #[error("the body is not {{\"audience\": …}}")]
    Wanted,
    #[error("nothing is recorded under this digest")]
    NoDecision,
    #[error(transparent)]
    Upload(#[from] UploadError),
    #[error("there is no reference value of that name")]
    NoReferenceValue,
    #[error("{0}")]
    Digest(decision_log::NotADigest),
    #[error("{0}")]
    Hold(#[from] HoldError),
    #[error("there are as many holds in force as there may be")]
    Holds,
    #[error("no hold of this name is in force")]
    NoHold,
    #[error(transparent)]
    Reason(#[from] ReasonError),
    #[error("there are as many revocations in force as there may be")]
    Revocations,
    #[error("no revocation of this name is in force")]
    NoRevocation,
    #[error("the record is not deleted: {reason}")]
    Kept { reason: String },
    #[error("the challenge cannot be sealed")]
    Seal(#[from] NotSealedHere),
    #[error("the broker is shutting down")]
    Stopped,
}

/// A problem answered with CoCo's error body.
#[derive(Debug)]
pub(crate) struct CocoProblem(pub(crate) Problem);

/// A problem answered as RFC 9457 has it.
#[derive(Debug)]
pub(crate) struct V1Problem(pub(crate) Problem);

/// What a problem means to a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Meaning {
    status: StatusCode,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Coco(ErrorKind),
    /// Not in CoCo's vocabulary: evidence may be good, the operator has to put an endorsement into its folder.
    EndorsementMissing,
}

impl Problem {
    /// Whether the caller showed no session and no token that holds. A token that a change ended did hold.
    pub(super) fn shows_nothing(&self) -> bool {
        match self {
            Self::Release(ReleaseError::Session(_)) => true,
            Self::Release(ReleaseError::Token(error)) => !matches!(error, TokenError::Epoch { .. }),
            Self::Federation(FederationError::Shown(error)) => {
                matches!(error, ShownError::Session(_))
                    || matches!(error, ShownError::Token(error) if !matches!(error, TokenError::Epoch { .. }))
            }
            _ => false,
        }
    }

    /// Whether a challenge was answered with what it cannot be answered with. An endorsement may be missing because the
    /// evidence is of no machine of this operator's: anybody can name one.
    pub(super) fn is_a_miss(&self) -> bool {
        match self {
            Self::Attest(AttestError::EndorsementMissing { .. }) => true,
            // Nothing was answered.
            Self::TooMany(_) => false,
            _ => self.meaning().status.is_client_error(),
        }
    }

    /// Seconds after which the same request may be answered otherwise.
    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooMany(TooMany { seconds, .. }) => Some(*seconds),
            _ => (self.meaning().status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_SECONDS),
        }
    }

    fn meaning(&self) -> Meaning {
        use ErrorKind as E;
        let (status, kind) = match self {
            Self::Path => (StatusCode::NOT_FOUND, E::InvalidRequestPath),
            Self::Plugin => (StatusCode::NOT_FOUND, E::PluginNotFound),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, E::InvalidRequestPath),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, E::SerdeError),
            Self::Slow => (StatusCode::REQUEST_TIMEOUT, E::SerdeError),
            Self::Broken | Self::Query | Self::Wanted => (StatusCode::BAD_REQUEST, E::SerdeError),
            Self::Busy(_) => (StatusCode::SERVICE_UNAVAILABLE, E::AttestationError),
            Self::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, E::AttestationError),
            Self::Clock(_) => (StatusCode::SERVICE_UNAVAILABLE, E::PluginInternalError),
            Self::Stopped => (StatusCode::SERVICE_UNAVAILABLE, E::PluginInternalError),
            Self::Federation(error) => federation(error),
            Self::Rotate(error) => rotate(error),
            Self::Json(error) => (json(*error), E::SerdeError),
            Self::Version { .. } | Self::Tee { .. } => (StatusCode::BAD_REQUEST, E::AttestationError),
            Self::Resource(_) => (StatusCode::BAD_REQUEST, E::InvalidRequestPath),
            Self::Session(error) => session(error),
            Self::Attest(error) => return attest(error),
            Self::Release(error) => release(error),
            Self::Admin(error) => admin(error),
            Self::Store(error) => store(error),
            Self::Upload(error) => upload(error),
            Self::NoReferenceValue => (StatusCode::NOT_FOUND, E::RvpsError),
            Self::NoDecision => (StatusCode::NOT_FOUND, E::InvalidRequestPath),
            Self::Digest(_) => (StatusCode::BAD_REQUEST, E::InvalidRequestPath),
            Self::Hold(_) | Self::Reason(_) => (StatusCode::BAD_REQUEST, E::SerdeError),
            Self::NoHold | Self::NoRevocation => (StatusCode::NOT_FOUND, E::InvalidRequestPath),
            Self::Holds | Self::Revocations | Self::Kept { .. } => {
                (StatusCode::CONFLICT, E::InvalidRequestPath)
            }
            Self::NoResource(_) => (StatusCode::NOT_FOUND, E::PluginInternalError),
            Self::Seal(NotSealedHere) => (StatusCode::SERVICE_UNAVAILABLE, E::AttestationError),
        };
        Meaning { status, kind: Kind::Coco(kind) }
    }
}

type Coco = (StatusCode, ErrorKind);

fn json(error: JsonError) -> StatusCode {
    match error {
        JsonError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        JsonError::Malformed { .. } | JsonError::DuplicateMember { .. } => StatusCode::BAD_REQUEST,
    }
}

fn session(error: &SessionError) -> Coco {
    match error {
        SessionError::NoCookie
        | SessionError::NotOurs
        | SessionError::Expired { .. }
        | SessionError::OtherNonce
        | SessionError::WornOut => (StatusCode::UNAUTHORIZED, ErrorKind::AttestationError),
    }
}

fn attest(error: &AttestError) -> Meaning {
    let (status, kind) = match error {
        AttestError::Json(error) => (json(*error), ErrorKind::SerdeError),
        AttestError::EvidenceTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, ErrorKind::SerdeError),
        AttestError::Session(error) => session(error),
        AttestError::AnotherBody
        | AttestError::Refused(_)
        | AttestError::Devices(_)
        | AttestError::Appraisal(_) => (StatusCode::UNAUTHORIZED, ErrorKind::AttestationError),
        AttestError::Key(_)
        | AttestError::KeyDepth { .. }
        | AttestError::Binding(_)
        | AttestError::InitData(_) => (StatusCode::BAD_REQUEST, ErrorKind::AttestationError),
        AttestError::EndorsementMissing { .. } => {
            return Meaning { status: StatusCode::SERVICE_UNAVAILABLE, kind: Kind::EndorsementMissing };
        }
        AttestError::Store(error) => store(error),
        AttestError::Inputs(error) => inputs(error),
        AttestError::Encode(_) | AttestError::Issue(_) | AttestError::Sign(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, ErrorKind::AttestationError)
        }
    };
    Meaning { status, kind: Kind::Coco(kind) }
}

fn release(error: &ReleaseError) -> Coco {
    match error {
        ReleaseError::Session(error) => no_session(error),
        ReleaseError::Token(error) => token(error),
        ReleaseError::Inputs(error) => inputs(error),
        ReleaseError::Denied { .. } => (StatusCode::FORBIDDEN, ErrorKind::PolicyDeny),
        ReleaseError::NotFound(_) => (StatusCode::NOT_FOUND, ErrorKind::PluginInternalError),
        ReleaseError::Store(error) => store(error),
        ReleaseError::Seal(_) | ReleaseError::Encode => {
            (StatusCode::SERVICE_UNAVAILABLE, ErrorKind::JweError)
        }
    }
}

fn upload(error: &UploadError) -> Coco {
    match error {
        UploadError::Json(error) => (json(*error), ErrorKind::SerdeError),
        UploadError::Base64 | UploadError::NotText | UploadError::Language | UploadError::PolicyId => {
            (StatusCode::BAD_REQUEST, ErrorKind::PolicyEngineError)
        }
        UploadError::Policy(_) => (StatusCode::BAD_REQUEST, ErrorKind::ParsePolicyError),
        UploadError::Kind { .. } | UploadError::Version | UploadError::Payload | UploadError::Name { .. } => {
            (StatusCode::BAD_REQUEST, ErrorKind::RvpsError)
        }
        UploadError::TooMuch { .. } => (StatusCode::PAYLOAD_TOO_LARGE, ErrorKind::RvpsError),
    }
}

/// A guest without a session that holds is told what starts a handshake.
fn no_session(error: &SessionError) -> Coco {
    match error {
        SessionError::NoCookie
        | SessionError::NotOurs
        | SessionError::Expired { .. }
        | SessionError::OtherNonce
        | SessionError::WornOut => (StatusCode::UNAUTHORIZED, ErrorKind::TokenNotFound),
    }
}

/// A guest whose token does not hold, or not any more, is told to attest again.
fn token(error: &TokenError) -> Coco {
    match error {
        TokenError::NotFound => (StatusCode::UNAUTHORIZED, ErrorKind::TokenNotFound),
        TokenError::Jwt(_)
        | TokenError::UnknownKey
        | TokenError::Issuer
        | TokenError::Audience
        | TokenError::Confirmation
        | TokenError::IssuedLater { .. }
        | TokenError::Epoch { .. }
        | TokenError::NoRecord
        | TokenError::Foreign { .. }
        | TokenError::TeeKey(_) => (StatusCode::UNAUTHORIZED, ErrorKind::TokenVerifierError),
    }
}

fn inputs(error: &InputsError) -> Coco {
    match error {
        InputsError::Store(error) => store(error),
        InputsError::NotInForce { .. } => (StatusCode::SERVICE_UNAVAILABLE, ErrorKind::PluginInternalError),
    }
}

fn federation(error: &FederationError) -> Coco {
    match error {
        FederationError::NotConfigured => (StatusCode::NOT_FOUND, ErrorKind::InvalidRequestPath),
        FederationError::Shown(ShownError::Session(error)) => no_session(error),
        FederationError::Shown(ShownError::Token(error)) => token(error),
        FederationError::Shown(ShownError::Store(error)) | FederationError::Store(error) => store(error),
        FederationError::Inputs(error) => inputs(error),
        FederationError::Audience
        | FederationError::NotAffirming
        | FederationError::Simulated
        | FederationError::NoWorkload
        | FederationError::Subject { .. } => (StatusCode::FORBIDDEN, ErrorKind::PolicyDeny),
        FederationError::Key(_) => (StatusCode::SERVICE_UNAVAILABLE, ErrorKind::PluginInternalError),
    }
}

fn rotate(error: &RotateError) -> Coco {
    match error {
        RotateError::Provided | RotateError::Underway { .. } => {
            (StatusCode::CONFLICT, ErrorKind::PluginInternalError)
        }
        RotateError::Store(error) => store(error),
    }
}

fn admin(error: &AdminError) -> Coco {
    match error {
        AdminError::NoToken | AdminError::NoKeys | AdminError::Refused(_) | AdminError::Mismatch { .. } => {
            (StatusCode::UNAUTHORIZED, ErrorKind::AdminAuthAccess)
        }
        AdminError::Forbidden { .. } => (StatusCode::FORBIDDEN, ErrorKind::AdminAuthAccess),
    }
}

fn store(error: &StoreError) -> Coco {
    match error {
        StoreError::Database { .. }
        | StoreError::Unavailable { .. }
        | StoreError::RootKey { .. }
        | StoreError::Tampered { .. }
        | StoreError::Contended { .. }
        | StoreError::Missing { .. }
        | StoreError::HalfImported
        | StoreError::Sealed { .. }
        | StoreError::Format { .. }
        | StoreError::Row { .. } => (StatusCode::SERVICE_UNAVAILABLE, ErrorKind::PluginInternalError),
    }
}

impl Meaning {
    /// The words for the caller. What happens inside the broker stays in its log.
    fn detail(self, problem: &Problem) -> String {
        if self.status != StatusCode::SERVICE_UNAVAILABLE || self.kind == Kind::EndorsementMissing {
            return problem.to_string();
        }
        if let Problem::Busy(_) | Problem::Clock(_) = problem {
            // Anybody can cause as many of these as he likes; the clock's guard says once what is wrong.
            return problem.to_string();
        }
        tracing::error!(error = %problem, status = self.status.as_u16(), "request failed inside the broker");
        match problem {
            Problem::Stopped => problem.to_string(),
            Problem::Store(error)
            | Problem::Attest(AttestError::Store(error))
            | Problem::Release(ReleaseError::Store(error))
                if matches!(error, StoreError::Database { .. } | StoreError::Unavailable { .. }) =>
            {
                NO_STORE.to_owned()
            }
            _ => "the broker cannot do this now".to_owned(),
        }
    }
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Coco(kind) => kind.as_str(),
            Self::EndorsementMissing => "endorsement-missing",
        }
    }
}

impl ResponseError for CocoProblem {
    fn status_code(&self) -> StatusCode {
        self.0.meaning().status
    }

    fn error_response(&self) -> HttpResponse {
        let meaning = self.0.meaning();
        let detail = meaning.detail(&self.0);
        let body = match meaning.kind {
            Kind::Coco(kind) => ErrorInformation::new(kind, detail),
            Kind::EndorsementMissing => {
                let mut body = ErrorInformation::new(ErrorKind::AttestationError, detail);
                body.error_type = body
                    .error_type
                    .replace(ErrorKind::AttestationError.as_str(), Kind::EndorsementMissing.as_str());
                body
            }
        };
        let mut response = HttpResponse::build(meaning.status).json(body);
        add_headers(&mut response, self.0.retry_after());
        response
    }
}

impl ResponseError for V1Problem {
    fn status_code(&self) -> StatusCode {
        self.0.meaning().status
    }

    fn error_response(&self) -> HttpResponse {
        let meaning = self.0.meaning();
        let body = ProblemDetails {
            kind: meaning.kind.as_str(),
            status: meaning.status.as_u16(),
            detail: meaning.detail(&self.0),
        };
        let mut response =
            HttpResponse::build(meaning.status).content_type("application/problem+json").json(body);
        add_headers(&mut response, self.0.retry_after());
        response
    }
}

fn add_headers(response: &mut HttpResponse, retry_after: Option<u64>) {
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

#[derive(Serialize)]
struct ProblemDetails {
    #[serde(rename = "type")]
    kind: &'static str,
    status: u16,
    detail: String,
}

impl<E: Into<Problem>> From<E> for CocoProblem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl<E: Into<Problem>> From<E> for V1Problem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for CocoProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for V1Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a guest is told of a disk that is full or fails, and of a store that cannot be reached.
const NO_STORE: &str =
    "the broker's store cannot be read or written now: nothing is attested and nothing released until it can";
/// After what is to pass, such as a full queue.
const RETRY_SECONDS: u64 = 5;

#[cfg(test)]
mod tests;
