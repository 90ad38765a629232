//! AR4SI trust claims and tiers (draft-ietf-rats-ar4si, section 2.3).

use serde::Serialize;

/// The tier of one claim or of a whole result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Nothing can be said.
    None,
    /// Recognised and acceptable.
    Affirming,
    /// Recognised and questionable.
    Warning,
    /// Recognised and unacceptable.
    Contraindicated,
}

impl Tier {
    /// The tier of one AR4SI value.
    pub const fn of(value: i8) -> Self {
        match value {
            -1..=1 => Self::None,
            -32..=-2 | 2..=31 => Self::Affirming,
            -96..=-33 | 32..=95 => Self::Warning,
            _ => Self::Contraindicated,
        }
    }

    /// The worse of two tiers. `none` is worse than `affirming` here: what was not shown cannot be affirmed.
    pub const fn worse(self, other: Self) -> Self {
        if self.rank() >= other.rank() { self } else { other }
    }

    /// The word in verdicts and tokens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Affirming => "affirming",
            Self::Warning => "warning",
            Self::Contraindicated => "contraindicated",
        }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Affirming => 0,
            Self::None => 1,
            Self::Warning => 2,
            Self::Contraindicated => 3,
        }
    }
}

/// The AR4SI trustworthiness vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TrustVector {
    /// Is it that very machine?
    pub instance_identity: i8,
    /// Is it set up acceptably (debug, migration, attributes)?
    pub configuration: i8,
    /// Does it run what it should?
    pub executables: i8,
    /// Not judged here.
    pub file_system: i8,
    /// Is it genuine hardware with good firmware?
    pub hardware: i8,
    /// Not judged here.
    pub runtime_opaque: i8,
    /// Not judged here.
    pub storage_opaque: i8,
    /// Not judged here.
    pub sourced_data: i8,
}

/// What the tier is asked of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Hardware, TCB and revocation alone.
    Hardware,
    /// Hardware, configuration and executables.
    #[default]
    Full,
}

impl TrustVector {
    /// The worst tier of the claims that `scope` asks for.
    pub fn tier(&self, scope: Scope) -> Tier {
        let hardware = Tier::of(self.hardware);
        match scope {
            Scope::Hardware => hardware,
            Scope::Full => hardware.worse(Tier::of(self.configuration)).worse(Tier::of(self.executables)),
        }
    }
}

/// AR4SI values that this verifier gives.
pub mod value {
    /// No claim.
    pub const NONE: i8 = 0;
    /// Evidence of a kind or form that the verifier cannot read.
    pub const UNEXPECTED_EVIDENCE: i8 = 1;
    /// Hardware, configuration or instance: recognised and acceptable.
    pub const AFFIRMING: i8 = 2;
    /// Executables: what booted is approved.
    pub const APPROVED_BOOT: i8 = 3;
    /// Executables: what booted and what runs is approved.
    pub const APPROVED_RUNTIME: i8 = 2;
    /// Hardware: genuine, with known weaknesses.
    pub const UNSAFE_HARDWARE: i8 = 32;
    /// Executables: recognised by nobody's reference value.
    pub const UNRECOGNIZED_RUNTIME: i8 = 33;
    /// Hardware or configuration: recognised and unacceptable.
    pub const CONTRAINDICATED: i8 = 96;
    /// Any claim: the evidence's signatures, chains or bindings did not hold.
    pub const VALIDATION_FAILED: i8 = 99;
}

#[cfg(test)]
mod tests;
