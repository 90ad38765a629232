//! AMD SEV-SNP: attestation reports and the vendor hierarchy ARK → ASK → VCEK and ARK → ASVK → VLEK;
//! and the image owner's ID blocks.
//!
//! Sources: AMD 56860 (SEV-SNP firmware ABI), AMD 57230 (VCEK and KDS), AMD 58369 (VLEK),
//! and the form of real reports and certificates.

mod chip;
mod id_block;
mod product;
mod report;
mod table;
mod vendor;

pub use chip::{Chip, SigningChoice};
pub use id_block::{IdBlockFields, OwnerKeys, key_digest};
pub use product::{Product, Tcb};
pub use report::{FirmwareVersion, ReportFields, SignedReport};
pub use table::{CertificateTableEntry, certificate_table, guid};
pub use vendor::{AmdVendor, PssEncoding, oid, pss_algorithm};

#[cfg(test)]
mod tests;
