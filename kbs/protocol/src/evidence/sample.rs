//! The protocol's test evidence, which proves nothing.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use super::EvidenceError;
use super::quote::decode;
use crate::json::RawJson;
use crate::limits::ATTESTATION_BYTES;

/// `sample` and `sampledevice`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The digest in standard base64, without the zero bytes that other TEEs put after it.
    report_data: String,
    /// A number in words: "1" for `sample`, "2" for `sampledevice`.
    svn: String,
}

impl Sample {
    /// Evidence that carries the digest at the front of `report_data`.
    ///
    /// The form has no padding: the digest is taken to end where only zero bytes follow, after 32, 48 or 64 bytes.
    pub fn new(report_data: &[u8; 64], svn: &str) -> Self {
        let (first, last) = report_data.split_at(48);
        let digest = match (first.split_at(32), last) {
            ((half, middle), last) if is_zero(middle) && is_zero(last) => half,
            (_, last) if is_zero(last) => first,
            _ => report_data.as_slice(),
        };
        Self { report_data: BASE64_STANDARD.encode(digest), svn: svn.to_owned() }
    }

    /// Reads the JSON.
    pub fn parse(evidence: &RawJson) -> Result<Self, EvidenceError> {
        Ok(evidence.read("sample evidence", ATTESTATION_BYTES)?)
    }

    /// The JSON.
    pub fn to_json(&self) -> Result<RawJson, EvidenceError> {
        Ok(RawJson::of(self)?)
    }

    /// The digest's bytes.
    pub fn report_data(&self) -> Result<Vec<u8>, EvidenceError> {
        decode("report_data", &self.report_data)
    }

    /// The number.
    pub fn svn(&self) -> &str {
        &self.svn
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}
