//! The key that secrets are sealed to (docs/kbs-protocol.md section 7; RFC 7518 section 6.2).

use p256::elliptic_curve::Generate;
use rand_core::CryptoRng;
use serde::Serialize;
use serde_json::Value;

mod akp;
mod ec;
mod rsa;

use crate::json::{JsonError, RawJson};
use crate::limits::TEE_PUBKEY_BYTES;

pub(crate) use akp::MlKem768Key;
pub(crate) use ec::{P256Point, P521Point};
pub use rsa::RsaPublicKey;

/// A `tee-pubkey` that a secret can be sealed to: the point lies on its curve, the numbers are in their ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TeePublicKey {
    /// `EC`, `P-256`, `ECDH-ES+A256KW`: the default of CoCo's client.
    EcP256(P256Point),
    /// `EC`, `P-521`, `ECDH-ES+A256KW`.
    EcP521(Box<P521Point>),
    /// `RSA`, `RSA-OAEP-256`.
    Rsa(RsaPublicKey),
    /// `AKP`, `ML-KEM-768+A192KW` (draft-ietf-jose-pqc-kem-05).
    MlKem768(Box<MlKem768Key>),
}

impl TeePublicKey {
    /// Reads a `tee-pubkey` as received; unknown members are passed over here and hashed by [`crate::binding`].
    pub fn parse(received: &RawJson) -> Result<Self, KeyError> {
        let key = received.tree("tee-pubkey", TEE_PUBKEY_BYTES)?;
        match text(&key, "kty")? {
            "EC" => Self::parse_ec(&key),
            "RSA" => {
                match text(&key, "alg")? {
                    RSA_OAEP_256 => {}
                    // Deprecated by RFC 8017 and open to padding oracles; Trustee still answers it.
                    "RSA1_5" => return Err(KeyError::Unsupported("RSA1_5")),
                    _ => return Err(KeyError::Algorithm { expected: RSA_OAEP_256 }),
                }
                RsaPublicKey::from_numbers(text(&key, "n")?, text(&key, "e")?).map(Self::Rsa)
            }
            "AKP" => {
                if text(&key, "alg")? != ML_KEM_768_A192KW {
                    return Err(KeyError::Algorithm { expected: ML_KEM_768_A192KW });
                }
                MlKem768Key::from_text(text(&key, "pub")?).map(Box::new).map(Self::MlKem768)
            }
            _ => Err(KeyError::UnknownKeyType),
        }
    }

    fn parse_ec(key: &Value) -> Result<Self, KeyError> {
        let curve = text(key, "crv")?;
        if !matches!(curve, "P-256" | "P-521") {
            return Err(KeyError::UnknownCurve);
        }
        if text(key, "alg")? != ECDH_ES_A256KW {
            return Err(KeyError::Algorithm { expected: ECDH_ES_A256KW });
        }
        let (x, y) = (text(key, "x")?, text(key, "y")?);
        match curve {
            "P-256" => P256Point::from_coordinates(x, y).map(Self::EcP256),
            _ => P521Point::from_coordinates(x, y).map(Box::new).map(Self::EcP521),
        }
    }

    /// The JWK with the members that Trustee knows and no others, in the order of CoCo's client.
    pub fn to_json(&self) -> Result<RawJson, JsonError> {
        let ec = |crv, (x, y)| RawJson::of(&EcJwk { kty: "EC", crv, alg: ECDH_ES_A256KW, x, y });
        match self {
            Self::EcP256(point) => ec("P-256", point.coordinates()),
            Self::EcP521(point) => ec("P-521", point.coordinates()),
            Self::Rsa(key) => {
                let (n, e) = key.numbers();
                RawJson::of(&RsaJwk { kty: "RSA", alg: RSA_OAEP_256, n, e })
            }
            Self::MlKem768(key) => {
                RawJson::of(&AkpJwk { kty: "AKP", alg: ML_KEM_768_A192KW, public_key: key.text() })
            }
        }
    }
}

/// The key pair that a guest makes for one handshake; wiped when dropped, never printed or copied. Our own guests use
/// CoCo's default and no other.
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
    /// An algorithm that the protocol knows and this build refuses.
    #[error(
        "tee-pubkey: {0} is not supported; ECDH-ES+A256KW (P-256, P-521), RSA-OAEP-256 and ML-KEM-768+A192KW are"
    )]
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
    /// A coordinate or key is not of its width in base64url without padding.
    #[error("tee-pubkey: {member} is not {bytes} bytes in base64url without padding")]
    Width {
        /// `x`, `y` or `pub`.
        member: &'static str,
        /// The width.
        bytes: usize,
    },
    /// The coordinates are no point of the curve.
    #[error("tee-pubkey: the point is not on the curve")]
    NotOnCurve,
    /// A number is not big-endian without leading zeros, in base64url without padding.
    #[error("tee-pubkey: {member} is not a number in base64url without padding")]
    Number {
        /// `n` or `e`.
        member: &'static str,
    },
    /// A modulus that is too weak, or larger than any is.
    #[error("tee-pubkey: an RSA modulus of {actual} bits; {least} to {most} are taken, odd ones alone")]
    Modulus {
        /// The least number of bits.
        least: usize,
        /// The greatest number of bits.
        most: usize,
        /// The bits of this one.
        actual: usize,
    },
    /// A public exponent that nobody should use.
    #[error("tee-pubkey: the RSA exponent is not odd and from 65537 to 4294967295")]
    Exponent,
    /// An encapsulation key that fails the check of its coefficients.
    #[error("tee-pubkey: pub is no encapsulation key of ML-KEM-768 (FIPS 203 section 7.2)")]
    EncapsulationKey,
}

/// The key agreement and wrapping of EC keys.
pub(crate) const ECDH_ES_A256KW: &str = "ECDH-ES+A256KW";
/// The key transport of RSA keys.
pub(crate) const RSA_OAEP_256: &str = "RSA-OAEP-256";
/// The encapsulation and wrapping of AKP keys.
pub(crate) const ML_KEM_768_A192KW: &str = "ML-KEM-768+A192KW";

#[derive(Serialize)]
struct EcJwk {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    x: String,
    y: String,
}

#[derive(Serialize)]
struct RsaJwk {
    kty: &'static str,
    alg: &'static str,
    n: String,
    e: String,
}

#[derive(Serialize)]
struct AkpJwk {
    kty: &'static str,
    alg: &'static str,
    #[serde(rename = "pub")]
    public_key: String,
}

fn text<'a>(key: &'a Value, member: &'static str) -> Result<&'a str, KeyError> {
    key.get(member).and_then(Value::as_str).ok_or(KeyError::Member { member })
}

#[cfg(test)]
mod tests;
