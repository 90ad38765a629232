//! A simulated processor: its identity, its patch levels, its signing keys.

use rand_core::CryptoRng;

use crate::amd::{FirmwareVersion, Product, ReportFields, Tcb};
use crate::error::MintError;
use crate::keys::P384Key;

/// A simulated processor.
#[derive(Clone, Debug)]
pub struct Chip {
    /// The product line.
    pub product: Product,
    /// CHIP_ID as reports carry it; for Turin all but the first eight bytes are zero.
    pub id: [u8; 64],
    /// The levels that the signing keys are certified for.
    pub tcb: Tcb,
    /// The versioned chip endorsement key.
    pub vcek: P384Key,
    /// The versioned loaded endorsement key that a cloud provider has put in.
    pub vlek: P384Key,
    /// The cloud provider's name in the VLEK's certificate.
    pub csp_id: String,
}

/// Which endorsement key signs a report: SIGNING_KEY.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SigningChoice {
    /// The chip's own key.
    Vcek,
    /// The cloud provider's key; the report then hides the chip's identity.
    Vlek,
}

impl Chip {
    /// A new processor of this product line with up-to-date firmware.
    pub fn new(product: Product, rng: &mut impl CryptoRng) -> Self {
        let mut id = [0; 64];
        rng.fill_bytes(&mut id[..product.hardware_id_length()]);
        Self {
            product,
            id,
            tcb: product.current_tcb(),
            vcek: P384Key::generate(rng),
            vlek: P384Key::generate(rng),
            csp_id: "simulated-csp".to_owned(),
        }
    }

    /// The hardware id of the VCEK's certificate: the identifying bytes of CHIP_ID.
    pub fn hardware_id(&self) -> &[u8] {
        &self.id[..self.product.hardware_id_length()]
    }

    /// The fields of a report on this chip: a production guest at VMPL 0, no debugging, no migration agent.
    ///
    /// `version` is the report version; what a version does not have is zero.
    pub fn report(&self, version: u32, signer: SigningChoice, report_data: [u8; 64]) -> ReportFields {
        let tcb = self.tcb.encode(self.product);
        let firmware = FirmwareVersion { build: 54, minor: 55, major: 1 };
        let vcek = signer == SigningChoice::Vcek;
        ReportFields {
            version,
            guest_svn: 0,
            policy: POLICY,
            family_id: [0; 16],
            image_id: [0; 16],
            vmpl: 0,
            signature_algorithm: 1,
            current_tcb: tcb,
            platform_info: PLATFORM_INFO,
            key_info: if vcek { 0 } else { 1 << 2 },
            report_data,
            measurement: [0x4d; 48],
            host_data: [0; 32],
            id_key_digest: [0; 48],
            author_key_digest: [0; 48],
            report_id: [0x52; 32],
            report_id_ma: [0xff; 32],
            reported_tcb: tcb,
            cpuid: if version >= 3 { self.product.cpuid() } else { [0; 3] },
            chip_id: if vcek { self.id } else { [0; 64] },
            committed_tcb: tcb,
            current: firmware,
            committed: firmware,
            launch_tcb: tcb,
            launch_mitigations: if version >= 5 { 1 } else { 0 },
            current_mitigations: if version >= 5 { 1 } else { 0 },
        }
    }

    /// Signs a report with the key of this choice, whatever its fields say.
    pub fn sign(&self, fields: &ReportFields, signer: SigningChoice) -> Result<[u8; 0x4a0], MintError> {
        match signer {
            SigningChoice::Vcek => fields.sign(&self.vcek),
            SigningChoice::Vlek => fields.sign(&self.vlek),
        }
    }
}

/// SMT allowed (bit 16) and the bit that must be one (bit 17).
const POLICY: u64 = 0x3_0000;

/// SMT on (bit 0), ECC (bit 2), alias check complete (bit 5).
const PLATFORM_INFO: u64 = 0x25;
