//! The event log that a TD's firmware, boot loader and agent leave, and the registers that it is extended into.
//!
//! Sources: TCG PC Client Platform Firmware Profile (section 10.2, records; 10.4.5.1, the Spec ID event), UEFI 2.10
//! section 38.4.1 (registers), and the form of real logs.

use sha2::{Digest, Sha384};

use crate::error::MintError;

/// A crypto-agile log before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventLogFields {
    /// The first event.
    pub header: LogHeader,
    /// The records after it.
    pub events: Vec<EventFields>,
    /// What follows the last record: firmware fills its area with 0xFF.
    pub filler: Vec<u8>,
}

/// The Spec ID event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogHeader {
    /// Its type: 3.
    pub event_type: u32,
    /// `Spec ID Event03` and a zero.
    pub signature: [u8; 16],
    /// Digest algorithms and the bytes of their digests.
    pub algorithms: Vec<(u16, u16)>,
    /// How many algorithms it says it declares, where that is another number.
    pub declared: Option<u32>,
    /// The size that it says it has, where it is another one.
    pub size: Option<u32>,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFields {
    /// The register: 0 is MRTD, 1 to 4 are RTMR0 to RTMR3.
    pub index: u32,
    /// The type.
    pub event_type: u32,
    /// Algorithms and digests.
    pub digests: Vec<(u16, Vec<u8>)>,
    /// How many digests it says it has, where that is another number.
    pub count: Option<u32>,
    /// What it says it is about.
    pub data: Vec<u8>,
    /// The size that it says its data has, where it is another one.
    pub size: Option<u32>,
}

impl EventLogFields {
    /// A log without records.
    pub fn empty() -> Self {
        let header = LogHeader {
            event_type: NO_ACTION,
            signature: *b"Spec ID Event03\0",
            algorithms: vec![(SHA384, 48)],
            declared: None,
            size: None,
        };
        Self { header, events: Vec::new(), filler: vec![0xFF; 64] }
    }

    /// A boot with secure boot through a boot loader, and two entries of CoCo's attestation agent.
    pub fn booted() -> Self {
        let mut log = Self::empty();
        let secure_boot = variable(GLOBAL, "SecureBoot", &[1]);
        let order = variable(GLOBAL, "BootOrder", &[1, 0, 0, 0]);
        let option = [&[1, 0, 0, 0, 4, 0][..], &utf16("Linux"), &[0, 0, 0x7F, 0xFF, 4, 0]].concat();
        let boot = variable(GLOBAL, "Boot0001", &option);
        let command_line = "/boot/vmlinuz root=/dev/vda1 ro";
        log.events = vec![
            EventFields::of(1, 0x8000_000B, b"the hand-off tables", b"\x09TdxTable\0"),
            EventFields::measured(1, 0x8000_0001, &secure_boot),
            EventFields::measured(1, 4, &[0; 4]),
            EventFields::of(1, 10, b"the ACPI tables", b"ACPI DATA"),
            EventFields::of(1, 0x8000_0002, &[1, 0, 0, 0], &order),
            EventFields::of(1, 0x8000_0002, &option, &boot),
            EventFields::measured(2, 0x8000_0007, b"Calling EFI Application from Boot Option"),
            EventFields::measured(2, 4, &[0; 4]),
            EventFields::of(2, 0x8000_0003, b"the boot loader", &application("\\EFI\\BOOT\\BOOTX64.EFI")),
            EventFields::labelled(3, "grub_cmd: ", "linux /boot/vmlinuz root=/dev/vda1 ro"),
            EventFields::of(3, 13, b"the kernel", b"/boot/vmlinuz\0"),
            EventFields::labelled(3, "kernel_cmdline: ", command_line),
            EventFields::of(3, 6, b"the options", &tagged(0x8F3B_22ED, b"LOADED_IMAGE::LoadOptions\0")),
            EventFields::of(3, 6, b"the initrd", &tagged(0x8F3B_22EC, b"Linux initrd\0")),
            EventFields::measured(2, 0x8000_0007, b"Exit Boot Services Returned with Success"),
            EventFields::aael("example.com load-policy sha384:00"),
            EventFields::aael("github.com/confidential-containers PullImage {\"image\": \"alpine\"}"),
        ];
        log
    }

    /// The registers of a TD whose log this is: SHA-384 extended from zero, record after record.
    pub fn rtmrs(&self) -> [[u8; 48]; 4] {
        let mut registers = [[0; 48]; 4];
        for event in &self.events {
            let digest = event.digests.iter().find(|(algorithm, _)| *algorithm == SHA384);
            let place = usize::try_from(event.index).ok().and_then(|index| index.checked_sub(1));
            let register = place.and_then(|place| registers.get_mut(place));
            if let (Some((_, digest)), Some(register)) = (digest, register)
                && event.event_type != NO_ACTION
            {
                *register = Sha384::new().chain_update(*register).chain_update(digest).finalize().into();
            }
        }
        registers
    }

    /// The bytes of the log.
    pub fn encode(&self) -> Result<Vec<u8>, MintError> {
        let mut bytes = self.header.encode()?;
        for event in &self.events {
            bytes.extend(event.encode()?);
        }
        bytes.extend(&self.filler);
        Ok(bytes)
    }
}

impl EventFields {
    /// A record whose digest is of `content`.
    pub fn of(index: u32, event_type: u32, content: &[u8], data: &[u8]) -> Self {
        let digests = vec![(SHA384, Sha384::digest(content).to_vec())];
        Self { index, event_type, digests, count: None, data: data.to_vec(), size: None }
    }

    /// A record whose digest is of its data.
    pub fn measured(index: u32, event_type: u32, data: &[u8]) -> Self {
        Self::of(index, event_type, data, data)
    }

    /// A boot loader's record: the digest is of the text, and not of the label before it.
    pub fn labelled(index: u32, label: &str, text: &str) -> Self {
        Self::of(index, 13, text.as_bytes(), format!("{label}{text}\0").as_bytes())
    }

    /// A record of CoCo's attestation agent.
    pub fn aael(text: &str) -> Self {
        Self::measured(4, 6, &tagged(0x4141_454C, text.as_bytes()))
    }

    fn encode(&self) -> Result<Vec<u8>, MintError> {
        let mut bytes = Vec::new();
        bytes.extend(self.index.to_le_bytes());
        bytes.extend(self.event_type.to_le_bytes());
        let count = length("the digests of an event", self.digests.len())?;
        bytes.extend(self.count.unwrap_or(count).to_le_bytes());
        for (algorithm, digest) in &self.digests {
            bytes.extend(algorithm.to_le_bytes());
            bytes.extend(digest);
        }
        let size = length("the data of an event", self.data.len())?;
        bytes.extend(self.size.unwrap_or(size).to_le_bytes());
        bytes.extend(&self.data);
        Ok(bytes)
    }
}

impl LogHeader {
    fn encode(&self) -> Result<Vec<u8>, MintError> {
        let mut event = self.signature.to_vec();
        // Platform class 0, version 2.0, errata 0, UINTN of 64 bits.
        event.extend([0, 0, 0, 0, 0, 2, 0, 2]);
        let count = length("the algorithms of a log", self.algorithms.len())?;
        event.extend(self.declared.unwrap_or(count).to_le_bytes());
        for (algorithm, size) in &self.algorithms {
            event.extend(algorithm.to_le_bytes());
            event.extend(size.to_le_bytes());
        }
        event.push(0);
        let mut bytes = 1_u32.to_le_bytes().to_vec();
        bytes.extend(self.event_type.to_le_bytes());
        bytes.extend([0; 20]);
        let size = length("the header of a log", event.len())?;
        bytes.extend(self.size.unwrap_or(size).to_le_bytes());
        bytes.extend(event);
        Ok(bytes)
    }
}

/// UEFI_VARIABLE_DATA.
pub fn variable(namespace: [u8; 16], name: &str, value: &[u8]) -> Vec<u8> {
    let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes();
    let mut data = namespace.to_vec();
    data.extend(count(name.encode_utf16().count()));
    data.extend(count(value.len()));
    data.extend(utf16(name));
    data.extend(value);
    data
}

/// TCG_PCClientTaggedEvent.
pub fn tagged(tag: u32, data: &[u8]) -> Vec<u8> {
    let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
    [&tag.to_le_bytes()[..], &size.to_le_bytes(), data].concat()
}

/// UTF-16, little-endian, without a terminator.
pub fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// UEFI_IMAGE_LOAD_EVENT of a file.
fn application(file: &str) -> Vec<u8> {
    let name = [utf16(file), vec![0, 0]].concat();
    let node = u16::try_from(name.len().saturating_add(4)).unwrap_or(u16::MAX);
    let path = [&[4, 4][..], &node.to_le_bytes(), &name, &[0x7F, 0xFF, 4, 0]].concat();
    let size = u64::try_from(path.len()).unwrap_or(u64::MAX);
    [&[0; 24][..], &size.to_le_bytes(), &path].concat()
}

fn length(field: &'static str, length: usize) -> Result<u32, MintError> {
    u32::try_from(length).map_err(|_| MintError::TooLong { field, length })
}

/// EFI_GLOBAL_VARIABLE, 8be4df61-93ca-11d2-aa0d-00e098032b8c.
pub const GLOBAL: [u8; 16] =
    [0x61, 0xDF, 0xE4, 0x8B, 0xCA, 0x93, 0xD2, 0x11, 0xAA, 0x0D, 0x00, 0xE0, 0x98, 0x03, 0x2B, 0x8C];
/// TPM_ALG_SHA384.
pub const SHA384: u16 = 0xC;
/// EV_NO_ACTION.
const NO_ACTION: u32 = 3;
