//! The broker's tokens: issued for believed evidence, and taken back with a request for a secret.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use decision_log::Digest;
use kbs_protocol::{KeyError, RawJson, TeePublicKey};
use serde::Deserialize;
use serde_json::Value;
use subtle::ConstantTimeEq;
use verifier::time::UnixTime;
use zeroize::Zeroizing;

use crate::jwt::{JwtError, PinnedKey, check_times, key_id};
use crate::system::signing_rng;

/// The key that signs tokens, and verifies them. Its id is base64url of the SHA-256 of its SubjectPublicKeyInfo.
pub(crate) struct TokenKey {
    pair: EcdsaKeyPair,
    public: PinnedKey,
    kid: String,
}

/// A token that this broker issued and whose time is not over. Made by [`TokenKey::verify`] alone.
pub struct VerifiedToken {
    claims: Value,
    digest: Digest,
    decision: Digest,
    failed: Vec<String>,
    status: String,
    tee_key: TeePublicKey,
    tee_key_text: String,
}

/// Why a token opens nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    /// Neither a session with a token nor a bearer token came.
    #[error("Attestation Token not found")]
    NotFound,
    /// It does not hold.
    #[error("the token does not hold: {0}")]
    Jwt(#[from] JwtError),
    /// Its key id is not this broker's.
    #[error("the token names a key that is not this broker's")]
    UnknownKey,
    /// It was issued by somebody else with this key's blessing.
    #[error("the token has another issuer")]
    Issuer,
    /// It was made for somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// The key or nonce that it confirms is not what the evidence covers.
    #[error("the token confirms another key or nonce than its evidence covers")]
    Confirmation,
    /// It was issued later than now.
    #[error("the token was issued at {iat}, which is still to come")]
    IssuedLater {
        /// When it says it was issued.
        iat: UnixTime,
    },
    /// It covers no usable key.
    #[error("the token's tee-pubkey: {0}")]
    TeeKey(#[from] KeyError),
}

/// The signing key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token signing key cannot be used")]
pub struct UnusableKey;

impl TokenKey {
    /// A new key, in the form in which it is kept (PKCS#8).
    pub(crate) fn generate() -> Result<Zeroizing<Vec<u8>>, UnusableKey> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| UnusableKey)?;
        let document = pair.to_pkcs8v1().map_err(|_| UnusableKey)?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    /// A key that was kept.
    pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, UnusableKey> {
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(|_| UnusableKey)?;
        let point: [u8; 65] = pair.public_key().as_ref().try_into().map_err(|_| UnusableKey)?;
        let spki = pair.public_key().as_der().map_err(|_| UnusableKey)?;
        let kid = URL_SAFE_NO_PAD.encode(Digest::of(spki.as_ref()).as_bytes());
        Ok(Self { public: PinnedKey::es256(&point), pair, kid })
    }

    /// Signs a token.
    pub(crate) fn issue(&self, claims: &[u8]) -> Result<String, UnusableKey> {
        verifier::result::compact(&self.kid, claims, |message| {
            let signature = self.pair.sign(&signing_rng(), message).map_err(|_| UnusableKey)?;
            signature.as_ref().try_into().map_err(|_| UnusableKey)
        })
    }

    /// Verifies a token of this broker's: algorithm and key are pinned, whatever its header says.
    pub(crate) fn verify(
        &self,
        token: &str,
        issuer: &str,
        now: UnixTime,
    ) -> Result<VerifiedToken, TokenError> {
        let kid = key_id(token)?.ok_or(TokenError::UnknownKey)?;
        if !bool::from(kid.as_bytes().ct_eq(self.kid.as_bytes())) {
            return Err(TokenError::UnknownKey);
        }
        let claims: Value = self.public.verify(token)?;
        let known = Known::deserialize(&claims).map_err(|_| JwtError::Claims)?;
        if known.iss != issuer {
            return Err(TokenError::Issuer);
        }
        if known.aud != issuer {
            return Err(TokenError::Audience);
        }
        check_times(None, known.exp, now)?;
        if now.secs() < known.iat {
            return Err(TokenError::IssuedLater { iat: UnixTime::from_secs(known.iat) });
        }
        let Submod { status, evidence, vouchsafe } = known.submods.cpu0;
        let RuntimeData { tee_pubkey, nonce } = evidence.runtime_data_claims;
        if known.cnf.jwk != tee_pubkey || known.eat_nonce != nonce {
            return Err(TokenError::Confirmation);
        }
        let tee_key_text = tee_pubkey.to_string();
        let raw = RawJson::parse(&tee_key_text).map_err(|_| JwtError::Claims)?;
        Ok(VerifiedToken {
            tee_key: TeePublicKey::parse(&raw)?,
            tee_key_text,
            digest: Digest::of(token.as_bytes()),
            decision: vouchsafe.decision,
            failed: vouchsafe.failed,
            status,
            claims,
        })
    }
}

impl VerifiedToken {
    /// All claims.
    pub fn claims(&self) -> &Value {
        &self.claims
    }

    /// The key that the evidence covers.
    pub fn tee_key(&self) -> &TeePublicKey {
        &self.tee_key
    }

    /// That key as JSON.
    pub fn tee_key_text(&self) -> &str {
        &self.tee_key_text
    }

    /// The SHA-256 of the token.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The decision that it came from.
    pub fn decision(&self) -> Digest {
        self.decision
    }

    /// The checks that failed when the evidence was judged.
    pub fn failed(&self) -> &[String] {
        &self.failed
    }

    /// The tier of the CPU's part.
    pub fn status(&self) -> &str {
        &self.status
    }
}

impl std::fmt::Debug for VerifiedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifiedToken").field("digest", &self.digest).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Known {
    iss: String,
    aud: String,
    eat_nonce: String,
    cnf: Holder,
    iat: i64,
    exp: i64,
    submods: Submods,
}

/// The holder's key (RFC 7800): a secret is sealed to it and to no other.
#[derive(Deserialize)]
struct Holder {
    jwk: Value,
}

#[derive(Deserialize)]
struct Submods {
    cpu0: Submod,
}

#[derive(Deserialize)]
struct Submod {
    #[serde(rename = "ear.status")]
    status: String,
    #[serde(rename = "ear.veraison.annotated-evidence")]
    evidence: Evidence,
    #[serde(rename = "ear.vouchsafe")]
    vouchsafe: Vouchsafe,
}

#[derive(Deserialize)]
struct Evidence {
    runtime_data_claims: RuntimeData,
}

#[derive(Deserialize)]
struct RuntimeData {
    nonce: String,
    #[serde(rename = "tee-pubkey")]
    tee_pubkey: Value,
}

#[derive(Deserialize)]
struct Vouchsafe {
    decision: Digest,
    failed: Vec<String>,
}

#[cfg(test)]
pub(crate) mod tests;
