//! Tokens of foreign issuers: an attestation service whose word this broker takes for some of its resources.
//!
//! Such a token has no nonce of ours, and often neither key id nor audience: whoever has one can show it until its end. It
//! opens only what is configured for its issuer and allowed by the resource policy, and what it opens is sealed to the key
//! inside it. A key that its header brings along is passed over.

use decision_log::Digest;
use kbs_protocol::ResourcePath;
use serde::Deserialize;
use serde_json::Value;
use verifier::time::UnixTime;

use crate::jwt::{Audience, HeaderKeys, JwtError, PinnedKey, check_times, key_id};
use crate::token::{Judged, TokenError, VerifiedToken, tee_key};

/// A foreign issuer, as it is configured.
#[derive(Clone)]
pub(crate) struct ForeignIssuer {
    /// Its name in records.
    pub name: String,
    /// The `iss` of its tokens.
    pub issuer: String,
    /// Its keys, each with the id that tokens must name; the id may be absent where there is one key.
    pub keys: Vec<(Option<String>, PinnedKey)>,
    /// The resources that its tokens may open.
    pub resources: Vec<Pattern>,
    /// Where the guest's key stands in the claims (a JSON pointer); none: at exactly one of the places that are known.
    pub tee_key: Option<String>,
    /// The `aud` that its tokens must carry, if any is asked for.
    pub audience: Option<String>,
    /// The longest life of a token, in seconds.
    pub max_seconds: i64,
}

/// Whose word a token is, and what it may open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    name: String,
    resources: Vec<Pattern>,
}

/// The name of a resource, or of several: `repository/type/tag`, where `*` is one whole segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern([Option<String>; 3]);

/// The text is no pattern of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a resource is repository/type/tag, and * stands for one whole segment")]
pub(crate) struct NotAPattern;

/// Why a foreign issuer's token opens nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ForeignError {
    /// It does not hold.
    #[error("{0}")]
    Jwt(#[from] JwtError),
    /// It names no key where the pinned ones have ids, or another than those.
    #[error(
        "its kid is not that of a pinned key; a key that is pinned without a kid takes tokens without one"
    )]
    UnknownKey,
    /// It is for somebody else.
    #[error("it is for another audience")]
    Audience,
    /// It was issued later than now.
    #[error("it was issued at {iat}, which is still to come")]
    IssuedLater {
        /// When it says it was issued.
        iat: UnixTime,
    },
    /// It holds for longer than is taken.
    #[error("it holds for {actual} seconds, at most {limit} are taken")]
    TooLong {
        /// The limit in seconds.
        limit: i64,
        /// From `iat` to `exp`, in seconds.
        actual: i64,
    },
    /// The guest's key is not where it must be, or at several of the known places.
    #[error("{found} keys of the guest stand at the places where one is looked for")]
    TeeKeyPlace {
        /// How many were found.
        found: usize,
    },
}

impl Pattern {
    /// Reads a pattern.
    pub(crate) fn parse(text: &str) -> Result<Self, NotAPattern> {
        let segments: Vec<&str> = text.split('/').collect();
        let segments: [&str; 3] = segments.try_into().map_err(|_| NotAPattern)?;
        // With any letter in place of each star it must be the name of a resource.
        let [repo, kind, tag] = segments.map(|segment| if segment == "*" { "x" } else { segment });
        ResourcePath::new(repo, kind, tag).map_err(|_| NotAPattern)?;
        Ok(Self(segments.map(|segment| (segment != "*").then(|| segment.to_owned()))))
    }

    fn matches(&self, path: &ResourcePath) -> bool {
        let segments = [path.repo(), path.kind(), path.tag()];
        let fits =
            |(wanted, found): (&Option<String>, &str)| wanted.as_deref().is_none_or(|wanted| wanted == found);
        self.0.iter().zip(segments).all(fits)
    }
}

impl Scope {
    /// The configured name of the issuer.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether a token of this issuer may open the resource, if the policy allows it too.
    pub(crate) fn covers(&self, path: &ResourcePath) -> bool {
        self.resources.iter().any(|pattern| pattern.matches(path))
    }
}

impl ForeignIssuer {
    /// Verifies a token that names this issuer; keys, algorithms and issuer are those of the configuration.
    pub(crate) fn verify(&self, token: &str, now: UnixTime) -> Result<VerifiedToken, TokenError> {
        let refused = |error| TokenError::Foreign { name: self.name.clone(), error };
        let claims = self.holding(token, now).map_err(refused)?;
        let place = self.tee_key_of(&claims).map_err(refused)?;
        let (tee_key, tee_key_text) = tee_key(place)?;
        let scope = Scope { name: self.name.clone(), resources: self.resources.clone() };
        let (digest, judged) = (Digest::of(token.as_bytes()), Judged::Elsewhere(scope));
        Ok(VerifiedToken { digest, tee_key, tee_key_text, judged, claims })
    }

    fn holding(&self, token: &str, now: UnixTime) -> Result<Value, ForeignError> {
        let key = self.key_for(key_id(token)?.as_deref())?;
        let claims: Value = key.verify_with(token, HeaderKeys::PassedOver)?;
        let known = Known::deserialize(&claims).map_err(|_| JwtError::Claims)?;
        if known.iss != self.issuer {
            return Err(JwtError::Claims.into());
        }
        check_times(known.nbf, known.exp, now)?;
        if now.secs() < known.iat {
            return Err(ForeignError::IssuedLater { iat: UnixTime::from_secs(known.iat) });
        }
        let life = known.exp.saturating_sub(known.iat);
        if life > self.max_seconds {
            return Err(ForeignError::TooLong { limit: self.max_seconds, actual: life });
        }
        let meant_for = |wanted: &String| known.aud.as_ref().is_some_and(|aud| aud.names(wanted));
        if self.audience.as_ref().is_some_and(|wanted| !meant_for(wanted)) {
            return Err(ForeignError::Audience);
        }
        Ok(claims)
    }

    /// The key that the token's header names; without a name, the only one there is, if it has no id either. A name that is
    /// nobody's finds nothing, as in our own tokens.
    fn key_for(&self, kid: Option<&str>) -> Result<&PinnedKey, ForeignError> {
        let named = |(id, _): &&(Option<String>, PinnedKey)| match (id, kid) {
            (Some(id), Some(kid)) => id == kid,
            (None, None) => self.keys.len() == 1,
            (Some(_), None) | (None, Some(_)) => false,
        };
        self.keys.iter().find(named).map(|(_, key)| key).ok_or(ForeignError::UnknownKey)
    }

    fn tee_key_of<'a>(&self, claims: &'a Value) -> Result<&'a Value, ForeignError> {
        let found: Vec<&Value> = match &self.tee_key {
            Some(pointer) => claims.pointer(pointer).into_iter().collect(),
            None => KNOWN_PLACES.iter().filter_map(|pointer| claims.pointer(pointer)).collect(),
        };
        match found.as_slice() {
            [key] => Ok(key),
            keys => Err(ForeignError::TeeKeyPlace { found: keys.len() }),
        }
    }
}

#[derive(Deserialize)]
struct Known {
    iss: String,
    iat: i64,
    nbf: Option<i64>,
    exp: i64,
    aud: Option<Audience>,
}

/// Where Trustee's broker looks for the guest's key (`kbs/src/token/mod.rs`): Intel Trust Authority's two places, CoCo's
/// older one, that of Trustee's attestation service, and the top.
const KNOWN_PLACES: [&str; 5] = [
    "/tdx/attester_runtime_data/tee-pubkey",
    "/tdx/attester_user_data/tee-pubkey",
    "/customized_claims/runtime_data/tee-pubkey",
    "/submods/cpu0/ear.veraison.annotated-evidence/runtime_data_claims/tee-pubkey",
    "/tee-pubkey",
];

#[cfg(test)]
pub(crate) mod tests;
