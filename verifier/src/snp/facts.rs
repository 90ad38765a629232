//! What a verified report establishes.

use super::bits::{GuestPolicy, PlatformInfo};
use super::id_block::IdBlockState;
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
    /// What the ID blocks among the endorsements say of the guest.
    pub id_block: IdBlockState,
}

/// Which mitigations the firmware had verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mitigation {
    /// LAUNCH_MIT_VECTOR.
    pub launch: u64,
    /// CURRENT_MIT_VECTOR.
    pub current: u64,
}

/// What the certificate adds to a report.
pub(super) struct Endorsed {
    pub(super) product: Product,
    pub(super) product_name: String,
    pub(super) csp_id: Option<String>,
    pub(super) signing_key: SigningKey,
    pub(super) vek_fingerprint: [u8; 32],
    pub(super) tcbs: Tcbs,
    pub(super) id_block: IdBlockState,
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
            id_block: endorsed.id_block,
        }
    }

    /// Whether the guest was launched with an ID block: then the firmware checked its signature and recorded its key,
    /// and FAMILY_ID, IMAGE_ID and GUEST_SVN are the block's. Without one they are zero and mean nothing.
    pub fn has_id_block(&self) -> bool {
        !super::endorsement::is_zero(&self.id_key_digest)
    }

    /// Whether an author key certified the key of the ID block.
    pub fn has_author_key(&self) -> bool {
        self.author_key_en && !super::endorsement::is_zero(&self.author_key_digest)
    }
}
