//! Public keys in the forms in which operators have them: SubjectPublicKeyInfo, and JWK.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

use super::PinnedKey;

/// Why a public key is not pinned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Neither of the kinds that are known, or not in the one encoding that its kind has.
    #[error("not a public key of P-256, P-384, Ed25519 or RSA")]
    Form,
    /// An RSA key that is too short, or longer than any in use.
    #[error("an RSA key of {bits} bits; 2048 to 8192 are taken")]
    RsaSize {
        /// Its length.
        bits: usize,
    },
    /// The algorithm is not one of this kind of key.
    #[error("{algorithm:?} is no algorithm of {kind} keys: {wanted}")]
    Algorithm {
        /// What was given.
        algorithm: String,
        /// The kind of key.
        kind: &'static str,
        /// What there is.
        wanted: &'static str,
    },
    /// A JWK for RSA does not say its algorithm, and there are six.
    #[error("an RSA key in a JWK must say its algorithm (alg)")]
    NoAlgorithm,
    /// The key may be used for something else only.
    #[error("a key for {0:?}, not for signatures (sig)")]
    Use(String),
}

/// A key of a JWK set (RFC 7517).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Jwk {
    kty: String,
    /// The key's id.
    pub(crate) kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    intended: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

/// A JWK set.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct JwkSet {
    /// Its keys.
    pub(crate) keys: Vec<Jwk>,
}

impl PinnedKey {
    /// A key from a SubjectPublicKeyInfo (RFC 5480, RFC 8410): P-256 or Ed25519, in the one encoding each has.
    pub fn from_spki(der: &[u8]) -> Option<Self> {
        if let Some(point) = der.strip_prefix(P256_SPKI) {
            return point.try_into().ok().map(Self::es256);
        }
        der.strip_prefix(ED25519_SPKI)?.try_into().ok().map(Self::ed25519)
    }

    /// A key of another issuer: P-256, P-384, Ed25519 or RSA, with the algorithm that it alone verifies. RSA has several;
    /// without a name it is RS256.
    pub(crate) fn from_spki_for(der: &[u8], algorithm: Option<&str>) -> Result<Self, KeyFault> {
        if let Some(key) = Self::from_spki(der) {
            let kind = if key.algorithm == Algorithm::EdDSA { "Ed25519" } else { "P-256" };
            return key.only(algorithm, kind);
        }
        if let Some(point) = der.strip_prefix(P384_SPKI) {
            return Self::es384(point)?.only(algorithm, "P-384");
        }
        let (n, e) = rsa_spki(der).and_then(rsa_components).ok_or(KeyFault::Form)?;
        Self::rsa(n, e, algorithm.unwrap_or("RS256"))
    }

    /// The key of a JWK.
    pub(crate) fn from_jwk(jwk: &Jwk) -> Result<Self, KeyFault> {
        if let Some(other) = jwk.intended.as_ref().filter(|intended| *intended != "sig") {
            return Err(KeyFault::Use(other.clone()));
        }
        let bytes = |member: &Option<String>| {
            let text = member.as_ref().ok_or(KeyFault::Form)?;
            URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyFault::Form)
        };
        let alg = jwk.alg.as_deref();
        match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("EC", Some("P-256")) => {
                let point = [vec![UNCOMPRESSED], bytes(&jwk.x)?, bytes(&jwk.y)?].concat();
                let point: [u8; 65] = point.try_into().map_err(|_| KeyFault::Form)?;
                Self::es256(&point).only(alg, "P-256")
            }
            ("EC", Some("P-384")) => {
                let point = [bytes(&jwk.x)?, bytes(&jwk.y)?].concat();
                Self::es384(&point)?.only(alg, "P-384")
            }
            ("OKP", Some("Ed25519")) => {
                let key: [u8; 32] = bytes(&jwk.x)?.try_into().map_err(|_| KeyFault::Form)?;
                Self::ed25519(&key).only(alg, "Ed25519")
            }
            ("RSA", None) => {
                let alg = alg.ok_or(KeyFault::NoAlgorithm)?;
                Self::rsa(&bytes(&jwk.n)?, &bytes(&jwk.e)?, alg)
            }
            _ => Err(KeyFault::Form),
        }
    }

    /// A P-384 key: both coordinates, 96 bytes.
    fn es384(coordinates: &[u8]) -> Result<Self, KeyFault> {
        if coordinates.len() != 96 {
            return Err(KeyFault::Form);
        }
        let point = [&[UNCOMPRESSED], coordinates].concat();
        Ok(Self { algorithm: Algorithm::ES384, key: DecodingKey::from_ec_der(&point) })
    }

    /// An RSA key for RS256: modulus and exponent.
    pub(crate) fn rs256(n: &[u8], e: &[u8]) -> Result<Self, KeyFault> {
        Self::rsa(n, e, "RS256")
    }

    fn rsa(n: &[u8], e: &[u8], algorithm: &str) -> Result<Self, KeyFault> {
        let zeros = n.first().map_or(0, |first| usize::try_from(first.leading_zeros()).unwrap_or(8));
        let bits = n.len().saturating_mul(8).saturating_sub(zeros);
        if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
            return Err(KeyFault::RsaSize { bits });
        }
        let refused = || KeyFault::Algorithm {
            algorithm: algorithm.to_owned(),
            kind: "RSA",
            wanted: "RS256, RS384, RS512, PS256, PS384 or PS512",
        };
        let known = RSA_ALGORITHMS.into_iter().find(|known| name(*known) == algorithm).ok_or_else(refused)?;
        Ok(Self { algorithm: known, key: DecodingKey::from_rsa_raw_components(n, e) })
    }

    /// The key, if the algorithm that was named is the one that its kind has.
    fn only(self, named: Option<&str>, kind: &'static str) -> Result<Self, KeyFault> {
        let wanted = self.algorithm();
        match named.filter(|named| *named != wanted) {
            None => Ok(self),
            Some(other) => Err(KeyFault::Algorithm { algorithm: other.to_owned(), kind, wanted }),
        }
    }
}

/// The algorithm's name (RFC 7518, section 3.1; RFC 8037).
pub(super) const fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::ES256 => "ES256",
        Algorithm::ES384 => "ES384",
        Algorithm::EdDSA => "EdDSA",
        Algorithm::RS256 => "RS256",
        Algorithm::RS384 => "RS384",
        Algorithm::RS512 => "RS512",
        Algorithm::PS256 => "PS256",
        Algorithm::PS384 => "PS384",
        Algorithm::PS512 => "PS512",
        _ => "none that is taken here",
    }
}

/// Modulus and exponent of an RSAPublicKey (RFC 8017, appendix A.1.1) whose modulus has 2048 bits or more: then every
/// length but the exponent's takes two bytes, and the encoding has one form.
pub(crate) fn rsa_components(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = long(der, 0x30)?;
    let (length, rest) = rest.strip_prefix(&[0x02, 0x82])?.split_first_chunk::<2>()?;
    let (modulus, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let (length, exponent) = rest.strip_prefix(&[0x02])?.split_first()?;
    let modulus = modulus.strip_prefix(&[0x00])?;
    let minimal = modulus.first().is_some_and(|first| *first >= 0x80);
    (minimal && *length < 0x80 && usize::from(*length) == exponent.len()).then_some((modulus, exponent))
}

/// The RSAPublicKey of a SubjectPublicKeyInfo (RFC 3279, section 2.3.1).
fn rsa_spki(der: &[u8]) -> Option<&[u8]> {
    let rest = long(der, 0x30)?.strip_prefix(RSA_ALGORITHM)?;
    long(rest, 0x03)?.strip_prefix(&[0x00])
}

/// The content of a DER value with a length of two bytes that takes all of `der`.
fn long(der: &[u8], tag: u8) -> Option<&[u8]> {
    let (length, content) = der.strip_prefix(&[tag, 0x82])?.split_first_chunk::<2>()?;
    (usize::from(u16::from_be_bytes(*length)) == content.len()).then_some(content)
}

const RSA_ALGORITHMS: [Algorithm; 6] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];
/// RFC 7518, section 3.3: at least 2048 bits. The library's verification takes up to 8192.
const RSA_BITS_MIN: usize = 2048;
const RSA_BITS_MAX: usize = 8192;
/// SEC 1, section 2.3.3: the first byte of an uncompressed point.
const UNCOMPRESSED: u8 = 0x04;
/// RFC 3279: rsaEncryption with NULL parameters.
const RSA_ALGORITHM: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
/// RFC 5480: id-ecPublicKey with secp256r1, a bit string of 66 bytes without unused bits.
pub(super) const P256_SPKI: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// RFC 5480: id-ecPublicKey with secp384r1, a bit string of 98 bytes without unused bits that begins as an uncompressed
/// point does.
const P384_SPKI: &[u8] = &[
    0x30,
    0x76,
    0x30,
    0x10,
    0x06,
    0x07,
    0x2a,
    0x86,
    0x48,
    0xce,
    0x3d,
    0x02,
    0x01,
    0x06,
    0x05,
    0x2b,
    0x81,
    0x04,
    0x00,
    0x22,
    0x03,
    0x62,
    0x00,
    UNCOMPRESSED,
];
/// RFC 8410: id-Ed25519, a bit string of 33 bytes without unused bits.
pub(super) const ED25519_SPKI: &[u8] =
    &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
