//! Who may change and read what the broker keeps: holders of a JWT that a pinned admin key signed, each in a role.

use serde::Deserialize;
use verifier::time::UnixTime;

use crate::jwt::{Audience, JwtError, PinnedKey, check_times};
use crate::roles::{Permission, Role};

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
    /// The roles that its tokens may carry.
    pub roles: Vec<Role>,
}

/// Proof that a request came from an admin. Made by [`authenticate`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Admin {
    name: String,
    role: Role,
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
    /// No pinned key signed it.
    #[error("the admin token does not hold under any pinned key")]
    Refused(Vec<(String, Mismatch)>),
    /// A pinned key signed it, and it does not hold. Whoever has such a token may know why.
    #[error("the admin token is of the key {key:?}, and {mismatch}; `vouchsafe admin token` makes another")]
    Mismatch {
        /// The key's name.
        key: String,
        /// Why it does not hold.
        mismatch: Mismatch,
    },
    /// It holds, and its role does not reach so far.
    #[error("the role {role} may not {}", permission.words())]
    Forbidden {
        /// The token's role.
        role: Role,
        /// What was asked for.
        permission: Permission,
    },
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
    /// It has no role, or one that this key may not confer.
    #[error("the role is none of {expected}")]
    Role {
        /// The roles that the key may confer.
        expected: String,
    },
}

impl AdminError {
    /// Why, for the operator's log: under each key, where none signed it.
    pub(crate) fn reasons(&self) -> String {
        let Self::Refused(refusals) = self else { return self.to_string() };
        let reason = |(key, mismatch): &(String, Mismatch)| format!("{key}: {mismatch}");
        refusals.iter().map(reason).collect::<Vec<_>>().join("; ")
    }
}

impl Mismatch {
    /// Whether the key's signature held, and something that it says does not.
    fn is_signed(&self) -> bool {
        match self {
            Self::Token(error) => {
                matches!(error, JwtError::Claims | JwtError::Expired { .. } | JwtError::NotYet { .. })
            }
            Self::Issuer { .. } | Self::Audience { .. } | Self::Role { .. } => true,
        }
    }
}

impl Admin {
    /// The name of the key that signed the token.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The role in which he comes.
    pub(crate) fn role(&self) -> Role {
        self.role
    }
}

/// Admits a request whose token holds under one of the pinned keys, in a role that has this permission.
pub(crate) fn authenticate(
    keys: &[AdminKey],
    bearer: Option<&str>,
    permission: Permission,
    now: UnixTime,
) -> Result<Admin, AdminError> {
    let token = bearer.ok_or(AdminError::NoToken)?;
    if keys.is_empty() {
        return Err(AdminError::NoKeys);
    }
    let mut refusals = Vec::with_capacity(keys.len());
    for key in keys {
        match check(key, token, now) {
            Ok(role) if role.may(permission) => return Ok(Admin { name: key.name.clone(), role }),
            Ok(role) => return Err(AdminError::Forbidden { role, permission }),
            Err(mismatch) => refusals.push((key.name.clone(), mismatch)),
        }
    }
    // One key may stand under several names: that one of them refuses is told when none of them admits.
    match refusals.iter().position(|(_, mismatch)| mismatch.is_signed()) {
        Some(signed) => {
            let (key, mismatch) = refusals.swap_remove(signed);
            Err(AdminError::Mismatch { key, mismatch })
        }
        None => Err(AdminError::Refused(refusals)),
    }
}

fn check(key: &AdminKey, token: &str, now: UnixTime) -> Result<Role, Mismatch> {
    let claims: Claims = key.key.verify(token)?;
    check_times(claims.nbf, claims.exp, now)?;
    if let Some(expected) = key.issuer.as_ref().filter(|issuer| claims.iss.as_ref() != Some(issuer)) {
        return Err(Mismatch::Issuer { expected: expected.clone() });
    }
    let meant_for = |audience: &str| claims.aud.as_ref().is_some_and(|aud| aud.names(audience));
    if let Some(expected) = key.audience.as_ref().filter(|audience| !meant_for(audience)) {
        return Err(Mismatch::Audience { expected: expected.clone() });
    }
    let role = claims.role.as_deref().and_then(Role::parse).filter(|role| key.roles.contains(role));
    role.ok_or_else(|| Mismatch::Role { expected: names(&key.roles) })
}

fn names(roles: &[Role]) -> String {
    roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}

#[derive(Clone, Deserialize)]
struct Claims {
    exp: i64,
    nbf: Option<i64>,
    iss: Option<String>,
    aud: Option<Audience>,
    role: Option<String>,
}

#[cfg(test)]
pub(crate) mod tests;
