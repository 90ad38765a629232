//! Where each field stands among the 1184 bytes.

use super::bytes::Bytes;
use super::{Firmware, REPORT_BYTES, Report, Signature, Tcb};
use crate::evidence::EvidenceError;

/// Reads the fields and refuses what they would not write back.
pub(super) fn read(bytes: &[u8; REPORT_BYTES]) -> Result<Report, EvidenceError> {
    let version = u32::from_le_bytes(at(bytes, 0x00));
    if !(2..=5).contains(&version) {
        return Err(EvidenceError::ReportVersion { actual: version });
    }
    let turin = has_fmc(bytes, version);
    let cpuid = |offset| (version >= 3).then(|| byte(bytes, offset));
    let vector = |offset| (version >= 5).then(|| u64::from_le_bytes(at(bytes, offset)));
    let report = Report {
        version,
        guest_svn: u32::from_le_bytes(at(bytes, 0x04)),
        policy: u64::from_le_bytes(at(bytes, 0x08)),
        family_id: Bytes(at(bytes, 0x10)),
        image_id: Bytes(at(bytes, 0x20)),
        vmpl: u32::from_le_bytes(at(bytes, 0x30)),
        sig_algo: u32::from_le_bytes(at(bytes, 0x34)),
        current_tcb: Tcb::read(at(bytes, 0x38), turin),
        plat_info: u64::from_le_bytes(at(bytes, 0x40)),
        key_info: u32::from_le_bytes(at(bytes, 0x48)),
        report_data: Bytes(at(bytes, 0x50)),
        measurement: Bytes(at(bytes, 0x90)),
        host_data: Bytes(at(bytes, 0xC0)),
        id_key_digest: Bytes(at(bytes, 0xE0)),
        author_key_digest: Bytes(at(bytes, 0x110)),
        report_id: Bytes(at(bytes, 0x140)),
        report_id_ma: Bytes(at(bytes, 0x160)),
        reported_tcb: Tcb::read(at(bytes, 0x180), turin),
        cpuid_fam_id: cpuid(CPUID_FAMILY),
        cpuid_mod_id: cpuid(0x189),
        cpuid_step: cpuid(0x18A),
        chip_id: Bytes(at(bytes, CHIP_ID)),
        committed_tcb: Tcb::read(at(bytes, 0x1E0), turin),
        current: Firmware::read(at(bytes, 0x1E8)),
        committed: Firmware::read(at(bytes, 0x1EC)),
        launch_tcb: Tcb::read(at(bytes, 0x1F0), turin),
        launch_mit_vector: vector(0x1F8),
        current_mit_vector: vector(0x200),
        signature: Signature { r: Bytes(at(bytes, 0x2A0)), s: Bytes(at(bytes, 0x2E8)) },
    };
    match write(&report)?.iter().zip(bytes).position(|(written, given)| written != given) {
        None => Ok(report),
        Some(offset) => Err(EvidenceError::NotCarried { offset }),
    }
}

/// Writes the fields, all else zero.
pub(super) fn write(report: &Report) -> Result<[u8; REPORT_BYTES], EvidenceError> {
    let version = report.version;
    if !(2..=5).contains(&version) {
        return Err(EvidenceError::ReportVersion { actual: version });
    }
    let mut bytes = [0; REPORT_BYTES];
    put(&mut bytes, 0x00, &version.to_le_bytes());
    put(&mut bytes, 0x04, &report.guest_svn.to_le_bytes());
    put(&mut bytes, 0x08, &report.policy.to_le_bytes());
    put(&mut bytes, 0x10, &report.family_id.0);
    put(&mut bytes, 0x20, &report.image_id.0);
    put(&mut bytes, 0x30, &report.vmpl.to_le_bytes());
    put(&mut bytes, 0x34, &report.sig_algo.to_le_bytes());
    put(&mut bytes, 0x38, &report.current_tcb.to_bytes());
    put(&mut bytes, 0x40, &report.plat_info.to_le_bytes());
    put(&mut bytes, 0x48, &report.key_info.to_le_bytes());
    put(&mut bytes, 0x50, &report.report_data.0);
    put(&mut bytes, 0x90, &report.measurement.0);
    put(&mut bytes, 0xC0, &report.host_data.0);
    put(&mut bytes, 0xE0, &report.id_key_digest.0);
    put(&mut bytes, 0x110, &report.author_key_digest.0);
    put(&mut bytes, 0x140, &report.report_id.0);
    put(&mut bytes, 0x160, &report.report_id_ma.0);
    put(&mut bytes, 0x180, &report.reported_tcb.to_bytes());
    put(&mut bytes, CPUID_FAMILY, &cpuid(report)?);
    put(&mut bytes, CHIP_ID, &report.chip_id.0);
    put(&mut bytes, 0x1E0, &report.committed_tcb.to_bytes());
    put(&mut bytes, 0x1E8, &report.current.to_bytes());
    put(&mut bytes, 0x1EC, &report.committed.to_bytes());
    put(&mut bytes, 0x1F0, &report.launch_tcb.to_bytes());
    put(&mut bytes, 0x1F8, &vector("launch_mit_vector", version, report.launch_mit_vector)?);
    put(&mut bytes, 0x200, &vector("current_mit_vector", version, report.current_mit_vector)?);
    put(&mut bytes, 0x2A0, &report.signature.r.0);
    put(&mut bytes, 0x2E8, &report.signature.s.0);
    Ok(bytes)
}

impl Tcb {
    fn read([a, b, c, d, _, _, e, f]: [u8; 8], turin: bool) -> Self {
        if turin {
            return Self { fmc: Some(a), bootloader: b, tee: c, snp: d, microcode: f };
        }
        Self { fmc: None, bootloader: a, tee: b, snp: e, microcode: f }
    }

    const fn to_bytes(&self) -> [u8; 8] {
        match self.fmc {
            Some(fmc) => [fmc, self.bootloader, self.tee, self.snp, 0, 0, 0, self.microcode],
            None => [self.bootloader, self.tee, 0, 0, 0, 0, self.snp, self.microcode],
        }
    }
}

impl Firmware {
    const fn read([build, minor, major]: [u8; 3]) -> Self {
        Self { major, minor, build }
    }

    const fn to_bytes(&self) -> [u8; 3] {
        [self.build, self.minor, self.major]
    }
}

/// Whether TCB versions have Turin's layout; the rule of `sev`, whose form this is.
///
/// From version 3 on the CPU family says so. A report of version 2 has no family: there the chip's id does, which
/// has 8 bytes from Turin on and 64 before. A masked id (all zero) counts as the older layout.
fn has_fmc(bytes: &[u8; REPORT_BYTES], version: u32) -> bool {
    if version >= 3 {
        return byte(bytes, CPUID_FAMILY) >= FAMILY_1AH;
    }
    let chip_id: [u8; 64] = at(bytes, CHIP_ID);
    let (id, rest) = chip_id.split_at(8);
    id.iter().any(|byte| *byte != 0) && rest.iter().all(|byte| *byte == 0)
}

/// The three CPUID bytes: present from version 3 on, null before.
fn cpuid(report: &Report) -> Result<[u8; 3], EvidenceError> {
    let version = report.version;
    let fields = [
        ("cpuid_fam_id", report.cpuid_fam_id),
        ("cpuid_mod_id", report.cpuid_mod_id),
        ("cpuid_step", report.cpuid_step),
    ];
    let mut bytes = [0; 3];
    for (to, (member, value)) in bytes.iter_mut().zip(fields) {
        *to = match (version, value) {
            (2, None) => 0,
            (3.., Some(value)) => value,
            _ => return Err(EvidenceError::Member { member, version }),
        };
    }
    Ok(bytes)
}

/// A mitigation vector: present from version 5 on, null before.
fn vector(member: &'static str, version: u32, value: Option<u64>) -> Result<[u8; 8], EvidenceError> {
    match (version, value) {
        (5.., Some(value)) => Ok(value.to_le_bytes()),
        (..5, None) => Ok([0; 8]),
        _ => Err(EvidenceError::Member { member, version }),
    }
}

fn byte(bytes: &[u8; REPORT_BYTES], offset: usize) -> u8 {
    let [byte] = at(bytes, offset);
    byte
}

/// `N` bytes at a constant offset.
fn at<const N: usize>(bytes: &[u8; REPORT_BYTES], offset: usize) -> [u8; N] {
    // Safe: every offset is a constant of this file, and the unit tests read every field.
    bytes.get(offset..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

fn put(bytes: &mut [u8; REPORT_BYTES], offset: usize, field: &[u8]) {
    for (to, from) in bytes.iter_mut().skip(offset).zip(field) {
        *to = *from;
    }
}

const CHIP_ID: usize = 0x1A0;
const CPUID_FAMILY: usize = 0x188;

/// Zen 5: Turin and what follows.
const FAMILY_1AH: u8 = 0x1A;
