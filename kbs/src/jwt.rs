//! Compact JWTs under pinned keys: the algorithm belongs to the key, and nothing in a header can choose either.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use decision_log::Digest;
use jsonwebtoken::crypto;
use jsonwebtoken::{Algorithm, DecodingKey};
use kbs_protocol::{JsonError, from_slice};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use verifier::time::UnixTime;

mod public;

pub(crate) use public::{Jwk, JwkSet, KeyFault, rsa_components};

/// A public key with the one algorithm that it verifies.
#[derive(Clone)]
pub struct PinnedKey {
    algorithm: Algorithm,
    key: DecodingKey,
}

/// What becomes of a token whose header carries keys or points to some. They are never used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderKeys {
    /// It is refused.
    Refused,
    /// It is refused, but for a certificate chain (`x5c`), which others may want.
    ChainPassedOver,
    /// They are passed over: other issuers write them into every token.
    PassedOver,
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
    /// A member stands twice in one object of header or claims.
    #[error("a name stands twice in one object")]
    Twice,
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

    /// The algorithm's name.
    pub fn algorithm(&self) -> &'static str {
        public::name(self.algorithm)
    }

    /// The claims of `token`, if this key signed it. Times are not looked at.
    pub fn verify<T: DeserializeOwned>(&self, token: &str) -> Result<T, JwtError> {
        self.verify_with(token, HeaderKeys::Refused)
    }

    /// The same, with a say in what becomes of keys in the header.
    pub(crate) fn verify_with<T: DeserializeOwned>(
        &self,
        token: &str,
        header_keys: HeaderKeys,
    ) -> Result<T, JwtError> {
        let parts = Parts::of(token)?;
        let header = parts.header()?;
        header.check(header_keys)?;
        if header.algorithm()? != self.algorithm {
            return Err(JwtError::Algorithm);
        }
        let holds = crypto::verify(parts.signature, parts.signed.as_bytes(), &self.key, self.algorithm);
        match holds {
            Ok(true) => parts.claims(),
            Err(error) if matches!(error.kind(), jsonwebtoken::errors::ErrorKind::Base64(_)) => {
                Err(JwtError::Form)
            }
            Ok(false) | Err(_) => Err(JwtError::Signature),
        }
    }
}

/// The three parts of a compact JWT.
struct Parts<'a> {
    /// Header and claims as they were signed.
    signed: &'a str,
    header: &'a str,
    claims: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Result<Self, JwtError> {
        if token.len() > TOKEN_LIMIT {
            return Err(JwtError::TooLarge { limit: TOKEN_LIMIT, actual: token.len() });
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(JwtError::Form)?;
        let (header, claims) = signed.split_once('.').ok_or(JwtError::Form)?;
        if claims.contains('.') {
            return Err(JwtError::Form);
        }
        Ok(Self { signed, header, claims, signature })
    }

    fn header(&self) -> Result<Header, JwtError> {
        let json = URL_SAFE_NO_PAD.decode(self.header).map_err(|_| JwtError::Form)?;
        read("the header of a token", &json, JwtError::Form)
    }

    fn claims<T: DeserializeOwned>(&self) -> Result<T, JwtError> {
        let json = URL_SAFE_NO_PAD.decode(self.claims).map_err(|_| JwtError::Form)?;
        read("the claims of a token", &json, JwtError::Claims)
    }
}

/// RFC 7519 section 4 lets a reader refuse a name that stands twice or take the last: two readers must not see two tokens.
fn read<T: DeserializeOwned>(what: &'static str, json: &[u8], otherwise: JwtError) -> Result<T, JwtError> {
    from_slice(what, json, TOKEN_LIMIT).map_err(|error| match error {
        JsonError::DuplicateMember { .. } => JwtError::Twice,
        JsonError::TooLarge { .. } | JsonError::Malformed { .. } => otherwise,
    })
}

/// What of a header is looked at (RFC 7515, section 4.1; RFC 7516 for those that no signed token has).
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    jwk: Option<IgnoredAny>,
    jku: Option<IgnoredAny>,
    x5u: Option<IgnoredAny>,
    x5c: Option<IgnoredAny>,
    crit: Option<IgnoredAny>,
    enc: Option<IgnoredAny>,
    zip: Option<IgnoredAny>,
}

impl Header {
    fn algorithm(&self) -> Result<Algorithm, JwtError> {
        self.alg.parse().map_err(|_| JwtError::Form)
    }

    fn check(&self, header_keys: HeaderKeys) -> Result<(), JwtError> {
        let keys = [
            ("jwk", self.jwk.is_some() && header_keys != HeaderKeys::PassedOver),
            ("jku", self.jku.is_some() && header_keys != HeaderKeys::PassedOver),
            ("x5u", self.x5u.is_some() && header_keys != HeaderKeys::PassedOver),
            ("x5c", self.x5c.is_some() && header_keys == HeaderKeys::Refused),
        ];
        if let Some((member, _)) = keys.into_iter().find(|(_, refused)| *refused) {
            return Err(JwtError::HeaderKey { member });
        }
        let demands =
            [("crit", self.crit.is_some()), ("enc", self.enc.is_some()), ("zip", self.zip.is_some())];
        if let Some((member, _)) = demands.into_iter().find(|(_, present)| *present) {
            return Err(JwtError::HeaderMember { member });
        }
        Ok(())
    }
}

/// The header's `kid`, read before anything is verified: it only chooses among pinned keys.
pub(crate) fn key_id(token: &str) -> Result<Option<String>, JwtError> {
    Parts::of(token)?.header().map(|header| header.kid)
}

/// The SHA-256 of what is signed (the JWS signing input, RFC 7515, section 2): one name for all signatures that hold for it, of
/// which ECDSA has two that anybody can turn into one another.
pub(crate) fn signed_digest(token: &str) -> Result<Digest, JwtError> {
    Parts::of(token).map(|parts| Digest::of(parts.signed.as_bytes()))
}

/// The `iss` of the claims, read before anything is verified: it only chooses among configured issuers.
pub(crate) fn claimed_issuer(token: &str) -> Result<Option<String>, JwtError> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: Option<String>,
    }
    Parts::of(token)?.claims::<Issuer>().map(|claims| claims.iss)
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

/// `aud` (RFC 7519, section 4.1.3): one name or several.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Audience {
    /// Whether it is meant for this name.
    pub(crate) fn names(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}

/// A token travels in a header; ours have less than 16 KiB.
const TOKEN_LIMIT: usize = 0x1_0000;
#[cfg(test)]
pub(crate) mod tests;
