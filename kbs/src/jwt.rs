//! Compact JWTs under pinned keys: the algorithm belongs to the key, and nothing in a header can choose either.

use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::de::DeserializeOwned;
use verifier::time::UnixTime;

/// A public key with the one algorithm that it verifies.
pub struct PinnedKey {
    algorithm: Algorithm,
    key: DecodingKey,
}

/// Why a token does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Larger than any token of its kind.
    #[error("a token of {actual} bytes, at most {limit} are read")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
        /// The size in bytes.
        actual: usize,
    },
    /// Not three parts of base64url JSON.
    #[error("not a compact JWT")]
    Form,
    /// The header carries a key, or points to one.
    #[error("the header member {member} is not accepted: keys come from configuration alone")]
    HeaderKey {
        /// The member.
        member: &'static str,
    },
    /// The header demands something that is not understood here.
    #[error("the header member {member} is not accepted")]
    HeaderMember {
        /// The member.
        member: &'static str,
    },
    /// The header's algorithm is not that of the key.
    #[error("the token's algorithm is not the key's")]
    Algorithm,
    /// The signature is another's.
    #[error("the signature does not verify")]
    Signature,
    /// The claims do not have the form that was wanted.
    #[error("the claims are not of the wanted form")]
    Claims,
    /// Its time is over.
    #[error("expired at {exp}")]
    Expired {
        /// The end.
        exp: UnixTime,
    },
    /// Its time has not come.
    #[error("not valid before {nbf}")]
    NotYet {
        /// The beginning.
        nbf: UnixTime,
    },
}

impl PinnedKey {
    /// An ES256 key: the uncompressed point, 65 bytes.
    pub fn es256(point: &[u8; 65]) -> Self {
        Self { algorithm: Algorithm::ES256, key: DecodingKey::from_ec_der(point) }
    }

    /// An Ed25519 key, 32 bytes.
    pub fn ed25519(key: &[u8; 32]) -> Self {
        Self { algorithm: Algorithm::EdDSA, key: DecodingKey::from_ed_der(key) }
    }

    /// A key from a SubjectPublicKeyInfo (RFC 5480, RFC 8410): P-256 or Ed25519, in the one encoding each has.
    pub fn from_spki(der: &[u8]) -> Option<Self> {
        if let Some(point) = der.strip_prefix(P256_SPKI) {
            return point.try_into().ok().map(Self::es256);
        }
        der.strip_prefix(ED25519_SPKI)?.try_into().ok().map(Self::ed25519)
    }

    /// The algorithm's name.
    pub fn algorithm(&self) -> &'static str {
        match self.algorithm {
            Algorithm::EdDSA => "EdDSA",
            _ => "ES256",
        }
    }

    /// The claims of `token`, if this key signed it. Times are not looked at.
    pub fn verify<T: DeserializeOwned + Clone>(&self, token: &str) -> Result<T, JwtError> {
        let header = header(token)?;
        if header.alg != self.algorithm {
            return Err(JwtError::Algorithm);
        }
        let mut validation = Validation::new(self.algorithm);
        validation.required_spec_claims.clear();
        // The library would read its own clock; times are checked against the request's one instant.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        match jsonwebtoken::decode::<T>(token, &self.key, &validation) {
            Ok(data) => Ok(data.claims),
            Err(error) => Err(match error.kind() {
                jsonwebtoken::errors::ErrorKind::Json(_) => JwtError::Claims,
                jsonwebtoken::errors::ErrorKind::Base64(_) => JwtError::Form,
                _ => JwtError::Signature,
            }),
        }
    }
}

/// The header's `kid`, read before anything is verified: it only chooses among pinned keys.
pub(crate) fn key_id(token: &str) -> Result<Option<String>, JwtError> {
    header(token).map(|header| header.kid)
}

/// Checks a span of time: valid from `from` (none: since ever) until before `exp`.
pub(crate) fn check_times(from: Option<i64>, exp: i64, now: UnixTime) -> Result<(), JwtError> {
    if let Some(nbf) = from.map(UnixTime::from_secs).filter(|nbf| now < *nbf) {
        return Err(JwtError::NotYet { nbf });
    }
    let exp = UnixTime::from_secs(exp);
    if exp <= now {
        return Err(JwtError::Expired { exp });
    }
    Ok(())
}

fn header(token: &str) -> Result<Header, JwtError> {
    if token.len() > TOKEN_LIMIT {
        return Err(JwtError::TooLarge { limit: TOKEN_LIMIT, actual: token.len() });
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| JwtError::Form)?;
    let keys = [
        ("jwk", header.jwk.is_some()),
        ("jku", header.jku.is_some()),
        ("x5u", header.x5u.is_some()),
        ("x5c", header.x5c.is_some()),
    ];
    if let Some((member, _)) = keys.into_iter().find(|(_, present)| *present) {
        return Err(JwtError::HeaderKey { member });
    }
    let demands =
        [("crit", header.crit.is_some()), ("enc", header.enc.is_some()), ("zip", header.zip.is_some())];
    if let Some((member, _)) = demands.into_iter().find(|(_, present)| *present) {
        return Err(JwtError::HeaderMember { member });
    }
    Ok(header)
}

/// A token travels in a header; ours have about 4 KiB.
const TOKEN_LIMIT: usize = 0x1_0000;
/// RFC 5480: id-ecPublicKey with secp256r1, a bit string of 66 bytes without unused bits.
const P256_SPKI: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// RFC 8410: id-Ed25519, a bit string of 33 bytes without unused bits.
const ED25519_SPKI: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

#[cfg(test)]
pub(crate) mod tests;
