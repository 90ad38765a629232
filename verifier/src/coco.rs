//! The evidence JSON of CoCo's attesters, back to the hardware's own bytes.
//!
//! An SNP report travels as fields (the `sev` crate's serde form): they are written back to the 1184 bytes,
//! reserved bytes zero, and take the one path from there. Whatever a field does not say truly, the signature over
//! those bytes refuses.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};

use crate::dcap::Quote;
use crate::error::ParseError;
use crate::evidence::{EvidenceInput, Tee};
use crate::x509::pem_blocks;

/// Reads the evidence JSON of `tee`, or of the TEE that its members show.
pub(crate) fn decode(json: &[u8], tee: Option<Tee>) -> Result<EvidenceInput, ParseError> {
    let tee = match tee {
        Some(tee) => tee,
        None => recognise(json)?,
    };
    match tee {
        Tee::Snp => decode_snp(json),
        Tee::Tdx | Tee::Sgx => decode_quote(json, tee),
        Tee::Sample | Tee::SampleDevice => decode_sample(json, tee),
        other => Err(ParseError::Unsupported(other)),
    }
}

fn recognise(json: &[u8]) -> Result<Tee, ParseError> {
    let members: Members = serde_json::from_slice(json).map_err(|_| ParseError::Unrecognised)?;
    match (members.attestation_report, members.quote) {
        (Some(_), None) => Ok(Tee::Snp),
        (None, Some(quote)) => Ok(Quote::parse(&quote.0)?.tee()),
        _ => Err(ParseError::Unrecognised),
    }
}

fn decode_quote(json: &[u8], asked: Tee) -> Result<EvidenceInput, ParseError> {
    let evidence: QuoteEvidence = serde_json::from_slice(json).map_err(|error| coco_error(asked, &error))?;
    let found = Quote::parse(&evidence.quote.0)?.tee();
    if found != asked {
        return Err(ParseError::OtherTee { asked, found });
    }
    Ok(EvidenceInput {
        tee: asked,
        bytes: evidence.quote.0,
        carried: Vec::new(),
        event_log: evidence.cc_eventlog.map(|log| log.0),
        sample_svn: None,
    })
}

fn decode_sample(json: &[u8], tee: Tee) -> Result<EvidenceInput, ParseError> {
    let evidence: SampleEvidence = serde_json::from_slice(json).map_err(|error| coco_error(tee, &error))?;
    let bytes = evidence.report_data.0;
    if bytes.len() > MAX_REPORT_DATA {
        let reason = format!("report_data has {} bytes, at most {MAX_REPORT_DATA}", bytes.len());
        return Err(ParseError::Coco { tee, reason });
    }
    if evidence.svn.as_ref().is_some_and(|svn| svn.len() > MAX_SVN) {
        return Err(ParseError::Coco { tee, reason: format!("svn is longer than {MAX_SVN} bytes") });
    }
    Ok(EvidenceInput { tee, bytes, carried: Vec::new(), event_log: None, sample_svn: evidence.svn })
}

fn decode_snp(json: &[u8]) -> Result<EvidenceInput, ParseError> {
    let evidence: SnpEvidence = serde_json::from_slice(json).map_err(|error| coco_error(Tee::Snp, &error))?;
    let mut carried = Vec::new();
    for entry in evidence.cert_chain.unwrap_or_default() {
        if carried.len() >= MAX_CARRIED {
            let reason = format!("more than {MAX_CARRIED} certificates in cert_chain");
            return Err(ParseError::Coco { tee: Tee::Snp, reason });
        }
        if entry.data.starts_with(PEM_BEGIN) {
            let blocks = pem_blocks(&entry.data, MAX_CARRIED).map_err(ParseError::Carried)?;
            carried.extend(blocks.into_iter().map(|(_label, der)| der));
        } else if is_certificate(&entry.cert_type) {
            carried.push(entry.data);
        }
    }
    Ok(EvidenceInput {
        tee: Tee::Snp,
        bytes: evidence.attestation_report.to_bytes(),
        carried,
        event_log: evidence.cc_eventlog.map(|log| log.0),
        sample_svn: None,
    })
}

/// The table may also hold CRLs and the host's own entries; those are not certificates and are left to the host.
fn is_certificate(kind: &CertType) -> bool {
    matches!(kind, CertType::Known(name) if matches!(name.as_str(), "ARK" | "ASK" | "VCEK" | "VLEK"))
}

fn coco_error(tee: Tee, error: &serde_json::Error) -> ParseError {
    // serde's own words may repeat the input; its category and position do not.
    let reason = format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column());
    ParseError::Coco { tee, reason }
}

#[derive(Deserialize)]
struct Members {
    attestation_report: Option<serde::de::IgnoredAny>,
    quote: Option<Base64>,
}

#[derive(Deserialize)]
struct QuoteEvidence {
    quote: Base64,
    cc_eventlog: Option<Base64>,
}

#[derive(Deserialize)]
struct SampleEvidence {
    report_data: Base64,
    svn: Option<String>,
}

#[derive(Deserialize)]
struct SnpEvidence {
    attestation_report: Report,
    cert_chain: Option<Vec<CertTableEntry>>,
    cc_eventlog: Option<Base64>,
}

#[derive(Deserialize)]
struct CertTableEntry {
    cert_type: CertType,
    data: Vec<u8>,
}

/// `"VCEK"`, or for entries that AMD does not name `{"OTHER": "<guid>"}`.
#[derive(Deserialize)]
#[serde(untagged)]
enum CertType {
    Known(String),
    Other {},
}

#[derive(Deserialize)]
struct Report {
    version: u32,
    guest_svn: u32,
    policy: u64,
    family_id: Bytes<16>,
    image_id: Bytes<16>,
    vmpl: u32,
    sig_algo: u32,
    current_tcb: Tcb,
    plat_info: u64,
    key_info: u32,
    report_data: Bytes<64>,
    measurement: Bytes<48>,
    host_data: Bytes<32>,
    id_key_digest: Bytes<48>,
    author_key_digest: Bytes<48>,
    report_id: Bytes<32>,
    report_id_ma: Bytes<32>,
    reported_tcb: Tcb,
    cpuid_fam_id: Option<u8>,
    cpuid_mod_id: Option<u8>,
    cpuid_step: Option<u8>,
    chip_id: Bytes<64>,
    committed_tcb: Tcb,
    current: Firmware,
    committed: Firmware,
    launch_tcb: Tcb,
    launch_mit_vector: Option<u64>,
    current_mit_vector: Option<u64>,
    signature: Signature,
}

#[derive(Deserialize)]
struct Tcb {
    fmc: Option<u8>,
    bootloader: u8,
    tee: u8,
    snp: u8,
    microcode: u8,
}

#[derive(Deserialize)]
struct Firmware {
    major: u8,
    minor: u8,
    build: u8,
}

#[derive(Deserialize)]
struct Signature {
    r: Bytes<72>,
    s: Bytes<72>,
}

impl Report {
    /// AMD 56860, ATTESTATION_REPORT: fields in order, reserved bytes zero.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(crate::snp::REPORT_SIZE);
        out.extend(self.version.to_le_bytes());
        out.extend(self.guest_svn.to_le_bytes());
        out.extend(self.policy.to_le_bytes());
        out.extend(self.family_id.0);
        out.extend(self.image_id.0);
        out.extend(self.vmpl.to_le_bytes());
        out.extend(self.sig_algo.to_le_bytes());
        out.extend(self.current_tcb.to_bytes());
        out.extend(self.plat_info.to_le_bytes());
        out.extend(self.key_info.to_le_bytes());
        out.extend([0; 4]);
        out.extend(self.report_data.0);
        out.extend(self.measurement.0);
        out.extend(self.host_data.0);
        out.extend(self.id_key_digest.0);
        out.extend(self.author_key_digest.0);
        out.extend(self.report_id.0);
        out.extend(self.report_id_ma.0);
        out.extend(self.reported_tcb.to_bytes());
        out.extend([self.cpuid_fam_id, self.cpuid_mod_id, self.cpuid_step].map(Option::unwrap_or_default));
        out.extend([0; 21]);
        out.extend(self.chip_id.0);
        out.extend(self.committed_tcb.to_bytes());
        out.extend(self.current.to_bytes());
        out.extend(self.committed.to_bytes());
        out.extend(self.launch_tcb.to_bytes());
        out.extend(self.launch_mit_vector.unwrap_or_default().to_le_bytes());
        out.extend(self.current_mit_vector.unwrap_or_default().to_le_bytes());
        out.extend([0; 152]);
        out.extend(self.signature.r.0);
        out.extend(self.signature.s.0);
        out.resize(crate::snp::REPORT_SIZE, 0);
        out
    }
}

impl Tcb {
    /// TCB_VERSION: Turin puts the FMC first; before it there is none.
    const fn to_bytes(&self) -> [u8; 8] {
        match self.fmc {
            Some(fmc) => [fmc, self.bootloader, self.tee, self.snp, 0, 0, 0, self.microcode],
            None => [self.bootloader, self.tee, 0, 0, 0, 0, self.snp, self.microcode],
        }
    }
}

impl Firmware {
    const fn to_bytes(&self) -> [u8; 4] {
        [self.build, self.minor, self.major, 0]
    }
}

/// A JSON array of exactly `N` byte values.
struct Bytes<const N: usize>([u8; N]);

impl<'de, const N: usize> Deserialize<'de> for Bytes<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Exactly<const N: usize>;
        impl<'de, const N: usize> Visitor<'de> for Exactly<N> {
            type Value = Bytes<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an array of {N} byte values")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut bytes = [0; N];
                for (index, byte) in bytes.iter_mut().enumerate() {
                    *byte = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(index, &self))?;
                }
                match seq.next_element::<u8>()? {
                    None => Ok(Bytes(bytes)),
                    Some(_) => Err(A::Error::invalid_length(N.saturating_add(1), &self)),
                }
            }
        }
        deserializer.deserialize_seq(Exactly::<N>)
    }
}

/// Standard base64 with padding.
struct Base64(Vec<u8>);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        STANDARD.decode(text.as_bytes()).map(Self).map_err(D::Error::custom)
    }
}

const PEM_BEGIN: &[u8] = b"-----BEGIN ";
/// AMD's table names six kinds; twice that is refused.
const MAX_CARRIED: usize = 12;
/// No TEE's report data is longer than a SHA-512 digest.
const MAX_REPORT_DATA: usize = 64;
/// CoCo's attesters write "1" and "2".
const MAX_SVN: usize = 64;

#[cfg(test)]
mod tests;
