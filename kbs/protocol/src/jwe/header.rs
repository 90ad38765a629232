//! The protected header: `alg`, `enc`, then `epk` with its members in alphabetical order, without blanks.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::open::OpenError;
use crate::json::{JsonError, from_slice};
use crate::key::{ECDH_ES_A256KW, P256Point};
use crate::limits::PROTECTED_HEADER_BYTES;

/// The members that a header of this algorithm has; any other could change its meaning (`crit`, `zip`, `apu`).
#[derive(Serialize, Deserialize)]
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

/// The `protected` member for this ephemeral key.
pub(super) fn encode(epk: &P256Point) -> Result<String, JsonError> {
    let (x, y) = epk.coordinates();
    let header = Header {
        alg: ECDH_ES_A256KW.to_owned(),
        enc: A256GCM.to_owned(),
        epk: EphemeralKey { crv: "P-256".to_owned(), kty: "EC".to_owned(), x, y },
    };
    let text = crate::json::RawJson::of(&header)?;
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
