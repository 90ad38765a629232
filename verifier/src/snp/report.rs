//! The attestation report's wire format (AMD 56860 section 7.3, structure ATTESTATION_REPORT).

use core::fmt;

use super::error::ReportError;
use super::product::Processor;
use crate::reader::Reader;

/// Size of a report in bytes.
pub const REPORT_SIZE: usize = 0x4A0;

/// Size of the part that the signature covers: everything before it.
pub const SIGNED_SIZE: usize = 0x2A0;

/// A report as received, of version 2, 3, 4 or 5; every field by reference, nothing judged but its form.
///
/// Numbers are little endian on the wire. The four TCB versions stay raw: what their bytes mean depends on the
/// product (see [`super::Tcb`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report<'a> {
    /// 0x000..0x2A0: the bytes that the signature covers, as received.
    pub signed: &'a [u8; SIGNED_SIZE],
    /// 0x000 VERSION.
    pub version: u32,
    /// 0x004 GUEST_SVN, from the ID block.
    pub guest_svn: u32,
    /// 0x008 POLICY: the guest policy's bits.
    pub policy: u64,
    /// 0x010 FAMILY_ID, from the ID block.
    pub family_id: &'a [u8; 16],
    /// 0x020 IMAGE_ID, from the ID block.
    pub image_id: &'a [u8; 16],
    /// 0x030 VMPL that asked for the report; 0 is the most privileged.
    pub vmpl: u32,
    /// 0x034 SIGNATURE_ALGO; 1 is ECDSA P-384 with SHA-384.
    pub signature_algorithm: u32,
    /// 0x038 CURRENT_TCB.
    pub current_tcb: &'a [u8; 8],
    /// 0x040 PLATFORM_INFO: the platform's bits.
    pub platform_info: u64,
    /// 0x048 bit 0, AUTHOR_KEY_EN: AUTHOR_KEY_DIGEST holds a digest.
    pub author_key_en: bool,
    /// 0x048 bit 1, MASK_CHIP_KEY: the firmware does not sign with the chip's key.
    pub mask_chip_key: bool,
    /// 0x048 bits 4:2, SIGNING_KEY: 0 VCEK, 1 VLEK, 7 none, others reserved.
    pub signing_key: u8,
    /// 0x050 REPORT_DATA, given by the guest.
    pub report_data: &'a [u8; 64],
    /// 0x090 MEASUREMENT at launch.
    pub measurement: &'a [u8; 48],
    /// 0x0C0 HOST_DATA, given by the host at launch.
    pub host_data: &'a [u8; 32],
    /// 0x0E0 ID_KEY_DIGEST, SHA-384 of the key that signed the ID block.
    pub id_key_digest: &'a [u8; 48],
    /// 0x110 AUTHOR_KEY_DIGEST, SHA-384 of the key that certified the ID key.
    pub author_key_digest: &'a [u8; 48],
    /// 0x140 REPORT_ID.
    pub report_id: &'a [u8; 32],
    /// 0x160 REPORT_ID_MA: the migration agent's report id.
    pub report_id_ma: &'a [u8; 32],
    /// 0x180 REPORTED_TCB: the TCB that the signing key was derived for.
    pub reported_tcb: &'a [u8; 8],
    /// 0x188 CPUID family, model and stepping; since version 3.
    pub processor: Option<Processor>,
    /// 0x1A0 CHIP_ID; zero if it is masked.
    pub chip_id: &'a [u8; 64],
    /// 0x1E0 COMMITTED_TCB.
    pub committed_tcb: &'a [u8; 8],
    /// 0x1E8 CURRENT_BUILD, CURRENT_MINOR, CURRENT_MAJOR.
    pub current: Firmware,
    /// 0x1EC COMMITTED_BUILD, COMMITTED_MINOR, COMMITTED_MAJOR.
    pub committed: Firmware,
    /// 0x1F0 LAUNCH_TCB.
    pub launch_tcb: &'a [u8; 8],
    /// 0x1F8 LAUNCH_MIT_VECTOR; since version 5.
    pub launch_mit_vector: Option<u64>,
    /// 0x200 CURRENT_MIT_VECTOR; since version 5.
    pub current_mit_vector: Option<u64>,
    /// 0x2A0 R, little endian; the upper 24 of its 72 bytes are zero.
    pub signature_r: &'a [u8; 48],
    /// 0x2E8 S, little endian; the upper 24 of its 72 bytes are zero.
    pub signature_s: &'a [u8; 48],
}

/// The version of the SNP firmware.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Firmware {
    /// Major version.
    pub major: u8,
    /// Minor version.
    pub minor: u8,
    /// Build number.
    pub build: u8,
}

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, build } = self;
        write!(f, "{major}.{minor}.{build}")
    }
}

impl<'a> Report<'a> {
    /// Parses exactly [`REPORT_SIZE`] bytes. Reserved ranges must be zero; reserved bits of POLICY and
    /// PLATFORM_INFO are kept for the appraisal.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ReportError> {
        let bytes: &'a [u8; REPORT_SIZE] =
            bytes.try_into().map_err(|_| ReportError::Size { expected: REPORT_SIZE, actual: bytes.len() })?;
        let signed = Reader::new(REPORT, bytes).array_ref::<SIGNED_SIZE>()?;

        let mut reader = Reader::new(REPORT, bytes);
        let version = reader.u32_le()?;
        if !(MIN_VERSION..=MAX_VERSION).contains(&version) {
            return Err(ReportError::Version { actual: version });
        }
        let guest_svn = reader.u32_le()?;
        let policy = reader.u64_le()?;
        let family_id = reader.array_ref()?;
        let image_id = reader.array_ref()?;
        let vmpl = reader.u32_le()?;
        let signature_algorithm = reader.u32_le()?;
        let current_tcb = reader.array_ref()?;
        let platform_info = reader.u64_le()?;
        let key_info = reader.u32_le()?;
        if key_info & KEY_INFO_RESERVED != 0 {
            return Err(ReportError::KeyInfo { actual: key_info });
        }
        reader.reserved(4)?;
        let report_data = reader.array_ref()?;
        let measurement = reader.array_ref()?;
        let host_data = reader.array_ref()?;
        let id_key_digest = reader.array_ref()?;
        let author_key_digest = reader.array_ref()?;
        let report_id = reader.array_ref()?;
        let report_id_ma = reader.array_ref()?;
        let reported_tcb = reader.array_ref()?;
        let processor = processor(&mut reader, version)?;
        let chip_id = reader.array_ref()?;
        let committed_tcb = reader.array_ref()?;
        let current = firmware(&mut reader)?;
        let committed = firmware(&mut reader)?;
        let launch_tcb = reader.array_ref()?;
        let (launch_mit_vector, current_mit_vector) = mitigations(&mut reader, version)?;
        let signature_r = scalar(&mut reader)?;
        let signature_s = scalar(&mut reader)?;
        reader.reserved(SIGNATURE_TAIL)?;
        reader.finish()?;

        Ok(Self {
            signed,
            version,
            guest_svn,
            policy,
            family_id,
            image_id,
            vmpl,
            signature_algorithm,
            current_tcb,
            platform_info,
            author_key_en: key_info & 1 != 0,
            mask_chip_key: key_info & 2 != 0,
            signing_key: signing_key(key_info),
            report_data,
            measurement,
            host_data,
            id_key_digest,
            author_key_digest,
            report_id,
            report_id_ma,
            reported_tcb,
            processor,
            chip_id,
            committed_tcb,
            current,
            committed,
            launch_tcb,
            launch_mit_vector,
            current_mit_vector,
            signature_r,
            signature_s,
        })
    }

    /// The signature as r||s, big endian, 48 bytes each.
    pub fn signature(&self) -> [u8; 96] {
        let mut fixed = [0; 96];
        let big_endian = self.signature_r.iter().rev().chain(self.signature_s.iter().rev());
        for (byte, value) in fixed.iter_mut().zip(big_endian) {
            *byte = *value;
        }
        fixed
    }
}

/// 0x188..0x1A0: reserved in version 2; CPUID values and 21 reserved bytes since version 3.
fn processor(reader: &mut Reader<'_>, version: u32) -> Result<Option<Processor>, ReportError> {
    if version < PROCESSOR_SINCE {
        reader.reserved(24)?;
        return Ok(None);
    }
    let [family, model, stepping] = reader.array()?;
    reader.reserved(21)?;
    Ok(Some(Processor { family, model, stepping }))
}

/// 0x1F8..0x2A0: reserved up to version 4; two vectors and 152 reserved bytes since version 5.
fn mitigations(reader: &mut Reader<'_>, version: u32) -> Result<(Option<u64>, Option<u64>), ReportError> {
    if version < MITIGATIONS_SINCE {
        reader.reserved(168)?;
        return Ok((None, None));
    }
    let (launch, current) = (reader.u64_le()?, reader.u64_le()?);
    reader.reserved(152)?;
    Ok((Some(launch), Some(current)))
}

fn firmware(reader: &mut Reader<'_>) -> Result<Firmware, ReportError> {
    let [build, minor, major] = reader.array()?;
    reader.reserved(1)?;
    Ok(Firmware { major, minor, build })
}

/// One number of the signature: 72 bytes little endian of which a P-384 scalar fills 48 (AMD 56860, ECDSA P-384 signature format).
fn scalar<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8; 48], ReportError> {
    let number = reader.array_ref()?;
    reader.reserved(24)?;
    Ok(number)
}

fn signing_key(key_info: u32) -> u8 {
    let [low, ..] = key_info.to_le_bytes();
    low >> 2 & 0b111
}

const REPORT: &str = "SNP report";
const MIN_VERSION: u32 = 2;
const MAX_VERSION: u32 = 5;
const PROCESSOR_SINCE: u32 = 3;
const MITIGATIONS_SINCE: u32 = 5;
/// 0x048 bits 31:5.
const KEY_INFO_RESERVED: u32 = !0b1_1111;
/// 0x330..0x4A0.
const SIGNATURE_TAIL: usize = 0x170;
