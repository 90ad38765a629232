//! Rules for SEV-SNP.

use serde::{Deserialize, Serialize};

use super::snp_values::{AbiVersion, AdvisoryName, Bits};
use super::value::Id;
use crate::snp::{Firmware, PlatformBit, PolicyBit, Product, SigningKey};

/// Rules for SEV-SNP.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SnpPolicy {
    /// The least privileged VMPL accepted, 0 to 3; 0 is the most privileged.
    pub max_vmpl: u32,
    /// Demand that the firmware checked for memory aliases (PLATFORM_INFO bit 5; AMD-SB-3015, BadRAM).
    pub require_alias_check: bool,
    /// Bits of PLATFORM_INFO that must be set.
    pub require_platform_info: Vec<PlatformBit>,
    /// Bits of PLATFORM_INFO that must be clear.
    pub forbid_platform_info: Vec<PlatformBit>,
    /// Bits of the guest policy that must be set.
    pub require_guest_policy: Vec<PolicyBit>,
    /// Bits of the guest policy that must be clear.
    pub forbid_guest_policy: Vec<PolicyBit>,
    /// The least version of the firmware's interface that the guest policy must demand.
    pub min_policy_abi: AbiVersion,
    /// Products that are not accepted whatever their TCB (BadFuse: a Milan report proves nothing against an owner).
    pub deny_products: Vec<Product>,
    /// Accepted CHIP_IDs in hexadecimal; empty accepts every chip.
    pub chip_ids: Vec<Id<64>>,
    /// The kinds of key whose reports are accepted.
    pub signing_keys: Vec<SigningKey>,
    /// Cloud providers whose VLEKs are accepted, by the cspID of the certificate; empty accepts every provider.
    pub vlek_csp_ids: Vec<String>,
    /// Demand the image owner's ID block among the endorsements, verified against the report.
    pub require_id_block: bool,
    /// Demand that an author key certified the key of the ID block.
    pub require_author_key: bool,
    /// Advisories of the catalogue to enforce beside those of the production profile.
    pub enforce_advisories: Vec<AdvisoryName>,
    /// Accept a guest that its host may debug.
    pub danger_allow_debug: bool,
    /// Accept a guest that a migration agent may move.
    pub danger_allow_migration_agent: bool,
    /// Bits of the guest policy that are accepted although this version does not know them.
    pub danger_allow_policy_bits: Bits,
    /// Bits of PLATFORM_INFO that are accepted although this version does not know them.
    pub danger_allow_platform_info_bits: Bits,
    /// Lowest accepted REPORTED_TCB for each product: the TCB that the signing key proves.
    pub floors: SnpFloors,
    /// Lowest accepted CURRENT_TCB: what runs now.
    pub current_floors: SnpFloors,
    /// Lowest accepted COMMITTED_TCB: what the platform cannot go below.
    pub committed_floors: SnpFloors,
    /// Lowest accepted LAUNCH_TCB: what ran when the guest was launched.
    pub launch_floors: SnpFloors,
    /// Lowest accepted version of the firmware, running and committed.
    pub firmware_floors: PerProduct<Firmware>,
    /// Bits that LAUNCH_MIT_VECTOR must have.
    pub launch_mitigations: PerProduct<Bits>,
    /// Bits that CURRENT_MIT_VECTOR must have.
    pub current_mitigations: PerProduct<Bits>,
}

impl Default for SnpPolicy {
    fn default() -> Self {
        Self {
            max_vmpl: 0,
            require_alias_check: true,
            require_platform_info: Vec::new(),
            forbid_platform_info: Vec::new(),
            require_guest_policy: Vec::new(),
            forbid_guest_policy: Vec::new(),
            min_policy_abi: AbiVersion::default(),
            deny_products: Vec::new(),
            chip_ids: Vec::new(),
            signing_keys: vec![SigningKey::Vcek, SigningKey::Vlek],
            vlek_csp_ids: Vec::new(),
            require_id_block: false,
            require_author_key: false,
            enforce_advisories: Vec::new(),
            danger_allow_debug: false,
            danger_allow_migration_agent: false,
            danger_allow_policy_bits: Bits::default(),
            danger_allow_platform_info_bits: Bits::default(),
            floors: SnpFloors::default(),
            current_floors: SnpFloors::default(),
            committed_floors: SnpFloors::default(),
            launch_floors: SnpFloors::default(),
            firmware_floors: PerProduct::default(),
            launch_mitigations: PerProduct::default(),
            current_mitigations: PerProduct::default(),
        }
    }
}

/// One value for each product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct PerProduct<T> {
    /// Milan.
    pub milan: T,
    /// Genoa, Bergamo and Siena.
    pub genoa: T,
    /// Turin.
    pub turin: T,
}

impl<T> PerProduct<T> {
    /// The product's value.
    pub const fn of(&self, product: Product) -> &T {
        match product {
            Product::Milan => &self.milan,
            Product::Genoa => &self.genoa,
            Product::Turin => &self.turin,
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

impl SnpFloors {
    /// The product's floor.
    pub const fn of(&self, product: Product) -> SnpFloor {
        match product {
            Product::Milan => self.milan,
            Product::Genoa => self.genoa,
            Product::Turin => self.turin,
        }
    }
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
