//! Intel's words for the state of a TCB, and how the states of several parts merge into one.

use core::fmt;

use serde::{Deserialize, Serialize};

/// The state of a platform, a TDX module, a quoting enclave, or of all together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub enum TcbStatus {
    /// Every known update is in.
    UpToDate,
    /// The software in the TEE must carry mitigations of its own.
    SWHardeningNeeded,
    /// The platform must be configured otherwise.
    ConfigurationNeeded,
    /// Both of the former.
    ConfigurationAndSWHardeningNeeded,
    /// Updates are missing.
    OutOfDate,
    /// Updates are missing, and the configuration must change.
    OutOfDateConfigurationNeeded,
    /// The platform was updated since, and the TD must be launched anew to profit.
    TDRelaunchAdvised,
    /// The former, and the configuration must change.
    TDRelaunchAdvisedConfigurationNeeded,
    /// The keys are no longer trusted.
    Revoked,
    /// No TCB level of Intel's matches.
    NoMatch,
}

impl TcbStatus {
    /// Intel's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UpToDate => "UpToDate",
            Self::SWHardeningNeeded => "SWHardeningNeeded",
            Self::ConfigurationNeeded => "ConfigurationNeeded",
            Self::ConfigurationAndSWHardeningNeeded => "ConfigurationAndSWHardeningNeeded",
            Self::OutOfDate => "OutOfDate",
            Self::OutOfDateConfigurationNeeded => "OutOfDateConfigurationNeeded",
            Self::TDRelaunchAdvised => "TDRelaunchAdvised",
            Self::TDRelaunchAdvisedConfigurationNeeded => "TDRelaunchAdvisedConfigurationNeeded",
            Self::Revoked => "Revoked",
            Self::NoMatch => "NoMatch",
        }
    }

    /// The state of a platform together with one of its parts (a TDX module or a quoting enclave).
    ///
    /// Intel's QVL, `convergeTcbStatuses` (EvaluateTcb.cpp): a part changes the whole only by being revoked, out of
    /// date, or unknown.
    pub const fn converge(self, part: Self) -> Self {
        match (self, part) {
            (Self::NoMatch, _) | (_, Self::NoMatch) => Self::NoMatch,
            (_, Self::Revoked) => Self::Revoked,
            (Self::UpToDate | Self::SWHardeningNeeded, Self::OutOfDate) => Self::OutOfDate,
            (Self::ConfigurationNeeded | Self::ConfigurationAndSWHardeningNeeded, Self::OutOfDate) => {
                Self::OutOfDateConfigurationNeeded
            }
            (whole, _) => whole,
        }
    }

    /// The state of a TD 1.5 that was launched at `self` on a platform that is at `current` now.
    ///
    /// Intel's QVL, `checkForRelaunch`: where the launch is out of date and the present is not, a relaunch helps.
    /// Stricter than Intel's: a platform that is revoked by now makes the whole so.
    pub const fn relaunch(self, current: Self) -> Self {
        match (self, current) {
            (Self::NoMatch, _) | (_, Self::NoMatch) => Self::NoMatch,
            (_, Self::Revoked) => Self::Revoked,
            (Self::OutOfDate, Self::UpToDate | Self::SWHardeningNeeded) => Self::TDRelaunchAdvised,
            (Self::OutOfDate, Self::ConfigurationNeeded | Self::ConfigurationAndSWHardeningNeeded)
            | (
                Self::OutOfDateConfigurationNeeded,
                Self::UpToDate
                | Self::SWHardeningNeeded
                | Self::ConfigurationNeeded
                | Self::ConfigurationAndSWHardeningNeeded,
            ) => Self::TDRelaunchAdvisedConfigurationNeeded,
            (launch, _) => launch,
        }
    }
}

impl fmt::Display for TcbStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
