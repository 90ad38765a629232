//! Who may store and delete secrets: holders of a JWT that a pinned admin key signed.

use serde::Deserialize;
use verifier::time::UnixTime;

use crate::jwt::{JwtError, PinnedKey, check_times};

/// One pinned admin key.
pub struct AdminKey {
    /// Its name in logs.
    pub name: String,
    /// The key.
    pub key: PinnedKey,
    /// The `iss` that tokens must carry, if any is asked for.
    pub issuer: Option<String>,
    /// The `aud` that tokens must carry, if any is asked for.
    pub audience: Option<String>,
    /// The role that tokens must carry.
    pub role: String,
}

/// Proof that a request came from an admin. Made by [`authenticate`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Admin {
    name: String,
}

/// Why a request is not an admin's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AdminError {
    /// There is no bearer token.
    #[error("no admin token")]
    NoToken,
    /// No admin key is configured.
    #[error("no admin key is configured")]
    NoKeys,
    /// No pinned key signed it, or what it says is not what that key may say.
    #[error("the admin token does not hold under any pinned key")]
    Refused(Vec<(String, Mismatch)>),
}

/// Why a token does not hold under one pinned key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Mismatch {
    /// It is not a valid token of that key.
    #[error(transparent)]
    Token(#[from] JwtError),
    /// It has another issuer.
    #[error("the issuer is not {expected}")]
    Issuer {
        /// The configured issuer.
        expected: String,
    },
    /// It is meant for somebody else.
    #[error("the audience is not {expected}")]
    Audience {
        /// The configured audience.
        expected: String,
    },
    /// It has another role.
    #[error("the role is not {expected}")]
    Role {
        /// The configured role.
        expected: String,
    },
}

impl Admin {
    /// The name of the key that signed the token.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// Admits a request whose token holds under one of the pinned keys.
pub(crate) fn authenticate(
    keys: &[AdminKey],
    bearer: Option<&str>,
    now: UnixTime,
) -> Result<Admin, AdminError> {
    let token = bearer.ok_or(AdminError::NoToken)?;
    if keys.is_empty() {
        return Err(AdminError::NoKeys);
    }
    let mut refusals = Vec::with_capacity(keys.len());
    for key in keys {
        match check(key, token, now) {
            Ok(()) => return Ok(Admin { name: key.name.clone() }),
            Err(mismatch) => refusals.push((key.name.clone(), mismatch)),
        }
    }
    Err(AdminError::Refused(refusals))
}

fn check(key: &AdminKey, token: &str, now: UnixTime) -> Result<(), Mismatch> {
    let claims: Claims = key.key.verify(token)?;
    check_times(claims.nbf, claims.exp, now)?;
    if let Some(expected) = key.issuer.as_ref().filter(|issuer| claims.iss.as_ref() != Some(issuer)) {
        return Err(Mismatch::Issuer { expected: expected.clone() });
    }
    let meant_for = |audience: &str| claims.aud.as_ref().is_some_and(|aud| aud.names(audience));
    if let Some(expected) = key.audience.as_ref().filter(|audience| !meant_for(audience)) {
        return Err(Mismatch::Audience { expected: expected.clone() });
    }
    if claims.role.as_deref() != Some(key.role.as_str()) {
        return Err(Mismatch::Role { expected: key.role.clone() });
    }
    Ok(())
}

#[derive(Clone, Deserialize)]
struct Claims {
    exp: i64,
    nbf: Option<i64>,
    iss: Option<String>,
    aud: Option<Audience>,
    role: Option<String>,
}

/// RFC 7519, section 4.1.3: one name or several.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn names(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
