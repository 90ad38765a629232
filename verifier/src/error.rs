//! Why evidence is not believed.

use crate::dcap::DcapError;
use crate::event_log::{EventLogError, ReplayError};
use crate::evidence::Tee;
use crate::snp::SnpError;

/// The bytes cannot be believed, or cannot be judged for want of an endorsement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// No endorsement of a needed kind was given.
    #[error("needed and not given: {0}")]
    Missing(Missing),
    /// Endorsements of the needed kind were given, and none belongs to this evidence.
    #[error("none of the given endorsements fits: wanted {wanted}; given: {}", given.join(", "))]
    Unfitting {
        /// What was wanted.
        wanted: Missing,
        /// What came instead, in words, at most a few.
        given: Vec<String>,
    },
    /// A rule of AMD SEV-SNP failed.
    #[error(transparent)]
    Snp(SnpError),
    /// A rule of Intel DCAP failed.
    #[error(transparent)]
    Dcap(DcapError),
    /// The evidence is genuine and bound to something else than the caller expects.
    #[error(transparent)]
    Binding(BindingError),
    /// The evidence is genuine and came with the event log of something else.
    #[error(transparent)]
    EventLog(ReplayError),
}

impl VerifyError {
    /// The rule that failed, in kebab-case.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Missing(missing) => missing.missing_kind(),
            Self::Unfitting { wanted, .. } => wanted.unfitting_kind(),
            Self::Snp(error) => error.kind(),
            Self::Dcap(error) => error.kind(),
            Self::Binding(error) => error.kind(),
            Self::EventLog(error) => error.kind(),
        }
    }
}

/// An endorsement that this evidence needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// The certificate of the key that signed an SNP report.
    #[error("the {kind} certificate of chip {chip_id} at TCB {tcb}")]
    Vek {
        /// `VCEK` or `VLEK`.
        kind: &'static str,
        /// CHIP_ID in hexadecimal, or `masked`.
        chip_id: String,
        /// REPORTED_TCB in hexadecimal, as the report has it.
        tcb: String,
    },
    /// The intermediate certificate of an SNP chain.
    #[error("the intermediate certificate {issuer} (ASK or ASVK)")]
    Ask {
        /// The common name wanted.
        issuer: String,
    },
    /// Intel's TCB info.
    #[error("TCB info for {tee} and FMSPC {fmspc}")]
    TcbInfo {
        /// `tdx` or `sgx`.
        tee: &'static str,
        /// FMSPC in hexadecimal.
        fmspc: String,
    },
    /// Intel's identity of the quoting enclave.
    #[error("the quoting enclave's identity for {tee}")]
    QeIdentity {
        /// `tdx` or `sgx`.
        tee: &'static str,
    },
    /// The certificate that signs TCB info and QE identity.
    #[error("the TCB signing certificate")]
    TcbSigner,
}

impl Missing {
    /// The kind of the error that nothing of the kind was given.
    pub const fn missing_kind(&self) -> &'static str {
        match self {
            Self::Vek { .. } => "missing-vek",
            Self::Ask { .. } => "missing-ask",
            Self::TcbInfo { .. } => "missing-tcb-info",
            Self::QeIdentity { .. } => "missing-qe-identity",
            Self::TcbSigner => "missing-tcb-signer",
        }
    }

    /// The kind of the error that what was given of the kind does not fit.
    pub const fn unfitting_kind(&self) -> &'static str {
        match self {
            Self::Vek { .. } => "unfitting-vek",
            Self::Ask { .. } => "unfitting-ask",
            Self::TcbInfo { .. } => "unfitting-tcb-info",
            Self::QeIdentity { .. } => "unfitting-qe-identity",
            Self::TcbSigner => "unfitting-tcb-signer",
        }
    }
}

/// The evidence is bound to something else.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// The report data differs: a replay, a relay, or another key.
    #[error("report data: expected {}, found {}", hex::encode(expected), hex::encode(actual))]
    ReportData {
        /// What the caller expects, 64 bytes.
        expected: Vec<u8>,
        /// What the evidence carries, 64 bytes.
        actual: Vec<u8>,
    },
    /// The host data (SNP HOST_DATA, TDX MRCONFIGID, SGX CONFIGID) differs.
    #[error("host data: expected {}, found {}", hex::encode(expected), hex::encode(actual))]
    HostData {
        /// What the caller expects.
        expected: Vec<u8>,
        /// What the evidence carries.
        actual: Vec<u8>,
    },
}

impl BindingError {
    /// The rule that failed, in kebab-case.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ReportData { .. } => "binding-report-data",
            Self::HostData { .. } => "binding-host-data",
        }
    }
}

/// The bytes do not have the form of evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Larger than any evidence.
    #[error("{size} bytes of evidence, at most {limit} are read")]
    TooLarge {
        /// Bytes given.
        size: usize,
        /// Bytes that are read at most.
        limit: usize,
    },
    /// No known form of evidence.
    #[error("not recognised as evidence: neither an SNP report, a DCAP quote, CoCo evidence JSON nor a CMW")]
    Unrecognised,
    /// The form needs to be named.
    #[error("this JSON may be the evidence of several TEEs: name one with --tee")]
    Ambiguous,
    /// Asked for one TEE, found another.
    #[error("asked to read {asked} evidence, found {found}")]
    OtherTee {
        /// What the caller named.
        asked: Tee,
        /// What the bytes are.
        found: Tee,
    },
    /// This build does not verify that TEE.
    #[error("evidence of {0} is not verified by this version")]
    Unsupported(Tee),
    /// The CoCo evidence JSON is malformed.
    #[error("CoCo evidence JSON of {tee}: {reason}")]
    Coco {
        /// The TEE that the JSON is read for.
        tee: Tee,
        /// What is wrong, without the input's own words.
        reason: String,
    },
    /// The conceptual message wrapper is malformed, or holds no evidence that is verified here.
    #[error("conceptual message wrapper: {0}")]
    Cmw(#[from] crate::cmw::CmwError),
    /// The SNP report is malformed.
    #[error(transparent)]
    Report(#[from] crate::snp::ReportError),
    /// The DCAP quote is malformed.
    #[error(transparent)]
    Quote(#[from] crate::dcap::QuoteError),
    /// A certificate that came with the evidence is malformed.
    #[error("a certificate that came with the evidence: {0}")]
    Carried(crate::x509::X509Error),
    /// The event log is malformed.
    #[error("the event log: {0}")]
    EventLog(#[from] EventLogError),
    /// An event log came with evidence that has no registers to replay it into.
    #[error("an event log came with {tee} evidence; only tdx evidence has registers to replay it into")]
    EventLogOfOther {
        /// Whose evidence it is.
        tee: Tee,
    },
    /// Two event logs for one piece of evidence.
    #[error("an event log was given, and the evidence brought its own")]
    EventLogTwice,
}

impl ParseError {
    /// The rule that failed, in kebab-case.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "evidence-too-large",
            Self::Unrecognised => "evidence-unrecognised",
            Self::Ambiguous => "evidence-ambiguous",
            Self::OtherTee { .. } => "evidence-other-tee",
            Self::Unsupported(_) => "evidence-unsupported",
            Self::Coco { .. } => "evidence-json",
            Self::Cmw(_) => "evidence-cmw",
            Self::Report(_) => "report-malformed",
            Self::Quote(_) => "quote-malformed",
            Self::Carried(_) => "carried-certificate",
            Self::EventLog(_) => "event-log-malformed",
            Self::EventLogOfOther { .. } => "event-log-unsupported",
            Self::EventLogTwice => "event-log-twice",
        }
    }
}
