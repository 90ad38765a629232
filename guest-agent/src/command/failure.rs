//! Why a run failed, and with which exit code.

use core::fmt;
use std::error::Error;
use std::io;
use std::path::PathBuf;

use kbs_protocol::Tee;
use kbs_protocol::evidence::EvidenceError;

use super::exit::Exit;
use super::launch::LaunchError;
use crate::attester::AttestError;
use crate::broker::BrokerError;
use crate::output::OutputError;

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The broker gave no secret.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The attesters could not be found out, or the chosen one gave nothing.
    #[error("this machine gave no evidence")]
    Attest(#[from] AttestError),
    /// There is no attester, or not the one that was asked for.
    #[error("{0}")]
    NoAttester(NoAttester),
    /// The evidence has no form of bytes.
    #[error("{0} evidence has no raw form; take --format json")]
    NoRawForm(Tee),
    /// The evidence does not have the form of its TEE.
    #[error("the evidence is malformed")]
    Evidence(#[from] EvidenceError),
    /// A local file cannot be read.
    #[error("cannot read {}", path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The result cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The command's secrets cannot be handed to it.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The fetched key is no weights key.
    #[error("the secret is no weights key")]
    Key(#[from] weights::WrongKeyLength),
    /// The file is no encrypted artefact.
    #[error("the encrypted file cannot be read")]
    Header(#[from] weights::HeaderError),
    /// The artefact does not open.
    #[error("the file does not open")]
    Artefact(#[from] weights::OpenError),
}

/// Which attester was wanted and which there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoAttester {
    pub(super) wanted: Option<Tee>,
    pub(super) present: Vec<Tee>,
}

impl Failure {
    /// The exit code; every variant has one.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Broker(error) => broker_exit(error),
            Self::Attest(_) | Self::NoAttester(_) | Self::Evidence(_) => Exit::NoEvidence,
            Self::NoRawForm(_) | Self::Input { .. } | Self::Output(_) | Self::Launch(_) => Exit::Usage,
            Self::Key(_) | Self::Header(_) | Self::Artefact(_) => Exit::Artefact,
        }
    }

    /// The failure and its causes in one text, for people.
    pub(super) fn report(&self) -> String {
        format!("error: {}", chain(self))
    }
}

/// An error and its causes in one text.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // An outer error that only passes an inner one on says the same words.
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

fn broker_exit(error: &BrokerError) -> Exit {
    match error {
        BrokerError::Refused(_) => Exit::Refused,
        BrokerError::NotFound(_) => Exit::NotFound,
        BrokerError::Url(_)
        | BrokerError::CaCertificate { .. }
        | BrokerError::NoSystemCertificates
        | BrokerError::InitData(_) => Exit::Usage,
        BrokerError::Attest(_) | BrokerError::TooLarge { .. } => Exit::NoEvidence,
        BrokerError::Network { .. }
        | BrokerError::Failed(_)
        | BrokerError::Form { .. }
        | BrokerError::Cookie
        | BrokerError::Token
        | BrokerError::Hash(_)
        | BrokerError::Binding(_)
        | BrokerError::Write(_)
        | BrokerError::Sealed(_) => Exit::Broker,
    }
}

impl fmt::Display for NoAttester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.wanted, self.present.as_slice()) {
            (None, _) => f.write_str(
                "this machine has no hardware that can attest: neither configfs-tsm (/sys/kernel/config/tsm/report) \
                 nor /dev/sev-guest is there",
            ),
            (Some(wanted), []) => write!(f, "no attester for {wanted}: this machine has none at all"),
            (Some(wanted), present) => {
                write!(f, "no attester for {wanted}: this machine has ")?;
                let names: Vec<_> = present.iter().map(|tee| tee.as_str()).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}
