//! Rules for TDX.

use serde::{Deserialize, Serialize};

/// Rules for TDX.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TdxPolicy {
    /// Demand SEPT_VE_DISABLE, without which the host can inject #VE at any page.
    pub require_sept_ve_disable: bool,
    /// Accept a TD that its host may debug.
    pub danger_allow_debug: bool,
    /// Accept a TD that may be migrated.
    pub danger_allow_migratable: bool,
    /// Accept a TD with a service TD bound to it (MRSERVICETD not zero).
    pub danger_allow_service_td: bool,
    /// Accept attribute bits that this version does not know.
    pub danger_allow_unknown_attributes: bool,
}

impl Default for TdxPolicy {
    fn default() -> Self {
        Self {
            require_sept_ve_disable: true,
            danger_allow_debug: false,
            danger_allow_migratable: false,
            danger_allow_service_td: false,
            danger_allow_unknown_attributes: false,
        }
    }
}
