//! The two bit fields of a report, each bit by its name.

use serde::{Deserialize, Serialize};

/// The guest policy (AMD 56860 section 4.3): what the guest's owner allows the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestPolicy(pub u64);

/// A named bit of the guest policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyBit {
    /// Bit 16: simultaneous multithreading is allowed.
    Smt,
    /// Bit 18: a migration agent may move the guest.
    MigrateMa,
    /// Bit 19: the host may debug the guest, that is read and write its memory.
    Debug,
    /// Bit 20: one socket only.
    SingleSocket,
    /// Bit 21: CXL devices or memory are allowed.
    Cxl,
    /// Bit 22: AES-256-XTS is required for memory.
    #[serde(rename = "aes-256-xts")]
    Aes256Xts,
    /// Bit 23: running average power limit must be disabled.
    RaplDisabled,
    /// Bit 24: ciphertext hiding must be enabled.
    CiphertextHiding,
    /// Bit 25: the guest's pages may not be moved or swapped by firmware commands.
    PageSwapDisabled,
}

impl PolicyBit {
    /// Every named bit, lowest first.
    pub const ALL: [Self; 9] = [
        Self::Smt,
        Self::MigrateMa,
        Self::Debug,
        Self::SingleSocket,
        Self::Cxl,
        Self::Aes256Xts,
        Self::RaplDisabled,
        Self::CiphertextHiding,
        Self::PageSwapDisabled,
    ];

    /// Its number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Smt => 16,
            Self::MigrateMa => 18,
            Self::Debug => 19,
            Self::SingleSocket => 20,
            Self::Cxl => 21,
            Self::Aes256Xts => 22,
            Self::RaplDisabled => 23,
            Self::CiphertextHiding => 24,
            Self::PageSwapDisabled => 25,
        }
    }

    /// The name in policies and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Smt => "smt",
            Self::MigrateMa => "migrate-ma",
            Self::Debug => "debug",
            Self::SingleSocket => "single-socket",
            Self::Cxl => "cxl",
            Self::Aes256Xts => "aes-256-xts",
            Self::RaplDisabled => "rapl-disabled",
            Self::CiphertextHiding => "ciphertext-hiding",
            Self::PageSwapDisabled => "page-swap-disabled",
        }
    }
}

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

    /// Whether the bit is set.
    pub const fn has(self, bit: PolicyBit) -> bool {
        is_set(self.0, bit.number())
    }

    /// Bit 19: the host may debug the guest.
    pub const fn debug(self) -> bool {
        self.has(PolicyBit::Debug)
    }

    /// Bit 18: a migration agent may move the guest.
    pub const fn migrate_ma(self) -> bool {
        self.has(PolicyBit::MigrateMa)
    }

    /// Bits that no known version defines, and bit 17 if it is not one as it must be.
    pub const fn unknown_bits(self) -> u64 {
        (self.0 & !KNOWN_POLICY) | (!self.0 & MUST_BE_ONE)
    }

    /// Whether bit 17 is one, as it must be.
    pub const fn reserved_one(self) -> bool {
        self.0 & MUST_BE_ONE != 0
    }
}

/// The platform's properties (AMD 56860 section 7.3, PLATFORM_INFO).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlatformInfo(pub u64);

/// A named bit of PLATFORM_INFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlatformBit {
    /// Bit 0: simultaneous multithreading is on.
    Smt,
    /// Bit 1: transparent memory encryption is on.
    Tsme,
    /// Bit 2: the memory corrects errors.
    Ecc,
    /// Bit 3: running average power limit is disabled.
    RaplDisabled,
    /// Bit 4: ciphertext hiding is on.
    CiphertextHiding,
    /// Bit 5: since the last reset the firmware has looked for memory aliases and found none (AMD-SB-3015).
    AliasCheck,
    /// Bit 6: the IOMMU's writes to the host's memory are safe (AMD-SB-3016).
    IommuWriteSafe,
    /// Bit 7: trusted I/O is on.
    Tio,
}

impl PlatformBit {
    /// Every named bit, lowest first.
    pub const ALL: [Self; 8] = [
        Self::Smt,
        Self::Tsme,
        Self::Ecc,
        Self::RaplDisabled,
        Self::CiphertextHiding,
        Self::AliasCheck,
        Self::IommuWriteSafe,
        Self::Tio,
    ];

    /// Its number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Smt => 0,
            Self::Tsme => 1,
            Self::Ecc => 2,
            Self::RaplDisabled => 3,
            Self::CiphertextHiding => 4,
            Self::AliasCheck => 5,
            Self::IommuWriteSafe => 6,
            Self::Tio => 7,
        }
    }

    /// The name in policies and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Smt => "smt",
            Self::Tsme => "tsme",
            Self::Ecc => "ecc",
            Self::RaplDisabled => "rapl-disabled",
            Self::CiphertextHiding => "ciphertext-hiding",
            Self::AliasCheck => "alias-check",
            Self::IommuWriteSafe => "iommu-write-safe",
            Self::Tio => "tio",
        }
    }
}

impl PlatformInfo {
    /// Whether the bit is set.
    pub const fn has(self, bit: PlatformBit) -> bool {
        is_set(self.0, bit.number())
    }

    /// Bits that no known version defines.
    pub const fn unknown_bits(self) -> u64 {
        self.0 & !KNOWN_PLATFORM_INFO
    }
}

/// Whether bit `number` of `field` is set; there is none above 63.
pub const fn is_set(field: u64, number: u8) -> bool {
    number < 64 && field >> number & 1 == 1
}

/// Bit 17 is reserved and must be one.
const MUST_BE_ONE: u64 = 1 << 17;
/// Bits 0 to 25, up to PAGE_SWAP_DISABLE.
const KNOWN_POLICY: u64 = (1 << 26) - 1;
/// Bits 0 to 7, up to TIO_EN.
const KNOWN_PLATFORM_INFO: u64 = (1 << 8) - 1;
