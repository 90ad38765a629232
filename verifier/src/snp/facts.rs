//! What a verified report establishes.

use super::product::{Processor, Product, SigningKey};
use super::report::{Firmware, Report};
use super::tcb::Tcb;
use crate::anchors::AnchorUse;
use crate::x509::Revocation;

/// A report that its chain and signature vouch for. Made by [`super::verify`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedSnp {
    facts: Facts,
    anchor: AnchorUse,
    revocations: Vec<Revocation>,
}

impl VerifiedSnp {
    /// Called by the last step of [`super::verify`], after every check passed.
    pub(super) const fn new(facts: Facts, anchor: AnchorUse, revocations: Vec<Revocation>) -> Self {
        Self { facts, anchor, revocations }
    }

    /// What the report says.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The root at which the chain ended.
    pub const fn anchor(&self) -> &AnchorUse {
        &self.anchor
    }

    /// What is known of the revocation of each certificate of the chain.
    pub fn revocations(&self) -> &[Revocation] {
        &self.revocations
    }
}

/// Every field of a report, with the certificate's part: facts, not judgements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// VERSION of the report.
    pub version: u32,
    /// GUEST_SVN.
    pub guest_svn: u32,
    /// POLICY.
    pub policy: GuestPolicy,
    /// FAMILY_ID.
    pub family_id: [u8; 16],
    /// IMAGE_ID.
    pub image_id: [u8; 16],
    /// VMPL that asked for the report.
    pub vmpl: u32,
    /// PLATFORM_INFO.
    pub platform_info: PlatformInfo,
    /// AUTHOR_KEY_EN.
    pub author_key_en: bool,
    /// MASK_CHIP_KEY.
    pub mask_chip_key: bool,
    /// The kind of key that signed.
    pub signing_key: SigningKey,
    /// REPORT_DATA.
    pub report_data: [u8; 64],
    /// MEASUREMENT: the launch digest.
    pub measurement: [u8; 48],
    /// HOST_DATA.
    pub host_data: [u8; 32],
    /// ID_KEY_DIGEST.
    pub id_key_digest: [u8; 48],
    /// AUTHOR_KEY_DIGEST.
    pub author_key_digest: [u8; 48],
    /// REPORT_ID.
    pub report_id: [u8; 32],
    /// REPORT_ID_MA.
    pub report_id_ma: [u8; 32],
    /// CURRENT_TCB.
    pub current_tcb: Tcb,
    /// REPORTED_TCB: the one that the signing key proves.
    pub reported_tcb: Tcb,
    /// COMMITTED_TCB.
    pub committed_tcb: Tcb,
    /// LAUNCH_TCB.
    pub launch_tcb: Tcb,
    /// CPUID values; since version 3.
    pub processor: Option<Processor>,
    /// CHIP_ID.
    pub chip_id: [u8; 64],
    /// Whether CHIP_ID is all zero: no chip is named.
    pub chip_id_masked: bool,
    /// Version of the running firmware.
    pub current: Firmware,
    /// Version of the committed firmware.
    pub committed: Firmware,
    /// Mitigation vectors; since version 5.
    pub mitigation: Option<Mitigation>,
    /// The product, by the certificate's issuer (and by CPUID, where the report has it).
    pub product: Product,
    /// productName of the certificate.
    pub product_name: String,
    /// cspID of the certificate: the cloud provider of a VLEK.
    pub csp_id: Option<String>,
    /// SHA-256 of the VCEK or VLEK certificate.
    pub vek_fingerprint: [u8; 32],
}

/// Which mitigations the firmware had verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mitigation {
    /// LAUNCH_MIT_VECTOR.
    pub launch: u64,
    /// CURRENT_MIT_VECTOR.
    pub current: u64,
}

/// The guest policy (AMD 56860 section 4.3): what the guest's owner allows the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestPolicy(pub u64);

impl GuestPolicy {
    /// Bits 15:8: least major version of the firmware ABI.
    pub const fn abi_major(self) -> u8 {
        let [_, major, ..] = self.0.to_le_bytes();
        major
    }

    /// Bits 7:0: least minor version of the firmware ABI.
    pub const fn abi_minor(self) -> u8 {
        let [minor, ..] = self.0.to_le_bytes();
        minor
    }

    /// Bit 16: simultaneous multithreading is allowed.
    pub const fn smt(self) -> bool {
        self.has(16)
    }

    /// Bit 18: a migration agent may move the guest.
    pub const fn migrate_ma(self) -> bool {
        self.has(18)
    }

    /// Bit 19: the host may debug the guest, that is read and write its memory.
    pub const fn debug(self) -> bool {
        self.has(19)
    }

    /// Bit 20: one socket only.
    pub const fn single_socket(self) -> bool {
        self.has(20)
    }

    /// Bit 21: CXL devices or memory are allowed.
    pub const fn cxl_allowed(self) -> bool {
        self.has(21)
    }

    /// Bit 22: AES-256-XTS is required for memory.
    pub const fn mem_aes_256_xts(self) -> bool {
        self.has(22)
    }

    /// Bit 23: running average power limit must be disabled.
    pub const fn rapl_disabled(self) -> bool {
        self.has(23)
    }

    /// Bit 24: ciphertext hiding must be enabled.
    pub const fn ciphertext_hiding(self) -> bool {
        self.has(24)
    }

    /// Bit 25: the guest's pages may not be moved or swapped by firmware commands.
    pub const fn page_swap_disabled(self) -> bool {
        self.has(25)
    }

    /// Bits that no known version defines, and bit 17 if it is not one as it must be.
    pub const fn unknown_bits(self) -> u64 {
        (self.0 & !KNOWN_POLICY) | (!self.0 & MUST_BE_ONE)
    }

    const fn has(self, bit: u32) -> bool {
        self.0 >> bit & 1 == 1
    }
}

/// The platform's properties (AMD 56860 section 7.3, PLATFORM_INFO).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlatformInfo(pub u64);

impl PlatformInfo {
    /// Bit 0: simultaneous multithreading is on.
    pub const fn smt_enabled(self) -> bool {
        self.has(0)
    }

    /// Bit 1: transparent memory encryption is on.
    pub const fn tsme_enabled(self) -> bool {
        self.has(1)
    }

    /// Bit 2: the memory corrects errors.
    pub const fn ecc_enabled(self) -> bool {
        self.has(2)
    }

    /// Bit 3: running average power limit is disabled.
    pub const fn rapl_disabled(self) -> bool {
        self.has(3)
    }

    /// Bit 4: ciphertext hiding is on.
    pub const fn ciphertext_hiding_enabled(self) -> bool {
        self.has(4)
    }

    /// Bit 5: since the last reset the firmware has looked for memory aliases and found none (AMD-SB-3015).
    pub const fn alias_check_complete(self) -> bool {
        self.has(5)
    }

    /// Bit 7: trusted I/O is on.
    pub const fn tio_enabled(self) -> bool {
        self.has(7)
    }

    /// Bits that no known version defines.
    pub const fn unknown_bits(self) -> u64 {
        self.0 & !KNOWN_PLATFORM_INFO
    }

    const fn has(self, bit: u32) -> bool {
        self.0 >> bit & 1 == 1
    }
}

/// What the certificate adds to a report.
pub(super) struct Endorsed {
    pub(super) product: Product,
    pub(super) product_name: String,
    pub(super) csp_id: Option<String>,
    pub(super) signing_key: SigningKey,
    pub(super) vek_fingerprint: [u8; 32],
    pub(super) tcbs: Tcbs,
}

/// The report's four TCB versions by the product's layout.
#[derive(Clone, Copy)]
pub(super) struct Tcbs {
    pub(super) current: Tcb,
    pub(super) reported: Tcb,
    pub(super) committed: Tcb,
    pub(super) launch: Tcb,
}

impl Facts {
    /// Copies the report out of the received bytes.
    pub(super) fn new(report: &Report<'_>, endorsed: Endorsed) -> Self {
        let mitigation = match (report.launch_mit_vector, report.current_mit_vector) {
            (Some(launch), Some(current)) => Some(Mitigation { launch, current }),
            _ => None,
        };
        Self {
            version: report.version,
            guest_svn: report.guest_svn,
            policy: GuestPolicy(report.policy),
            family_id: *report.family_id,
            image_id: *report.image_id,
            vmpl: report.vmpl,
            platform_info: PlatformInfo(report.platform_info),
            author_key_en: report.author_key_en,
            mask_chip_key: report.mask_chip_key,
            signing_key: endorsed.signing_key,
            report_data: *report.report_data,
            measurement: *report.measurement,
            host_data: *report.host_data,
            id_key_digest: *report.id_key_digest,
            author_key_digest: *report.author_key_digest,
            report_id: *report.report_id,
            report_id_ma: *report.report_id_ma,
            current_tcb: endorsed.tcbs.current,
            reported_tcb: endorsed.tcbs.reported,
            committed_tcb: endorsed.tcbs.committed,
            launch_tcb: endorsed.tcbs.launch,
            processor: report.processor,
            chip_id: *report.chip_id,
            chip_id_masked: super::endorsement::is_zero(report.chip_id),
            current: report.current,
            committed: report.committed,
            mitigation,
            product: endorsed.product,
            product_name: endorsed.product_name,
            csp_id: endorsed.csp_id,
            vek_fingerprint: endorsed.vek_fingerprint,
        }
    }
}

/// Bit 17 is reserved and must be one.
const MUST_BE_ONE: u64 = 1 << 17;
/// Bits 0 to 25, up to PAGE_SWAP_DISABLE.
const KNOWN_POLICY: u64 = (1 << 26) - 1;
/// Bits 0 to 5 and 7.
const KNOWN_PLATFORM_INFO: u64 = 0b1011_1111;
