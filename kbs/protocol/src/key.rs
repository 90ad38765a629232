//! The key that secrets are sealed to (docs/kbs-protocol.md section 7; RFC 7518 section 6.2).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use p256::elliptic_curve::Generate;
use p256::elliptic_curve::sec1::ToSec1Point;
use rand_core::CryptoRng;
use serde::Serialize;
use serde_json::Value;

use crate::json::{JsonError, RawJson};
use crate::limits::TEE_PUBKEY_BYTES;

/// A `tee-pubkey` that a secret can be sealed to; the point was checked to lie on its curve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TeePublicKey {
    /// `EC`, `P-256`, `ECDH-ES+A256KW`: the default of CoCo's client.
    EcP256(P256Point),
}

/// A point of P-256 other than the point at infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct P256Point(pub(crate) p256::PublicKey);

impl TeePublicKey {
    /// Reads a `tee-pubkey` as received; unknown members are passed over here and hashed by [`crate::binding`].
    pub fn parse(received: &RawJson) -> Result<Self, KeyError> {
        let key = received.tree("tee-pubkey", TEE_PUBKEY_BYTES)?;
        match text(&key, "kty")? {
            "EC" => {}
            "RSA" => return Err(KeyError::Unsupported("RSA")),
            "AKP" => return Err(KeyError::Unsupported("AKP")),
            _ => return Err(KeyError::UnknownKeyType),
        }
        match text(&key, "crv")? {
            "P-256" => {}
            "P-521" => return Err(KeyError::Unsupported("EC P-521")),
            _ => return Err(KeyError::UnknownCurve),
        }
        if text(&key, "alg")? != ECDH_ES_A256KW {
            return Err(KeyError::Algorithm { expected: ECDH_ES_A256KW });
        }
        P256Point::from_coordinates(text(&key, "x")?, text(&key, "y")?).map(Self::EcP256)
    }

    /// The JWK with the members that Trustee knows and no others, in the order of CoCo's client.
    pub fn to_json(&self) -> Result<RawJson, JsonError> {
        let Self::EcP256(point) = self;
        let (x, y) = point.coordinates();
        RawJson::of(&Jwk { kty: "EC", crv: "P-256", alg: ECDH_ES_A256KW, x, y })
    }
}

impl P256Point {
    /// The point of two coordinates in base64url without padding, 32 bytes each.
    pub(crate) fn from_coordinates(x: &str, y: &str) -> Result<Self, KeyError> {
        let mut point = [0; 65];
        let (form, rest) = point.split_at_mut(1);
        let (to_x, to_y) = rest.split_at_mut(32);
        form.fill(UNCOMPRESSED);
        to_x.copy_from_slice(&coordinate("x", x)?);
        to_y.copy_from_slice(&coordinate("y", y)?);
        p256::PublicKey::from_sec1_bytes(&point).map(Self).map_err(|_| KeyError::NotOnCurve)
    }

    /// Both coordinates in base64url without padding, 32 bytes each.
    pub(crate) fn coordinates(&self) -> (String, String) {
        let point = self.0.to_sec1_point(false);
        let encode = |bytes: Option<&[u8]>| BASE64_URL_SAFE_NO_PAD.encode(bytes.unwrap_or_default());
        (encode(point.x().map(|x| x.as_slice())), encode(point.y().map(|y| y.as_slice())))
    }
}

/// The key pair that a guest makes for one handshake; wiped when dropped, never printed or copied.
pub struct TeeKeyPair(p256::SecretKey);

impl TeeKeyPair {
    /// A new key pair of P-256.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(p256::SecretKey::generate_from_rng(rng))
    }

    /// The half that goes to the broker.
    pub fn public(&self) -> TeePublicKey {
        TeePublicKey::EcP256(P256Point(self.0.public_key()))
    }

    pub(crate) const fn secret(&self) -> &p256::SecretKey {
        &self.0
    }
}

/// Why a `tee-pubkey` takes no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not an acceptable JSON object.
    #[error("tee-pubkey cannot be read")]
    Json(#[from] JsonError),
    /// A member is absent or not a string.
    #[error("tee-pubkey: the member {member} is missing or not a string")]
    Member {
        /// Which member.
        member: &'static str,
    },
    /// A key that the protocol knows and this build does not.
    #[error("tee-pubkey: {0} keys are not supported; EC P-256 is")]
    Unsupported(&'static str),
    /// A key type that the protocol does not know.
    #[error("tee-pubkey: unknown key type")]
    UnknownKeyType,
    /// A curve that the protocol does not know.
    #[error("tee-pubkey: unknown curve")]
    UnknownCurve,
    /// Another algorithm than the key's.
    #[error("tee-pubkey: the algorithm is not {expected}")]
    Algorithm {
        /// The algorithm of this kind of key.
        expected: &'static str,
    },
    /// A coordinate is not 32 bytes in base64url without padding.
    #[error("tee-pubkey: {coordinate} is not 32 bytes in base64url without padding")]
    Coordinate {
        /// `x` or `y`.
        coordinate: &'static str,
    },
    /// The coordinates are no point of the curve.
    #[error("tee-pubkey: the point is not on the curve")]
    NotOnCurve,
}

/// The key agreement and wrapping of EC keys.
pub(crate) const ECDH_ES_A256KW: &str = "ECDH-ES+A256KW";

/// SEC 1 section 2.3.3: the first byte of an uncompressed point.
const UNCOMPRESSED: u8 = 0x04;

#[derive(Serialize)]
struct Jwk<'a> {
    kty: &'a str,
    crv: &'a str,
    alg: &'a str,
    x: String,
    y: String,
}

fn text<'a>(key: &'a Value, member: &'static str) -> Result<&'a str, KeyError> {
    key.get(member).and_then(Value::as_str).ok_or(KeyError::Member { member })
}

fn coordinate(name: &'static str, text: &str) -> Result<[u8; 32], KeyError> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::Coordinate { coordinate: name })?;
    bytes.try_into().map_err(|_| KeyError::Coordinate { coordinate: name })
}

#[cfg(test)]
mod tests;
