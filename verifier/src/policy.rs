//! The appraisal policy as data. Its default is the production profile. What switches a check off is called `danger_…`;
//! a laxer value of a rule (a lower floor, a longer list) is the operator's choice, and the verdict echoes it.

use serde::{Deserialize, Serialize};

use crate::dcap::TcbStatus;
use crate::snp::Product;

/// What the appraisal asks of evidence that was verified.
///
/// Unknown keys are refused, missing keys keep the production profile's values, and the verdict echoes the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Whether a CRL is demanded wherever the vendor publishes one.
    pub revocation: RevocationRule,
    /// Intel's TCB statuses (TDX, SGX).
    pub tcb: TcbPolicy,
    /// SEV-SNP.
    pub snp: SnpPolicy,
    /// TDX.
    pub tdx: TdxPolicy,
    /// SGX.
    pub sgx: SgxPolicy,
    /// Judge evidence under a simulated root as if its root were a vendor's.
    pub danger_accept_simulated: bool,
    /// Read CoCo's `sample` evidence, which proves nothing; its result stays contraindicated.
    pub danger_accept_sample: bool,
}

/// What becomes of a CRL that is absent, stale, not yet valid or without a next update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RevocationRule {
    /// The hardware is not affirmed without it.
    #[default]
    Required,
    /// It is shown as not checked.
    IfAvailable,
}

/// Which of Intel's TCB statuses are good enough.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TcbPolicy {
    /// Accepted merged statuses; an empty list accepts nothing. `SWHardeningNeeded` is accepted when every advisory of
    /// the level is in `accept_advisories`, and not for being listed here. `Revoked` and `NoMatch` are never accepted.
    pub accept: Vec<TcbStatus>,
    /// Advisories known to be mitigated in the software that runs.
    pub accept_advisories: Vec<String>,
    /// The oldest `tcbEvaluationDataNumber` accepted, of TCB info and QE identity alike: a floor against old collateral.
    pub min_evaluation_number: u32,
    /// Days after the TCB level's date during which `OutOfDate` is still accepted: the time to update a fleet.
    pub out_of_date_grace_days: u32,
}

impl Default for TcbPolicy {
    fn default() -> Self {
        Self {
            accept: vec![TcbStatus::UpToDate],
            accept_advisories: Vec::new(),
            min_evaluation_number: 0,
            out_of_date_grace_days: 0,
        }
    }
}

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

/// Rules for SGX.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SgxPolicy {
    /// Accept an enclave that its host may debug.
    pub danger_allow_debug: bool,
}
