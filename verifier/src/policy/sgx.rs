//! Rules for SGX.

use serde::{Deserialize, Serialize};

use super::snp_values::Bits;
use super::value::Masked;
use crate::sgx::{
    ATTRIBUTE_AEX_NOTIFY, ATTRIBUTE_CET, ATTRIBUTE_EINITTOKEN_KEY, ATTRIBUTE_KSS, ATTRIBUTE_PROVISION_KEY,
};

/// Rules for SGX.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SgxPolicy {
    /// Flags that an enclave must have.
    pub require_flags: Vec<EnclaveFlag>,
    /// Flags that an enclave must not have.
    pub forbid_flags: Vec<EnclaveFlag>,
    /// ATTRIBUTES.FLAGS under a mask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flags: Option<Masked>,
    /// ATTRIBUTES.XFRM under a mask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xfrm: Option<Masked>,
    /// MISCSELECT under a mask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub misc_select: Option<Masked>,
    /// Accept an enclave that its host may debug.
    pub danger_allow_debug: bool,
    /// Bits of ATTRIBUTES.FLAGS (0 to 63) that this version does not know, and that are accepted all the same.
    pub danger_allow_flag_bits: Bits,
}

/// A flag of an enclave that is a matter of taste: debugging has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnclaveFlag {
    /// PROVISIONKEY: the enclave may derive the provisioning key.
    ProvisionKey,
    /// EINITTOKENKEY: the enclave may derive the key of launch tokens.
    EinittokenKey,
    /// CET: control-flow enforcement.
    Cet,
    /// KSS: key separation and sharing; CONFIGID, ISVFAMILYID and ISVEXTPRODID have a meaning.
    Kss,
    /// AEXNOTIFY: the enclave learns that it was interrupted, a remedy against single-stepping that Gramine offers.
    AexNotify,
}

impl EnclaveFlag {
    /// Its bit of ATTRIBUTES.FLAGS.
    pub const fn bit(self) -> u64 {
        match self {
            Self::ProvisionKey => ATTRIBUTE_PROVISION_KEY,
            Self::EinittokenKey => ATTRIBUTE_EINITTOKEN_KEY,
            Self::Cet => ATTRIBUTE_CET,
            Self::Kss => ATTRIBUTE_KSS,
            Self::AexNotify => ATTRIBUTE_AEX_NOTIFY,
        }
    }

    /// Its name in policies and verdicts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProvisionKey => "provision-key",
            Self::EinittokenKey => "einittoken-key",
            Self::Cet => "cet",
            Self::Kss => "kss",
            Self::AexNotify => "aex-notify",
        }
    }
}
