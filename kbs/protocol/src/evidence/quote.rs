//! TDX and SGX quotes in JSON.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use super::EvidenceError;
use crate::json::RawJson;
use crate::limits::ATTESTATION_BYTES;

/// `tdx`: a quote and the CCEL event log, both in standard base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tdx {
    /// The event log; null where the guest has none.
    #[serde(default)]
    cc_eventlog: Option<String>,
    /// The quote.
    quote: String,
}

impl Tdx {
    /// From the quote's bytes and those of the CCEL table's log.
    pub fn new(quote: &[u8], event_log: Option<&[u8]>) -> Self {
        Self {
            cc_eventlog: event_log.map(|log| BASE64_STANDARD.encode(log)),
            quote: BASE64_STANDARD.encode(quote),
        }
    }

    /// Reads the JSON.
    pub fn parse(evidence: &RawJson) -> Result<Self, EvidenceError> {
        Ok(evidence.read("tdx evidence", ATTESTATION_BYTES)?)
    }

    /// The JSON.
    pub fn to_json(&self) -> Result<RawJson, EvidenceError> {
        Ok(RawJson::of(self)?)
    }

    /// The quote's bytes.
    pub fn quote(&self) -> Result<Vec<u8>, EvidenceError> {
        decode("quote", &self.quote)
    }

    /// The event log's bytes.
    pub fn event_log(&self) -> Result<Option<Vec<u8>>, EvidenceError> {
        self.cc_eventlog.as_deref().map(|log| decode("cc_eventlog", log)).transpose()
    }
}

/// `sgx`: a quote in standard base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sgx {
    /// The quote.
    quote: String,
}

impl Sgx {
    /// From the quote's bytes.
    pub fn new(quote: &[u8]) -> Self {
        Self { quote: BASE64_STANDARD.encode(quote) }
    }

    /// Reads the JSON.
    pub fn parse(evidence: &RawJson) -> Result<Self, EvidenceError> {
        Ok(evidence.read("sgx evidence", ATTESTATION_BYTES)?)
    }

    /// The JSON.
    pub fn to_json(&self) -> Result<RawJson, EvidenceError> {
        Ok(RawJson::of(self)?)
    }

    /// The quote's bytes.
    pub fn quote(&self) -> Result<Vec<u8>, EvidenceError> {
        decode("quote", &self.quote)
    }
}

pub(super) fn decode(member: &'static str, text: &str) -> Result<Vec<u8>, EvidenceError> {
    BASE64_STANDARD.decode(text).map_err(|_| EvidenceError::Base64 { member })
}
