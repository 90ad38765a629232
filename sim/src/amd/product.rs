//! What differs between the product lines.

use serde::{Deserialize, Serialize};

/// A product line with a hierarchy of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Product {
    /// Zen 3, family 19h models 00h to 0Fh.
    Milan,
    /// Zen 4, family 19h models 10h to 1Fh.
    Genoa,
    /// Zen 5, family 1Ah models 00h to 1Fh: another TCB layout and a hardware id of eight bytes.
    Turin,
}

/// Security patch levels of the firmware components; which byte holds which depends on the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tcb {
    /// The management controller's firmware; Turin only, zero elsewhere.
    pub fmc: u8,
    /// The boot loader.
    pub bootloader: u8,
    /// The secure processor's operating system.
    pub tee: u8,
    /// The SNP firmware.
    pub snp: u8,
    /// The CPU microcode.
    pub microcode: u8,
}

impl Product {
    /// All product lines.
    pub const ALL: [Self; 3] = [Self::Milan, Self::Genoa, Self::Turin];

    /// The name in the common names of the authorities and in KDS paths.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Milan => "Milan",
            Self::Genoa => "Genoa",
            Self::Turin => "Turin",
        }
    }

    /// The productName of a VCEK; Milan's carries the stepping.
    pub const fn vcek_product_name(self) -> &'static str {
        match self {
            Self::Milan => "Milan-B0",
            Self::Genoa => "Genoa",
            Self::Turin => "Turin",
        }
    }

    /// Family, model and stepping as CPUID gives them, extended bits included.
    pub const fn cpuid(self) -> [u8; 3] {
        match self {
            Self::Milan => [0x19, 0x01, 0x01],
            Self::Genoa => [0x19, 0x11, 0x01],
            Self::Turin => [0x1a, 0x02, 0x01],
        }
    }

    /// How many bytes of CHIP_ID identify the chip; the others are zero.
    pub const fn hardware_id_length(self) -> usize {
        match self {
            Self::Milan | Self::Genoa => 64,
            Self::Turin => 8,
        }
    }

    /// The version of the reports that current firmware writes.
    pub const fn report_version(self) -> u32 {
        match self {
            Self::Milan => 3,
            Self::Genoa | Self::Turin => 5,
        }
    }

    /// Patch levels of an up-to-date machine.
    pub const fn current_tcb(self) -> Tcb {
        match self {
            Self::Milan => Tcb { fmc: 0, bootloader: 4, tee: 0, snp: 29, microcode: 222 },
            Self::Genoa => Tcb { fmc: 0, bootloader: 10, tee: 0, snp: 29, microcode: 88 },
            Self::Turin => Tcb { fmc: 1, bootloader: 1, tee: 1, snp: 5, microcode: 80 },
        }
    }
}

impl Tcb {
    /// The eight bytes of TCB_VERSION in the product's layout (56860 table 3).
    pub const fn encode(self, product: Product) -> [u8; 8] {
        match product {
            Product::Milan | Product::Genoa => {
                [self.bootloader, self.tee, 0, 0, 0, 0, self.snp, self.microcode]
            }
            Product::Turin => [self.fmc, self.bootloader, self.tee, self.snp, 0, 0, 0, self.microcode],
        }
    }
}
