//! From runtime data to report data (docs/kbs-protocol.md section 6).
//!
//! Members are sorted and written by RFC 8785, with the crate that both CoCo sides hash with. The `tee-pubkey` is
//! hashed as it was received, unknown members included: that accepts all that Trustee accepts, and whoever binds a
//! key with members that we do not know must find them bound.

use serde_json::{Map, Value};

use crate::hash::{Digest, HashAlgorithm, UnsupportedHash};
use crate::json::{JsonError, RawJson};
use crate::limits::TEE_PUBKEY_BYTES;

/// Why there is no report data for this runtime data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// The key is not an acceptable JSON object.
    #[error("tee-pubkey cannot be hashed")]
    Key(#[source] JsonError),
    /// The key is JSON, but not an object.
    #[error("tee-pubkey is not an object")]
    NotAnObject,
    /// The key has no canonical form.
    #[error("tee-pubkey has no RFC 8785 form")]
    Canonical,
    /// The algorithm is not computed here.
    #[error(transparent)]
    Hash(#[from] UnsupportedHash),
}

/// The 64 bytes that the primary TEE's evidence must carry: the digest, then zero bytes.
///
/// `additional_evidence` is the finished string of device evidence, empty without devices.
pub fn report_data(
    hash: HashAlgorithm,
    additional_evidence: &str,
    nonce: &str,
    tee_pubkey: &RawJson,
) -> Result<[u8; 64], BindingError> {
    primary_digest(hash, additional_evidence, nonce, tee_pubkey).map(|digest| digest.report_data())
}

/// The digest that the primary TEE's evidence must carry.
pub fn primary_digest(
    hash: HashAlgorithm,
    additional_evidence: &str,
    nonce: &str,
    tee_pubkey: &RawJson,
) -> Result<Digest, BindingError> {
    Ok(hash.digest(primary_input(additional_evidence, nonce, tee_pubkey)?.as_bytes())?)
}

/// The digest that each additional device's evidence must carry.
pub fn device_digest(hash: HashAlgorithm, nonce: &str, tee_pubkey: &RawJson) -> Result<Digest, BindingError> {
    Ok(hash.digest(device_input(nonce, tee_pubkey)?.as_bytes())?)
}

/// The canonical text that the primary digest covers.
pub fn primary_input(
    additional_evidence: &str,
    nonce: &str,
    tee_pubkey: &RawJson,
) -> Result<String, BindingError> {
    let mut object = runtime_object(nonce, tee_pubkey)?;
    object.insert("additional-evidence".to_owned(), Value::String(additional_evidence.to_owned()));
    canonical(object)
}

/// The canonical text that a device's digest covers.
pub fn device_input(nonce: &str, tee_pubkey: &RawJson) -> Result<String, BindingError> {
    canonical(runtime_object(nonce, tee_pubkey)?)
}

fn runtime_object(nonce: &str, tee_pubkey: &RawJson) -> Result<Map<String, Value>, BindingError> {
    let key = tee_pubkey.tree("tee-pubkey", TEE_PUBKEY_BYTES).map_err(BindingError::Key)?;
    if !key.is_object() {
        return Err(BindingError::NotAnObject);
    }
    let mut object = Map::new();
    object.insert("nonce".to_owned(), Value::String(nonce.to_owned()));
    object.insert("tee-pubkey".to_owned(), key);
    Ok(object)
}

fn canonical(object: Map<String, Value>) -> Result<String, BindingError> {
    serde_json_canonicalizer::to_string(&Value::Object(object)).map_err(|_| BindingError::Canonical)
}

#[cfg(test)]
mod tests;
