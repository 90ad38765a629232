//! TCB versions by each product's layout.

use core::fmt;

use super::error::SnpError;
use super::product::Product;

/// The security versions of the parts of a platform's TCB (AMD 56860 section 2.2, structure TCB_VERSION).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcb {
    /// The FMC's; Turin alone has one.
    pub fmc: Option<u8>,
    /// The PSP boot loader's.
    pub bootloader: u8,
    /// The PSP operating system's.
    pub tee: u8,
    /// The SNP firmware's.
    pub snp: u8,
    /// The microcode's patch level.
    pub microcode: u8,
}

impl Tcb {
    /// Reads the eight bytes of the report's field `field` by the product's layout; reserved bytes must be zero.
    pub fn decode(product: Product, field: &'static str, raw: &[u8; 8]) -> Result<Self, SnpError> {
        let (tcb, reserved) = match (product, *raw) {
            (Product::Milan | Product::Genoa, [bootloader, tee, a, b, c, d, snp, microcode]) => {
                (Self { fmc: None, bootloader, tee, snp, microcode }, a | b | c | d)
            }
            (Product::Turin, [fmc, bootloader, tee, snp, a, b, c, microcode]) => {
                (Self { fmc: Some(fmc), bootloader, tee, snp, microcode }, a | b | c)
            }
        };
        if reserved == 0 { Ok(tcb) } else { Err(SnpError::TcbReserved { product, field, actual: *raw }) }
    }
}

impl fmt::Display for Tcb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(fmc) = self.fmc {
            write!(f, "fmc {fmc} ")?;
        }
        let Self { bootloader, tee, snp, microcode, .. } = self;
        write!(f, "bootloader {bootloader} tee {tee} snp {snp} microcode {microcode}")
    }
}
