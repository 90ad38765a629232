//! What the agent's exit codes say.

use std::process::ExitCode;

/// How a run ended; the numbers are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: the broker refused, and will refuse the same again: the evidence, the session, the policy or the request.
    Refused,
    /// 2: wrong arguments, or a local file that cannot be read or written.
    Usage,
    /// 3: the broker has no such resource.
    NotFound,
    /// 4: no hardware that can attest, or it gave no evidence.
    NoEvidence,
    /// 5: the broker cannot be reached, failed, asks for another try, or does not speak the protocol.
    Broker,
    /// 6: the encrypted artefact does not open: another key, or changed.
    Artefact,
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::NoEvidence => 4,
            Self::Broker => 5,
            Self::Artefact => 6,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
