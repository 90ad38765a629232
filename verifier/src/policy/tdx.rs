//! Rules for TDX.

use serde::{Deserialize, Serialize};

use super::snp_values::Bits;
use super::value::Mask;
use crate::tdx::{
    ATTRIBUTE_ICSSD, ATTRIBUTE_KEY_LOCKER, ATTRIBUTE_LASS, ATTRIBUTE_PERFMON, ATTRIBUTE_PKS,
    ATTRIBUTE_SERVTD_EXT, ATTRIBUTE_TPA, XFAM_ALWAYS, XFAM_DEFINED,
};

/// Rules for TDX.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TdxPolicy {
    /// Demand SEPT_VE_DISABLE, without which the host can inject #VE at any page.
    pub require_sept_ve_disable: bool,
    /// Attributes that a TD must have.
    pub require_attributes: Vec<TdAttribute>,
    /// Attributes that a TD must not have.
    pub forbid_attributes: Vec<TdAttribute>,
    /// Extended CPU features that a TD must have been given (XFAM): x87 and SSE, which every TD has.
    pub xfam_required: Mask,
    /// Extended CPU features that a TD may have been given; any other is contraindicated.
    pub xfam_allowed: Mask,
    /// Deny a TD whose evidence brought no event log.
    pub require_event_log: bool,
    /// Accept a TD that its host may debug.
    pub danger_allow_debug: bool,
    /// Accept a TD that may be migrated.
    pub danger_allow_migratable: bool,
    /// Accept a TD with a service TD bound to it (MRSERVICETD not zero).
    pub danger_allow_service_td: bool,
    /// Bits of TDATTRIBUTES (0 to 63) that this version does not know, and that are accepted all the same.
    pub danger_allow_attribute_bits: Bits,
}

/// An attribute of a TD that is a matter of taste: debugging, #VE, migration have keys of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TdAttribute {
    /// ICSSD: single-stepping by the host is counted and mitigated.
    Icssd,
    /// SERVTD_EXT: the report covers the bindings of service TDs.
    ServtdExt,
    /// LASS: linear address space separation.
    Lass,
    /// PKS: supervisor protection keys.
    Pks,
    /// KL: key locker.
    KeyLocker,
    /// TPA: the TD is a TDX provisioning agent.
    Tpa,
    /// PERFMON: performance monitoring, which tells an observer in the TD much of its neighbours' secrets.
    Perfmon,
}

impl TdAttribute {
    /// Its bit of TDATTRIBUTES.
    pub const fn bit(self) -> u64 {
        match self {
            Self::Icssd => ATTRIBUTE_ICSSD,
            Self::ServtdExt => ATTRIBUTE_SERVTD_EXT,
            Self::Lass => ATTRIBUTE_LASS,
            Self::Pks => ATTRIBUTE_PKS,
            Self::KeyLocker => ATTRIBUTE_KEY_LOCKER,
            Self::Tpa => ATTRIBUTE_TPA,
            Self::Perfmon => ATTRIBUTE_PERFMON,
        }
    }

    /// Its name in policies and verdicts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Icssd => "icssd",
            Self::ServtdExt => "servtd-ext",
            Self::Lass => "lass",
            Self::Pks => "pks",
            Self::KeyLocker => "key-locker",
            Self::Tpa => "tpa",
            Self::Perfmon => "perfmon",
        }
    }
}

impl Default for TdxPolicy {
    fn default() -> Self {
        Self {
            require_sept_ve_disable: true,
            require_attributes: Vec::new(),
            forbid_attributes: Vec::new(),
            xfam_required: Mask(XFAM_ALWAYS),
            xfam_allowed: Mask(XFAM_DEFINED),
            require_event_log: false,
            danger_allow_debug: false,
            danger_allow_migratable: false,
            danger_allow_service_td: false,
            danger_allow_attribute_bits: Bits::default(),
        }
    }
}
