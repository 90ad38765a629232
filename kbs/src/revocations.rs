//! Revocations of the operator's own: machines and images that are not accepted from now on, whatever vendors say.

use std::fmt;

use serde::{Deserialize, Serialize};
use verifier::policy::{DenyPolicy, Id, Policy};

use crate::acts::{Act, ReasonError, check_reason};

/// What is revoked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Revoked {
    /// An SEV-SNP machine by its CHIP_ID.
    Chip(Id<64>),
    /// An Intel machine by the PPID of its PCK certificate.
    Ppid(Id<16>),
    /// An Intel machine by the platform instance id of its PCK certificate.
    PlatformInstance(Id<16>),
    /// An image of a virtual machine: SEV-SNP's MEASUREMENT or TDX's MRTD.
    LaunchDigest(Id<48>),
    /// An enclave by its MRENCLAVE.
    MrEnclave(Id<32>),
}

/// What an operator sends to revoke something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRevocation {
    /// What.
    pub of: Revoked,
    /// Why.
    pub reason: String,
}

/// A revocation as it is kept. One that was lifted is kept too: who lifted it must stay known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// What is revoked.
    pub of: Revoked,
    /// Who revoked it.
    pub revoked: Act,
    /// Who lifted the revocation, if anybody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted: Option<Act>,
}

impl NewRevocation {
    /// Whether it can be made.
    pub fn check(&self) -> Result<(), ReasonError> {
        check_reason(&self.reason)
    }
}

impl Revoked {
    /// Its name in the store, in paths and in commands: the kind, `-`, lower-case hexadecimal.
    pub fn name(&self) -> String {
        self.to_string()
    }

    fn deny(self, policy: &mut DenyPolicy) {
        match self {
            Self::Chip(id) => policy.chip_ids.push(id),
            Self::Ppid(id) => policy.ppids.push(id),
            Self::PlatformInstance(id) => policy.platform_instances.push(id),
            Self::LaunchDigest(id) => policy.launch_digests.push(id),
            Self::MrEnclave(id) => policy.mr_enclaves.push(id),
        }
    }
}

impl fmt::Display for Revoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chip(id) => write!(f, "chip-{id:?}"),
            Self::Ppid(id) => write!(f, "ppid-{id:?}"),
            Self::PlatformInstance(id) => write!(f, "platform-instance-{id:?}"),
            Self::LaunchDigest(id) => write!(f, "launch-digest-{id:?}"),
            Self::MrEnclave(id) => write!(f, "mr-enclave-{id:?}"),
        }
    }
}

/// The configured rules, with what is revoked denied beside what they deny.
pub(crate) fn effective<'a>(configured: &Policy, revoked: impl IntoIterator<Item = &'a Revoked>) -> Policy {
    let mut policy = configured.clone();
    revoked.into_iter().cloned().for_each(|revoked| revoked.deny(&mut policy.deny));
    policy
}

#[cfg(test)]
mod tests;
