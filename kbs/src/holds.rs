//! Legal holds: what keeps records from being deleted, whatever their age and size.

use std::fmt;

use decision_log::Digest;
use kbs_protocol::ResourceUri;
use serde::{Deserialize, Serialize};
use verifier::time::UnixTime;

use crate::acts::{Act, ReasonError, check_reason};

/// What a hold is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Scope {
    /// One decision; of a release or denial, the attestation that it rests on too.
    Decision(Digest),
    /// Every decision from one instant to another, both included, in seconds since 1970.
    Between {
        /// The first instant.
        from: i64,
        /// The last instant.
        until: i64,
    },
    /// Every release and denial of a resource, `kbs:///repository/type/tag`, and the attestations that they rest on.
    Resource(String),
}

/// What an operator sends to begin a hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// What it is on.
    pub on: Scope,
    /// Why.
    pub reason: String,
}

/// A hold as it is kept. One that was ended is kept too: who ended it must stay known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// Its name: 16 hexadecimal digits.
    pub name: String,
    /// What it is on.
    pub on: Scope,
    /// Who began it.
    pub begun: Act,
    /// Who ended it, if anybody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Act>,
}

/// A hold that cannot be begun or ended so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoldError {
    /// The reason is none.
    #[error(transparent)]
    Reason(#[from] ReasonError),
    /// The resource has not the form of one.
    #[error("a resource is kbs:///repository/type/tag")]
    Resource,
    /// The last instant lies before the first.
    #[error("the hold ends at {}, before it begins at {}", at(*.until), at(*.from))]
    Order {
        /// The first instant.
        from: i64,
        /// The last instant.
        until: i64,
    },
}

impl Scope {
    /// Whether a record is held: its id, its instant, the resource that it is about.
    pub fn covers(&self, id: &Digest, at: i64, resource: Option<&str>) -> bool {
        match self {
            Self::Decision(held) => held == id,
            Self::Between { from, until } => (*from..=*until).contains(&at),
            Self::Resource(held) => resource == Some(held),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decision(id) => write!(f, "decision {id}"),
            Self::Between { from, until } => write!(f, "decisions from {from} to {until}"),
            Self::Resource(resource) => f.write_str(resource),
        }
    }
}

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_secs(seconds)
}

impl NewHold {
    /// Whether it can be begun.
    pub fn check(&self) -> Result<(), HoldError> {
        check_reason(&self.reason)?;
        match &self.on {
            Scope::Decision(_) => Ok(()),
            Scope::Between { from, until } if from > until => {
                Err(HoldError::Order { from: *from, until: *until })
            }
            Scope::Between { .. } => Ok(()),
            // In the form in which records have it: anything else would hold nothing.
            Scope::Resource(text) => match ResourceUri::parse(text) {
                Ok(uri) if *text == format!("kbs:///{}", uri.path()) => Ok(()),
                _ => Err(HoldError::Resource),
            },
        }
    }
}

#[cfg(test)]
mod tests;
