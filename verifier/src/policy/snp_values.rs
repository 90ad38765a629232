//! Values of the SNP rules that have a form: read into types, so that what means nothing is refused where it is loaded.

use core::fmt;
use core::str::FromStr;

use reference_values::{Advisory, advisory};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};

use crate::snp::{Firmware, is_set};

/// Bits of a 64-bit field, written as their numbers: `[1, 2]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bits(u64);

impl Bits {
    /// The bits that are set in `mask`.
    pub const fn from_mask(mask: u64) -> Self {
        Self(mask)
    }

    /// As one number.
    pub const fn mask(self) -> u64 {
        self.0
    }
}

impl Serialize for Bits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((0..64).filter(|number| is_set(self.0, *number)))
    }
}

impl<'de> Deserialize<'de> for Bits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut mask = 0;
        for number in Vec::<u8>::deserialize(deserializer)? {
            let bit = 1_u64.checked_shl(number.into());
            mask |= bit.ok_or_else(|| D::Error::custom(format!("there is no bit {number}, only 0 to 63")))?;
        }
        Ok(Self(mask))
    }
}

/// A version of the firmware's interface, written `major.minor`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AbiVersion {
    /// Major version.
    pub major: u8,
    /// Minor version.
    pub minor: u8,
}

impl fmt::Display for AbiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Serialize for AbiVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AbiVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let [major, minor] = numbers(&String::deserialize(deserializer)?)
            .ok_or_else(|| D::Error::custom("a version is written \"major.minor\", each from 0 to 255"))?;
        Ok(Self { major, minor })
    }
}

impl Serialize for Firmware {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Firmware {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wanted = "a firmware version is written \"major.minor.build\", each from 0 to 255";
        let [major, minor, build] =
            numbers(&String::deserialize(deserializer)?).ok_or_else(|| D::Error::custom(wanted))?;
        Ok(Self { major, minor, build })
    }
}

/// Exactly `N` numbers with dots between them, without signs, spaces or leading zeros.
fn numbers<const N: usize>(text: &str) -> Option<[u8; N]> {
    let canonical = |part: &str| u8::from_str(part).ok().filter(|number| number.to_string() == part);
    let parts: Vec<u8> = text.split('.').take(N.saturating_add(1)).map(canonical).collect::<Option<_>>()?;
    parts.try_into().ok()
}

/// An advisory of the catalogue for which there is a rule. Another name is refused when the policy is read: a rule that
/// silently enforces nothing would be worse than none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdvisoryName(&'static Advisory);

impl AdvisoryName {
    /// Its entry.
    pub const fn entry(self) -> &'static Advisory {
        self.0
    }
}

/// A name that cannot be enforced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdvisoryError {
    /// The catalogue does not have it.
    #[error("no advisory {id:?} in the catalogue (`vouchsafe policy advisories` lists it)")]
    Unknown {
        /// The name given.
        id: String,
    },
    /// The catalogue has it and knows nothing that a report could show.
    #[error("advisory {id} has no rule that could be enforced")]
    NoRule {
        /// The name given.
        id: &'static str,
    },
}

impl FromStr for AdvisoryName {
    type Err = AdvisoryError;

    fn from_str(id: &str) -> Result<Self, AdvisoryError> {
        let entry =
            advisory(id).ok_or_else(|| AdvisoryError::Unknown { id: id.chars().take(MAX_ID).collect() })?;
        if entry.has_demands() { Ok(Self(entry)) } else { Err(AdvisoryError::NoRule { id: entry.id }) }
    }
}

impl Serialize for AdvisoryName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.id)
    }
}

impl<'de> Deserialize<'de> for AdvisoryName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Characters of a wrong name that an error repeats.
const MAX_ID: usize = 64;

#[cfg(test)]
mod tests;
