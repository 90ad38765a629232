//! What an admin may do: five roles, each a set of permissions, and one permission for each group of routes.

use std::fmt;

/// A role, as the claim `role` of an admin's token names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// May do everything.
    Admin,
    /// Stores and deletes secrets, and reads nothing.
    SecretWriter,
    /// Sets policies, reference values and revocations.
    PolicyAuthor,
    /// Reads which policies there are, the reference values and the revocations.
    Reader,
    /// Reads what a reader does, the decisions with their inputs, and which secrets there are.
    Auditor,
}

/// What one group of routes asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    /// `POST` and `DELETE` of `/kbs/v0/resource`.
    WriteSecrets,
    /// `POST` of `/kbs/v0/resource-policy`, `/attestation-policy` and `/reference-value`, and of `/v1/revocations`.
    WritePolicies,
    /// `GET` of the same.
    ReadPolicies,
    /// `GET` of `/v1`: decisions, their inputs, refusals.
    ReadDecisions,
    /// `GET` of `/v1/secrets`: paths and versions, never content.
    ListSecrets,
    /// `GET` of `/v1/backup`: all that the store keeps.
    Backup,
    /// `POST` of `/v1/keys/…/rotate`.
    RotateKeys,
    /// `DELETE` of `/v1/decisions`, and what begins or ends a hold.
    KeepDecisions,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] =
        [Self::Admin, Self::SecretWriter, Self::PolicyAuthor, Self::Reader, Self::Auditor];

    /// The name in tokens and in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::SecretWriter => "secret-writer",
            Self::PolicyAuthor => "policy-author",
            Self::Reader => "reader",
            Self::Auditor => "auditor",
        }
    }

    /// The role of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// Whether the role has a permission. What is not listed is not allowed.
    pub(crate) const fn may(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Self::Admin => true,
            Self::SecretWriter => matches!(permission, P::WriteSecrets),
            Self::PolicyAuthor => matches!(permission, P::WritePolicies | P::ReadPolicies),
            Self::Reader => matches!(permission, P::ReadPolicies),
            Self::Auditor => matches!(permission, P::ReadPolicies | P::ReadDecisions | P::ListSecrets),
        }
    }
}

impl Permission {
    /// What the permission is for, in words.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::WriteSecrets => "store or delete secrets",
            Self::WritePolicies => "set policies, reference values or revocations",
            Self::ReadPolicies => "read policies, reference values or revocations",
            Self::ReadDecisions => "read decisions",
            Self::ListSecrets => "list secrets",
            Self::Backup => "take a backup",
            Self::RotateKeys => "rotate signing keys",
            Self::KeepDecisions => "delete decisions, or begin or end a hold",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
