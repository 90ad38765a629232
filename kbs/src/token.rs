//! The broker's own tokens: issued for believed evidence, and taken back with a request for a secret.
//!
//! ```text
//! text ─ OwnToken::verify ─▶ OwnToken ─ with_result(what the record keeps) ─▶ VerifiedToken
//! ```
//!
//! A token says of a result what it has room for. What a policy is asked about is the whole result, which the decision's
//! record keeps; the token must agree with it.

use decision_log::Digest;
use kbs_protocol::{KeyError, RawJson, TeePublicKey};
use serde::Deserialize;
use serde_json::Value;
use verifier::result::shorten;
use verifier::time::UnixTime;

use crate::foreign::{ForeignError, Scope};
use crate::jwt::{JwtError, check_times, key_id, signed_digest};
use crate::signing::SigningKey;
use crate::signing_keys::SigningKeys;

/// A token whose issuer is known and whose time is not over, with everything that a policy is asked about. Made by
/// [`OwnToken::with_result`] and by [`crate::foreign::ForeignIssuer::verify`] alone.
pub struct VerifiedToken {
    pub(crate) claims: Value,
    pub(crate) digest: Digest,
    pub(crate) tee_key: TeePublicKey,
    pub(crate) tee_key_text: String,
    pub(crate) judged: Judged,
}

/// Who judged the evidence behind a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// This broker.
    Here {
        /// The decision.
        decision: Digest,
        /// The tier of the CPU's part.
        status: String,
        /// The checks that failed.
        failed: Vec<String>,
    },
    /// A foreign issuer, which may open some resources and no others.
    Elsewhere(Scope),
}

/// A token that this broker signed under the settings in force, whose record was not looked at yet.
#[derive(Debug)]
pub(crate) struct OwnToken {
    claims: Value,
    digest: Digest,
    decision: Digest,
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
    /// A policy, a reference value or a revocation changed since.
    #[error(
        "the policy, a reference value or a revocation has changed since the token was issued (epoch {issued}, now \
         {current}): attest again"
    )]
    Epoch {
        /// The token's epoch.
        issued: u64,
        /// The one in force.
        current: u64,
    },
    /// What was decided is not on record any more, or the record is about something else.
    #[error("the decision behind the token is not on record: attest again")]
    NoRecord,
    /// It covers no usable key.
    #[error("the token's tee-pubkey: {0}")]
    TeeKey(#[from] KeyError),
    /// A foreign issuer's token does not hold.
    #[error("the token of the issuer {name}: {error}")]
    Foreign {
        /// The configured name of the issuer.
        name: String,
        /// Why.
        error: ForeignError,
    },
}

impl OwnToken {
    /// Verifies a token of this broker's: algorithm and key are pinned by its key id, whatever else its header says.
    pub(crate) fn verify(
        keys: &SigningKeys,
        token: &str,
        issuer: &str,
        epoch: u64,
        now: UnixTime,
    ) -> Result<Self, TokenError> {
        let kid = key_id(token)?.ok_or(TokenError::UnknownKey)?;
        let key = keys.of_kid(&kid, now).ok_or(TokenError::UnknownKey)?;
        let claims: Value = key.verify(token)?;
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
        let Submod { evidence, vouchsafe } = known.submods.cpu0;
        let RuntimeData { tee_pubkey, nonce } = evidence.runtime_data_claims;
        if known.cnf.jwk != tee_pubkey || known.eat_nonce != nonce {
            return Err(TokenError::Confirmation);
        }
        if vouchsafe.epoch != epoch {
            return Err(TokenError::Epoch { issued: vouchsafe.epoch, current: epoch });
        }
        let (tee_key, tee_key_text) = tee_key(&tee_pubkey)?;
        let (digest, decision) = (signed_digest(token)?, vouchsafe.decision);
        Ok(Self { claims, digest, decision, tee_key, tee_key_text })
    }

    /// The decision that it came from.
    pub(crate) fn decision(&self) -> Digest {
        self.decision
    }

    /// Puts the whole result in the place of what the token says of it; both must be about the same.
    pub(crate) fn with_result(self, kept: &[u8]) -> Result<VerifiedToken, TokenError> {
        let whole = with_decision(kept, &self.decision.to_string()).map_err(|_| TokenError::NoRecord)?;
        let same = |pointer: &str| {
            let (token, kept) = (self.claims.pointer(pointer), whole.pointer(pointer));
            token.is_some() && token == kept
        };
        if !SAME.into_iter().all(same) {
            return Err(TokenError::NoRecord);
        }
        let result = Whole::deserialize(&whole).map_err(|_| TokenError::NoRecord)?.submods.cpu0;
        let judged =
            Judged::Here { decision: self.decision, status: result.status, failed: result.vouchsafe.failed };
        let Self { digest, tee_key, tee_key_text, .. } = self;
        Ok(VerifiedToken { claims: whole, digest, tee_key, tee_key_text, judged })
    }
}

/// Issues a token about a whole result that a record keeps: the result with the record's id, shortened to what a token has
/// room for.
pub(crate) fn issue(key: &SigningKey, kept: &[u8], decision: &str) -> Result<String, IssueError> {
    let whole = serde_json::to_vec(&with_decision(kept, decision)?)?;
    let claims = shorten(&whole, key.room(TOKEN_BYTES))?;
    Ok(key.issue(&claims)?)
}

/// A token cannot be issued.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IssueError {
    /// The claims are not of the form that a result has.
    #[error("the claims of the result cannot be read: {0}")]
    Form(#[from] serde_json::Error),
    /// Too much is left of the claims.
    #[error(transparent)]
    Encode(#[from] verifier::result::EncodeError),
    /// The key does not sign.
    #[error(transparent)]
    Sign(#[from] crate::signing::UnusableKey),
}

/// A result with the id of the record that keeps it; the record cannot contain its own id.
pub(crate) fn with_decision(kept: &[u8], decision: &str) -> Result<Value, serde_json::Error> {
    let mut claims: Value = serde_json::from_slice(kept)?;
    if let Some(own) = claims.pointer_mut(OWN_CLAIMS).and_then(Value::as_object_mut) {
        own.insert("decision".to_owned(), decision.into());
    }
    Ok(claims)
}

/// A `tee-pubkey` in claims, and its text.
pub(crate) fn tee_key(jwk: &Value) -> Result<(TeePublicKey, String), TokenError> {
    let text = jwk.to_string();
    let raw = RawJson::parse(&text).map_err(|_| JwtError::Claims)?;
    Ok((TeePublicKey::parse(&raw)?, text))
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

    /// The name of the token: of our own the SHA-256 of what is signed, of a foreign issuer's that of the whole, which is kept.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Who judged the evidence.
    pub(crate) fn judged(&self) -> &Judged {
        &self.judged
    }

    /// The decision that it came from, where this broker made it.
    pub fn decision(&self) -> Option<Digest> {
        match &self.judged {
            Judged::Here { decision, .. } => Some(*decision),
            Judged::Elsewhere(_) => None,
        }
    }

    /// The configured name of the foreign issuer, where there is one.
    pub fn foreign_issuer(&self) -> Option<&str> {
        match &self.judged {
            Judged::Here { .. } => None,
            Judged::Elsewhere(scope) => Some(scope.name()),
        }
    }

    /// The checks that failed when the evidence was judged here.
    pub fn failed(&self) -> &[String] {
        match &self.judged {
            Judged::Here { failed, .. } => failed,
            Judged::Elsewhere(_) => &[],
        }
    }

    /// The tier of the CPU's part, where it was judged here.
    pub fn status(&self) -> &str {
        match &self.judged {
            Judged::Here { status, .. } => status,
            Judged::Elsewhere(_) => "judged elsewhere",
        }
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
    submods: Submods<Submod>,
}

/// The holder's key (RFC 7800): a secret is sealed to it and to no other.
#[derive(Deserialize)]
struct Holder {
    jwk: Value,
}

#[derive(Deserialize)]
struct Submods<T> {
    cpu0: T,
}

#[derive(Deserialize)]
struct Submod {
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
    epoch: u64,
}

/// What is read of the whole result.
#[derive(Deserialize)]
struct Whole {
    submods: Submods<WholeSubmod>,
}

#[derive(Deserialize)]
struct WholeSubmod {
    #[serde(rename = "ear.status")]
    status: String,
    #[serde(rename = "ear.vouchsafe")]
    vouchsafe: WholeVouchsafe,
}

#[derive(Deserialize)]
struct WholeVouchsafe {
    failed: Vec<String>,
}

/// What token and record must agree in, as JSON pointers.
const SAME: [&str; 11] = [
    "/iss",
    "/aud",
    "/iat",
    "/exp",
    "/eat_nonce",
    "/cnf",
    "/eat_profile",
    "/submods/cpu0/ear.status",
    "/submods/cpu0/ear.trustworthiness-vector",
    "/submods/cpu0/ear.vouchsafe/decision",
    "/submods/cpu0/ear.vouchsafe/epoch",
];
const OWN_CLAIMS: &str = "/submods/cpu0/ear.vouchsafe";
/// A token has less than 16 KiB.
pub(crate) const TOKEN_BYTES: usize = 0x4000 - 1;

#[cfg(test)]
pub(crate) mod tests;
