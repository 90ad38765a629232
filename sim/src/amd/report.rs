//! The attestation report as a record of all its fields, written to bytes and read back (56860 table 23).

use crate::bytes::Bytes;
use crate::error::MintError;
use crate::keys::P384Key;

/// A signed report: 0x4A0 bytes.
pub type SignedReport = [u8; 0x4a0];

/// Every field of a report before it is signed; reserved bytes are zero.
///
/// Patch levels stay raw bytes, since their layout depends on the product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportFields {
    /// VERSION: 2, 3 or 5 in the wild; 4 has the layout of 3.
    pub version: u32,
    /// GUEST_SVN.
    pub guest_svn: u32,
    /// POLICY: what the guest's owner allows.
    pub policy: u64,
    /// FAMILY_ID.
    pub family_id: [u8; 16],
    /// IMAGE_ID.
    pub image_id: [u8; 16],
    /// VMPL of the requester.
    pub vmpl: u32,
    /// SIGNATURE_ALGO: 1 is ECDSA P-384 with SHA-384.
    pub signature_algorithm: u32,
    /// CURRENT_TCB.
    pub current_tcb: [u8; 8],
    /// PLATFORM_INFO.
    pub platform_info: u64,
    /// AUTHOR_KEY_EN (bit 0), MASK_CHIP_KEY (bit 1), SIGNING_KEY (bits 2 to 4).
    pub key_info: u32,
    /// REPORT_DATA: what the guest asked to have signed.
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
    /// REPORT_ID_MA: all ones without a migration agent.
    pub report_id_ma: [u8; 32],
    /// REPORTED_TCB: the levels that the signing key is derived from.
    pub reported_tcb: [u8; 8],
    /// CPUID family, model and stepping; version 3 and later, zero in version 2.
    pub cpuid: [u8; 3],
    /// CHIP_ID; zero when masked or when the signer is a VLEK.
    pub chip_id: [u8; 64],
    /// COMMITTED_TCB.
    pub committed_tcb: [u8; 8],
    /// Version of the running firmware.
    pub current: FirmwareVersion,
    /// Version that the firmware cannot go below.
    pub committed: FirmwareVersion,
    /// LAUNCH_TCB.
    pub launch_tcb: [u8; 8],
    /// LAUNCH_MIT_VECTOR; version 5 and later, zero before.
    pub launch_mitigations: u64,
    /// CURRENT_MIT_VECTOR; version 5 and later, zero before.
    pub current_mitigations: u64,
}

/// A version of the SNP firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirmwareVersion {
    /// Build number.
    pub build: u8,
    /// Minor number.
    pub minor: u8,
    /// Major number.
    pub major: u8,
}

impl ReportFields {
    /// The 0x2A0 bytes that are signed.
    pub fn encode(&self) -> [u8; 0x2a0] {
        let [family, model, stepping] = self.cpuid;
        let parts: [&[u8]; 34] = [
            &self.version.to_le_bytes(),
            &self.guest_svn.to_le_bytes(),
            &self.policy.to_le_bytes(),
            &self.family_id,
            &self.image_id,
            &self.vmpl.to_le_bytes(),
            &self.signature_algorithm.to_le_bytes(),
            &self.current_tcb,
            &self.platform_info.to_le_bytes(),
            &self.key_info.to_le_bytes(),
            &[0; 4],
            &self.report_data,
            &self.measurement,
            &self.host_data,
            &self.id_key_digest,
            &self.author_key_digest,
            &self.report_id,
            &self.report_id_ma,
            &self.reported_tcb,
            &[family],
            &[model],
            &[stepping],
            &[0; 21],
            &self.chip_id,
            &self.committed_tcb,
            &self.current.encode(),
            &[0],
            &self.committed.encode(),
            &[0],
            &self.launch_tcb,
            &self.launch_mitigations.to_le_bytes(),
            &self.current_mitigations.to_le_bytes(),
            &[0; 32],
            &[0; 120],
        ];
        let mut bytes = [0; 0x2a0];
        let mut at = 0;
        for part in parts {
            // Safe: the parts add up to 0x2A0 bytes, whatever the fields hold.
            bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        bytes
    }

    /// Takes the first 0x2A0 bytes of a report apart; reserved bytes must be zero.
    pub fn decode(report: &[u8]) -> Result<Self, MintError> {
        let mut bytes = Bytes::new("the signed part of an SNP report", report);
        let (version, guest_svn, policy) = (bytes.u32()?, bytes.u32()?, bytes.u64()?);
        let (family_id, image_id) = (bytes.array()?, bytes.array()?);
        let (vmpl, signature_algorithm, current_tcb) = (bytes.u32()?, bytes.u32()?, bytes.array()?);
        let (platform_info, key_info) = (bytes.u64()?, bytes.u32()?);
        bytes.zeros::<4>()?;
        let (report_data, measurement, host_data) = (bytes.array()?, bytes.array()?, bytes.array()?);
        let (id_key_digest, author_key_digest) = (bytes.array()?, bytes.array()?);
        let (report_id, report_id_ma) = (bytes.array()?, bytes.array()?);
        let (reported_tcb, cpuid) = (bytes.array()?, bytes.array()?);
        bytes.zeros::<21>()?;
        let (chip_id, committed_tcb) = (bytes.array()?, bytes.array()?);
        let current = FirmwareVersion::decode(&mut bytes)?;
        let committed = FirmwareVersion::decode(&mut bytes)?;
        let launch_tcb = bytes.array()?;
        let (launch_mitigations, current_mitigations) = (bytes.u64()?, bytes.u64()?);
        bytes.zeros::<152>()?;
        Ok(Self {
            version,
            guest_svn,
            policy,
            family_id,
            image_id,
            vmpl,
            signature_algorithm,
            current_tcb,
            platform_info,
            key_info,
            report_data,
            measurement,
            host_data,
            id_key_digest,
            author_key_digest,
            report_id,
            report_id_ma,
            reported_tcb,
            cpuid,
            chip_id,
            committed_tcb,
            current,
            committed,
            launch_tcb,
            launch_mitigations,
            current_mitigations,
        })
    }

    /// The report signed with `key`, whichever key the fields name.
    pub fn sign(&self, key: &P384Key) -> Result<SignedReport, MintError> {
        let signed = self.encode();
        let signature = key.sign_fixed(&signed)?;
        let (r, s) = signature.split_at(48);
        let mut report = [0; 0x4a0];
        report[..0x2a0].copy_from_slice(&signed);
        write_reversed(&mut report[0x2a0..0x2d0], r);
        write_reversed(&mut report[0x2e8..0x318], s);
        Ok(report)
    }
}

impl FirmwareVersion {
    const fn encode(self) -> [u8; 3] {
        [self.build, self.minor, self.major]
    }

    fn decode(bytes: &mut Bytes<'_>) -> Result<Self, MintError> {
        let version = Self { build: bytes.u8()?, minor: bytes.u8()?, major: bytes.u8()? };
        bytes.zeros::<1>()?;
        Ok(version)
    }
}

/// The report keeps the signature's numbers little endian, 72 bytes wide (56860 table 142).
fn write_reversed(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from.iter().rev()) {
        *to = *from;
    }
}
