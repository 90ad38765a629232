//! Init-data: the document that the host gave the guest at launch, and what it claims (docs of the CoCo protocol,
//! section 9). Believed only after the evidence was found to carry its digest.

use kbs_protocol::evidence::host_data_of;
use kbs_protocol::{Digest, HashAlgorithm, InitData, InitDataError};
use serde::Deserialize;
use serde_json::{Map, Value};
use verifier::evidence::Tee;

/// Init-data, read and hashed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReadInitData {
    digest: Digest,
    claims: Value,
}

/// Why init-data cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InitDataRefusal {
    /// The text is not the TOML document that init-data is.
    #[error("init-data: not TOML with version, algorithm and [data]")]
    Form,
    /// The document names an algorithm that the protocol does not know.
    #[error("init-data: the algorithm is unknown")]
    Algorithm,
    /// It cannot be hashed.
    #[error("init-data: {0}")]
    Digest(#[from] InitDataError),
    /// The TEE has no field for it here.
    #[error("init-data: evidence of {0} cannot carry its digest")]
    NoField(Tee),
}

impl ReadInitData {
    /// Reads the document and hashes its raw text with the algorithm that it names.
    pub(crate) fn read(init_data: &InitData) -> Result<Self, InitDataRefusal> {
        if init_data.format != "toml" {
            return Err(InitDataError::Format.into());
        }
        let document: Document = toml::from_str(&init_data.body).map_err(|_| InitDataRefusal::Form)?;
        let algorithm = HashAlgorithm::parse(&document.algorithm).ok_or(InitDataRefusal::Algorithm)?;
        let digest = init_data.digest(algorithm)?;
        Ok(Self { digest, claims: claims(document.data) })
    }

    /// What the TEE's field must hold. Sample evidence has no field, and a token about it is contraindicated whatever it
    /// claims.
    pub(crate) fn host_data(&self, tee: Tee) -> Result<Vec<u8>, InitDataRefusal> {
        if tee == Tee::Sample {
            return Ok(self.digest.as_bytes().to_vec());
        }
        let named = kbs_protocol::Tee::parse(tee.as_str()).ok();
        named.and_then(|tee| host_data_of(tee, &self.digest)).ok_or(InitDataRefusal::NoField(tee))
    }

    /// The document's data as claims.
    pub(crate) fn claims(&self) -> &Value {
        &self.claims
    }
}

#[derive(Deserialize)]
struct Document {
    #[expect(dead_code, reason = "must be there; one version is known")]
    version: String,
    algorithm: String,
    data: toml::Table,
}

/// The data map: the agents' TOML files as JSON, the data at the end of the agent policy instead of its text.
fn claims(data: toml::Table) -> Value {
    let mut claims = Map::new();
    for (name, value) in data {
        let toml::Value::String(text) = value else { continue };
        match name.as_str() {
            "aa.toml" | "cdh.toml" => {
                let parsed = toml::from_str::<Value>(&text);
                claims.insert(name, parsed.unwrap_or(Value::String(text)));
            }
            "policy.rego" => match policy_data(&text) {
                Some(data) => drop(claims.insert("agent_policy_claims".to_owned(), data)),
                None => drop(claims.insert(name, Value::String(text))),
            },
            _ => drop(claims.insert(name, Value::String(text))),
        }
    }
    Value::Object(claims)
}

fn policy_data(rego: &str) -> Option<Value> {
    let (_, data) = rego.split_once("policy_data := {")?;
    // What a result could not carry stays text, as what is no JSON does.
    serde_json::from_str(&format!("{{{data}")).ok().filter(|data| levels(data) <= LEVELS)
}

/// How deep arrays and objects nest.
pub(crate) fn levels(value: &Value) -> usize {
    let below = match value {
        Value::Array(elements) => elements.iter().map(levels).max(),
        Value::Object(members) => members.values().map(levels).max(),
        _ => return 0,
    };
    below.unwrap_or(0).saturating_add(1)
}

/// How deep what a guest says may nest. It stands in a result several levels down, and readers of JSON stop at 128.
pub(crate) const LEVELS: usize = 64;

#[cfg(test)]
mod tests;
