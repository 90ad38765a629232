//! The protected header: `alg`, `enc`, then the algorithm's own member (`epk` with its members in alphabetical order, or
//! `ek`), without blanks.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::open::OpenError;
use crate::json::{JsonError, from_slice};
use crate::key::{ECDH_ES_A256KW, ML_KEM_768_A192KW, P256Point, RSA_OAEP_256};
use crate::limits::PROTECTED_HEADER_BYTES;

/// The members that a header of this algorithm has; any other could change its meaning (`crit`, `zip`, `apu`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    enc: String,
    epk: EphemeralKey,
}

/// The sender's half of the key agreement.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EphemeralKey {
    crv: String,
    kty: String,
    x: String,
    y: String,
}

/// A header as it is written: the algorithm's own member last.
#[derive(Serialize)]
struct Written {
    alg: &'static str,
    enc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    epk: Option<EphemeralKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ek: Option<String>,
}

/// The `protected` member for an ephemeral key of this curve.
pub(super) fn ecdh(curve: &'static str, (x, y): (String, String)) -> Result<String, JsonError> {
    let epk = EphemeralKey { crv: curve.to_owned(), kty: "EC".to_owned(), x, y };
    encode(&Written { alg: ECDH_ES_A256KW, enc: A256GCM, epk: Some(epk), ek: None })
}

/// The `protected` member for a content key that only its own encryption protects.
pub(super) fn rsa() -> Result<String, JsonError> {
    encode(&Written { alg: RSA_OAEP_256, enc: A256GCM, epk: None, ek: None })
}

/// The `protected` member for an encapsulated key (draft-ietf-jose-pqc-kem-05 section 6.2).
pub(super) fn ml_kem(encapsulated: &[u8]) -> Result<String, JsonError> {
    let ek = Some(BASE64_URL_SAFE_NO_PAD.encode(encapsulated));
    encode(&Written { alg: ML_KEM_768_A192KW, enc: A256GCM, epk: None, ek })
}

fn encode(header: &Written) -> Result<String, JsonError> {
    let text = crate::json::RawJson::of(header)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(text.get()))
}

/// The ephemeral key of a received `protected` member.
pub(super) fn decode(protected: &str) -> Result<P256Point, OpenError> {
    let text =
        BASE64_URL_SAFE_NO_PAD.decode(protected).map_err(|_| OpenError::Base64 { member: "protected" })?;
    let header: Header = from_slice("protected header", &text, PROTECTED_HEADER_BYTES)?;
    if header.alg != ECDH_ES_A256KW {
        return Err(OpenError::Algorithm { expected: ECDH_ES_A256KW });
    }
    if header.enc != A256GCM {
        return Err(OpenError::Encryption { expected: A256GCM });
    }
    if header.epk.kty != "EC" || header.epk.crv != "P-256" {
        return Err(OpenError::EphemeralCurve { expected: "EC P-256" });
    }
    P256Point::from_coordinates(&header.epk.x, &header.epk.y).map_err(OpenError::EphemeralKey)
}

/// The only content encryption of the protocol.
const A256GCM: &str = "A256GCM";
