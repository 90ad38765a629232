//! From received bytes to evidence of one TEE.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::cmw::{Cmw, unwrap_evidence};
use crate::coco;
use crate::dcap::Quote;
use crate::error::ParseError;
use crate::event_log::EventLog;
use crate::snp;
use crate::snp::Report;
use crate::x509::Certificate;

/// The kinds of evidence, by the names of `--tee`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tee {
    /// AMD SEV-SNP.
    Snp,
    /// Intel TDX.
    Tdx,
    /// Intel SGX.
    Sgx,
    /// SEV-SNP behind Azure's vTPM.
    AzSnpVtpm,
    /// TDX behind Azure's vTPM.
    AzTdxVtpm,
    /// A TPM of its own.
    Tpm,
    /// An NVIDIA GPU or switch.
    Nvidia,
    /// AWS Nitro Enclaves.
    Nitro,
    /// Arm CCA.
    Cca,
    /// CoCo's pretended TEE, which proves nothing.
    Sample,
    /// CoCo's pretended device, which proves nothing.
    SampleDevice,
}

/// The name is none of the known kinds of evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown TEE; known are snp, tdx, sgx, az-snp-vtpm, az-tdx-vtpm, tpm, nvidia, nitro, cca")]
pub struct UnknownTee;

impl Tee {
    /// The name in commands, JSON and policies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Snp => "snp",
            Self::Tdx => "tdx",
            Self::Sgx => "sgx",
            Self::AzSnpVtpm => "az-snp-vtpm",
            Self::AzTdxVtpm => "az-tdx-vtpm",
            Self::Tpm => "tpm",
            Self::Nvidia => "nvidia",
            Self::Nitro => "nitro",
            Self::Cca => "cca",
            Self::Sample => "sample",
            Self::SampleDevice => "sampledevice",
        }
    }
}

impl fmt::Display for Tee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Tee {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl FromStr for Tee {
    type Err = UnknownTee;

    fn from_str(name: &str) -> Result<Self, UnknownTee> {
        const ALL: [Tee; 11] = [
            Tee::Snp,
            Tee::Tdx,
            Tee::Sgx,
            Tee::AzSnpVtpm,
            Tee::AzTdxVtpm,
            Tee::Tpm,
            Tee::Nvidia,
            Tee::Nitro,
            Tee::Cca,
            Tee::Sample,
            Tee::SampleDevice,
        ];
        ALL.into_iter().find(|tee| tee.as_str() == name).ok_or(UnknownTee)
    }
}

/// Evidence as bytes of the hardware's own form, whatever form it arrived in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceInput {
    /// Whose evidence it is.
    pub tee: Tee,
    /// SNP: the 1184-byte report. TDX, SGX: the quote and what follows it. Sample: its report data.
    pub bytes: Vec<u8>,
    /// Certificates that came with it, DER: endorsements from an untrusted courier.
    pub carried: Vec<Vec<u8>>,
    /// The guest's event log (a CCEL, or a list), if it came along.
    pub event_log: Option<Vec<u8>>,
    /// What sample evidence says its security version is; nobody vouches for it.
    pub sample_svn: Option<String>,
}

impl EvidenceInput {
    /// Reads the hardware's own bytes (an SNP report alone or followed by its certificate table, or a DCAP quote),
    /// the CoCo evidence JSON of a TEE, or a conceptual message wrapper (CMW) around one of them.
    ///
    /// Without `tee` the form of the bytes chooses the parser, and nothing else: no anchor, rule or policy
    /// depends on the choice.
    pub fn decode(input: &[u8], tee: Option<Tee>) -> Result<Self, ParseError> {
        if input.len() > MAX_EVIDENCE {
            return Err(ParseError::TooLarge { size: input.len(), limit: MAX_EVIDENCE });
        }
        match input.trim_ascii_start().first() {
            // No JSON is both: CoCo's has members that are strings or numbers, a collection has none.
            Some(b'{') => {
                return coco::decode(input, tee).or_else(|error| match Cmw::parse(input) {
                    Ok(cmw) => decode_wrapped(&cmw, tee),
                    Err(_) => Err(error),
                });
            }
            Some(b'[') => return decode_wrapped(&Cmw::parse(input)?, tee),
            _ => {}
        }
        match tee {
            Some(tee) => Self::decode_bytes(input, tee),
            None => match input.first_chunk::<4>() {
                Some([_, _, 0, 0]) => decode_snp(input),
                Some([3..=5, 0, _, _]) => decode_quote(input),
                _ => Err(ParseError::Unrecognised),
            },
        }
    }

    /// The hardware's own bytes, of a TEE that somebody named.
    fn decode_bytes(input: &[u8], tee: Tee) -> Result<Self, ParseError> {
        match tee {
            Tee::Snp => match decode_quote(input) {
                Ok(quote) => Err(ParseError::OtherTee { asked: Tee::Snp, found: quote.tee }),
                Err(_) => decode_snp(input),
            },
            asked @ (Tee::Tdx | Tee::Sgx) => {
                let decoded = decode_quote(input)?;
                if decoded.tee != asked {
                    return Err(ParseError::OtherTee { asked, found: decoded.tee });
                }
                Ok(decoded)
            }
            other => Err(ParseError::Unsupported(other)),
        }
    }

    /// The same with an event log that was kept apart from it.
    pub fn with_event_log(self, log: Vec<u8>) -> Result<Self, ParseError> {
        if self.tee != Tee::Tdx {
            return Err(ParseError::EventLogOfOther { tee: self.tee });
        }
        if self.event_log.is_some() {
            return Err(ParseError::EventLogTwice);
        }
        Ok(Self { event_log: Some(log), ..self })
    }
}

/// Evidence, parsed; borrows the bytes and keeps the signed span.
#[derive(Clone, Debug)]
pub enum Evidence<'a> {
    /// An SNP report and the certificates that came with it.
    Snp {
        /// The report.
        report: Report<'a>,
        /// What the guest's extended request carried; never anchors.
        carried: Vec<Arc<Certificate>>,
    },
    /// A TDX or SGX quote.
    Dcap {
        /// The quote.
        quote: Quote<'a>,
        /// The log of what a TDX guest's registers were extended with.
        event_log: Option<EventLog<'a>>,
    },
    /// CoCo's pretended evidence.
    Sample {
        /// A TEE or a device.
        tee: Tee,
        /// The report data it claims.
        report_data: &'a [u8],
        /// The security version it claims.
        svn: Option<&'a str>,
    },
}

impl<'a> Evidence<'a> {
    /// Parses the hardware's bytes.
    pub fn parse(input: &'a EvidenceInput) -> Result<Self, ParseError> {
        if input.event_log.is_some() && input.tee != Tee::Tdx {
            return Err(ParseError::EventLogOfOther { tee: input.tee });
        }
        match input.tee {
            Tee::Snp => {
                let report = Report::parse(&input.bytes)?;
                let carried = input.carried.iter().map(|der| Certificate::parse(der).map(Arc::new));
                let carried = carried.collect::<Result<_, _>>().map_err(ParseError::Carried)?;
                Ok(Self::Snp { report, carried })
            }
            Tee::Tdx | Tee::Sgx => {
                let quote = Quote::parse(&input.bytes)?;
                let event_log = input.event_log.as_deref().map(EventLog::parse).transpose()?;
                Ok(Self::Dcap { quote, event_log })
            }
            tee @ (Tee::Sample | Tee::SampleDevice) => {
                Ok(Self::Sample { tee, report_data: &input.bytes, svn: input.sample_svn.as_deref() })
            }
            other => Err(ParseError::Unsupported(other)),
        }
    }

    /// The report data that it carries, before anything is verified: what a caller compares who has no session of his own.
    pub fn report_data(&self) -> &[u8] {
        match self {
            Self::Snp { report, .. } => report.report_data,
            Self::Dcap { quote, .. } => quote.body.report_data(),
            Self::Sample { report_data, .. } => report_data,
        }
    }

    /// Whose evidence it is.
    pub fn tee(&self) -> Tee {
        match self {
            Self::Snp { .. } => Tee::Snp,
            Self::Dcap { quote, .. } => quote.tee(),
            Self::Sample { tee, .. } => *tee,
        }
    }
}

/// What the media type names is read as that, and as nothing else.
fn decode_wrapped(cmw: &Cmw, asked: Option<Tee>) -> Result<EvidenceInput, ParseError> {
    let unwrapped = unwrap_evidence(cmw)?;
    match asked {
        Some(asked) if asked != unwrapped.tee => {
            return Err(ParseError::OtherTee { asked, found: unwrapped.tee });
        }
        _ => {}
    }
    EvidenceInput::decode_bytes(&unwrapped.bytes, unwrapped.tee)
}

fn decode_snp(input: &[u8]) -> Result<EvidenceInput, ParseError> {
    let (report, table) = input.split_at_checked(snp::REPORT_SIZE).unwrap_or((input, &[]));
    let carried = if table.is_empty() {
        Vec::new()
    } else {
        snp::parse_certificate_table(table)?.into_iter().map(<[u8]>::to_vec).collect()
    };
    Ok(EvidenceInput { tee: Tee::Snp, bytes: report.to_vec(), carried, event_log: None, sample_svn: None })
}

fn decode_quote(input: &[u8]) -> Result<EvidenceInput, ParseError> {
    let tee = Quote::parse(input)?.tee();
    Ok(EvidenceInput { tee, bytes: input.to_vec(), carried: Vec::new(), event_log: None, sample_svn: None })
}

/// A quote is 5 KiB, a CoCo evidence JSON with a firmware event log some hundred; the broker's body limit is 2 MiB.
pub(crate) const MAX_EVIDENCE: usize = 0x20_0000;
