//! Who else must refuse what we refuse: by the rule that is broken, and not by what this verifier makes of it.

use verifier::dcap::{DcapError, QuoteError};
use verifier::error::{Missing, ParseError, VerifyError};
use verifier::reader::ReadError;
use verifier::snp::{ReportError, SnpError};
use verifier::x509::X509Error;

use crate::refused::Refused;

/// Broken cryptography, or no chain: everybody must.
const SIGNATURE: &str = "signature";
/// The vendor's procedure or RFC 5280 demands it: who follows them must.
const PROCEDURE: &str = "procedure";
/// Whoever asks for what the evidence is bound to must.
const BINDING: &str = "binding";
/// We draw a rule more strictly: nobody else needs to.
const STRICTNESS: &str = "strictness";

/// The scope of a refusal, where endorsements of these roles were given.
pub(super) fn scope(refused: &Refused, roles: &[&str]) -> &'static str {
    match refused {
        Refused::Parse(error) => parse(error),
        Refused::Verify(error) => match error {
            // Something was given as one, and we do not take it for one.
            VerifyError::Missing(Missing::Vek { .. }) if roles.contains(&"vek") => STRICTNESS,
            VerifyError::Missing(_) => SIGNATURE,
            VerifyError::Unfitting { wanted, given } => unfitting(wanted, given),
            VerifyError::Snp(error) => snp(error),
            VerifyError::Dcap(error) => dcap(error),
            VerifyError::Binding(_) | VerifyError::EventLog(_) => BINDING,
        },
    }
}

/// Bytes that end too early hold no signature; what else is not of its form may be signed all the same.
fn parse(error: &ParseError) -> &'static str {
    match error {
        ParseError::Report(ReportError::Size { expected, actual }) if actual < expected => SIGNATURE,
        ParseError::Quote(QuoteError::Read(ReadError::Truncated { .. })) => SIGNATURE,
        _ => STRICTNESS,
    }
}

/// An endorsement for something else, by the words in which it is told.
fn unfitting(wanted: &Missing, given: &[String]) -> &'static str {
    if matches!(wanted, Missing::Ask { .. } | Missing::TcbSigner) {
        return SIGNATURE;
    }
    let strict = ["malformed", "extension", "reserved bytes", "processor is"];
    let is_strict = |words: &String| strict.iter().any(|word| words.contains(word));
    if given.iter().any(is_strict) { STRICTNESS } else { PROCEDURE }
}

fn snp(error: &SnpError) -> &'static str {
    match error {
        SnpError::UnknownRoot { .. } | SnpError::Signature(_) => SIGNATURE,
        SnpError::Chain { error, .. } => x509(error),
        SnpError::SignatureAlgorithm { .. }
        | SnpError::SigningKey { .. }
        | SnpError::KeyKind { .. }
        | SnpError::Tcb { .. }
        | SnpError::ChipId { .. } => PROCEDURE,
        SnpError::Processor { .. }
        | SnpError::Product { .. }
        | SnpError::Extension { .. }
        | SnpError::TcbReserved { .. } => STRICTNESS,
    }
}

fn dcap(error: &DcapError) -> &'static str {
    match error {
        DcapError::PckLeaves { actual: 0 }
        | DcapError::PckCaAbsent
        | DcapError::NotAnchored
        | DcapError::QeReportSignature(_)
        | DcapError::QeReportData { .. }
        | DcapError::QuoteSignature(_)
        | DcapError::CollateralSignature { .. } => SIGNATURE,
        DcapError::Certificate { source, .. } => x509(source),
        DcapError::QeIdentity { .. } | DcapError::TdxModuleUnknown { .. } | DcapError::TdxModule { .. } => {
            PROCEDURE
        }
        DcapError::PckChain(_)
        | DcapError::PckChainBlock
        | DcapError::PckLeaves { .. }
        | DcapError::CommonName { .. }
        | DcapError::PckExtension(_)
        | DcapError::CollateralValidity { .. } => STRICTNESS,
    }
}

/// RFC 5280, section 6.1.
fn x509(error: &X509Error) -> &'static str {
    match error {
        X509Error::Signature { .. }
        | X509Error::Issuer { .. }
        | X509Error::NotACa { .. }
        | X509Error::PathLength { .. } => SIGNATURE,
        X509Error::NotYetValid { .. }
        | X509Error::Expired { .. }
        | X509Error::Revoked { .. }
        | X509Error::AlgorithmMismatch { .. }
        | X509Error::UnknownCritical { .. }
        | X509Error::KeyUsage { wanted: "keyCertSign", .. } => PROCEDURE,
        _ => STRICTNESS,
    }
}
