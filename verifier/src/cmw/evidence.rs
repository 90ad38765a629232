//! From a wrapper to the evidence in it, by media type alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::{Cmw, CmwError, EVIDENCE, Record};
use crate::evidence::Tee;
use crate::snp::REPORT_SIZE;

/// Evidence as the hardware gave it, and whose it is by its media type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unwrapped {
    /// By the media type, or by the provider that a TSM report names.
    pub(crate) tee: Tee,
    /// A report and its certificate table, or a quote.
    pub(crate) bytes: Vec<u8>,
}

/// The one piece of evidence in a wrapper.
///
/// A collection of several is refused whole: that they belong to one machine would have to be shown, and nothing here
/// shows it (RFC 9999, section 9.2).
pub(crate) fn unwrap_evidence(cmw: &Cmw) -> Result<Unwrapped, CmwError> {
    let mut records = Vec::new();
    collect(cmw, &mut records);
    let [record] = records.as_slice() else { return Err(CmwError::Several { actual: records.len() }) };
    if let Some(actual) = record.indicator.filter(|indicator| *indicator != EVIDENCE) {
        return Err(CmwError::NotEvidence { actual });
    }
    let media_type = record.media_type.as_str();
    if media_type.eq_ignore_ascii_case(SNP_REPORT) {
        return snp(&record.value, &[]);
    }
    if TSM_REPORTS.iter().any(|known| media_type.eq_ignore_ascii_case(known)) {
        return tsm(&record.value);
    }
    let media_type = media_type.chars().take(MAX_SHOWN).flat_map(char::escape_debug).collect();
    Err(CmwError::UnknownType { media_type })
}

/// Depth and number of members were limited when the wrapper was read.
fn collect<'a>(cmw: &'a Cmw, records: &mut Vec<&'a Record>) {
    match cmw {
        Cmw::Record(record) => records.push(record),
        Cmw::Collection(collection) => collection.items.values().for_each(|item| collect(item, records)),
    }
}

/// A report of exactly its size, so that no byte of the table is read as one of the report.
fn snp(report: &[u8], table: &[u8]) -> Result<Unwrapped, CmwError> {
    if report.len() != REPORT_SIZE {
        return Err(CmwError::Size { tee: Tee::Snp, expected: REPORT_SIZE, actual: report.len() });
    }
    Ok(Unwrapped { tee: Tee::Snp, bytes: [report, table].concat() })
}

/// What Linux has under `/sys/kernel/config/tsm/report`, as ratsd of Project Veraison wraps it.
fn tsm(json: &[u8]) -> Result<Unwrapped, CmwError> {
    let reason =
        "not an object of provider, outblob and auxblob, each once, the blobs base64url without padding";
    let report: TsmReport = serde_json::from_slice(json).map_err(|_| CmwError::Tsm { reason })?;
    // The kernel ends the provider's name with a line feed.
    match report.provider.trim_end_matches('\n') {
        "sev_guest" => snp(&report.outblob.0, &report.auxblob.0),
        "tdx_guest" if report.auxblob.0.is_empty() => {
            Ok(Unwrapped { tee: Tee::Tdx, bytes: report.outblob.0 })
        }
        "tdx_guest" => Err(CmwError::Tsm { reason: "a TDX report has no auxblob" }),
        _ => Err(CmwError::Tsm { reason: "the provider is neither sev_guest nor tdx_guest" }),
    }
}

/// A report of a service module (`manifestblob`, `service_provider`) attests the module and is not verified here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TsmReport {
    provider: String,
    outblob: Blob,
    #[serde(default)]
    auxblob: Blob,
}

#[derive(Default)]
struct Blob(Vec<u8>);

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        URL_SAFE_NO_PAD.decode(text).map(Self).map_err(D::Error::custom)
    }
}

/// ATTESTATION_REPORT (draft-deeglaze-amd-sev-snp-corim-profile, "New media types").
const SNP_REPORT: &str = "application/vnd.amd.sev-snp.attestation-report";
/// As registered with IANA, and as ratsd's plugin names the same object.
const TSM_REPORTS: [&str; 2] =
    ["application/vnd.veraison.tsm-report+json", "application/vnd.veraison.configfs-tsm+json"];
/// Characters of an unknown media type that an error repeats.
const MAX_SHOWN: usize = 128;
