//! Rules for SEV-SNP.

use serde::{Deserialize, Serialize};

use crate::snp::Product;

/// Rules for SEV-SNP.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SnpPolicy {
    /// The least privileged VMPL accepted, 0 to 3; 0 is the most privileged.
    pub max_vmpl: u32,
    /// Demand that the firmware checked for memory aliases (PLATFORM_INFO bit 5; AMD-SB-3015, BadRAM).
    pub require_alias_check: bool,
    /// Lowest accepted TCB for each product.
    pub floors: SnpFloors,
    /// Products that are not accepted whatever their TCB (BadFuse: a Milan report proves nothing against an owner).
    pub deny_products: Vec<Product>,
    /// Accepted CHIP_IDs in hexadecimal; empty accepts every chip.
    pub chip_ids: Vec<String>,
    /// Accept a guest that its host may debug.
    pub danger_allow_debug: bool,
    /// Accept a guest that a migration agent may move.
    pub danger_allow_migration_agent: bool,
    /// Accept guest policies with bits that this version does not know.
    pub danger_allow_unknown_policy_bits: bool,
}

impl Default for SnpPolicy {
    fn default() -> Self {
        Self {
            max_vmpl: 0,
            require_alias_check: true,
            floors: SnpFloors::default(),
            deny_products: Vec::new(),
            chip_ids: Vec::new(),
            danger_allow_debug: false,
            danger_allow_migration_agent: false,
            danger_allow_unknown_policy_bits: false,
        }
    }
}

/// Lowest accepted TCB by product. The defaults carry AMD-SB-3019 (EntrySign, CVE-2024-56161).
///
/// They ask the SNP firmware's version, which is one for a product. Microcode is numbered by each processor of a
/// product (Milan and Milan-X, Genoa, Bergamo and Siena differ), so a floor on it is the operator's, for a fleet that
/// is known. Turin has no floor, since none with a certain source was at hand.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SnpFloors {
    /// Milan.
    pub milan: SnpFloor,
    /// Genoa, Bergamo and Siena.
    pub genoa: SnpFloor,
    /// Turin.
    pub turin: SnpFloor,
}

impl Default for SnpFloors {
    fn default() -> Self {
        Self {
            milan: SnpFloor { snp: 0x18, ..SnpFloor::default() },
            genoa: SnpFloor { snp: 0x17, ..SnpFloor::default() },
            turin: SnpFloor::default(),
        }
    }
}

/// The least accepted security version of each part of an SNP platform's TCB; zero asks nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SnpFloor {
    /// The FMC's (Turin).
    pub fmc: u8,
    /// The boot loader's.
    pub bootloader: u8,
    /// The TEE's.
    pub tee: u8,
    /// The SNP firmware's.
    pub snp: u8,
    /// The microcode's.
    pub microcode: u8,
}
