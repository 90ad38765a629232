//! What the operator has withdrawn by name, whatever its vendor says of it.

use serde::{Deserialize, Serialize};

use super::value::Id;

/// Machines and images that are not accepted any more. AMD publishes no list that names a VCEK or a VLEK, and no vendor
/// knows of a machine that was stolen or of an image with a hole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct DenyPolicy {
    /// SEV-SNP machines by CHIP_ID. Where one is named, a report that names no chip is not accepted either.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chip_ids: Vec<Id<64>>,
    /// Intel's machines by the PPID of their PCK certificate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ppids: Vec<Id<16>>,
    /// Intel's machines by the platform instance id of their PCK certificate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub platform_instances: Vec<Id<16>>,
    /// Images of virtual machines by what was measured at their launch: SEV-SNP's MEASUREMENT, TDX's MRTD.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub launch_digests: Vec<Id<48>>,
    /// Enclaves by MRENCLAVE.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mr_enclaves: Vec<Id<32>>,
}

impl DenyPolicy {
    /// Whether nothing is denied.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How much is denied.
    pub const fn len(&self) -> usize {
        let Self { chip_ids, ppids, platform_instances, launch_digests, mr_enclaves } = self;
        chip_ids
            .len()
            .saturating_add(ppids.len())
            .saturating_add(platform_instances.len())
            .saturating_add(launch_digests.len())
            .saturating_add(mr_enclaves.len())
    }
}
