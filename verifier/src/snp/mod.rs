//! AMD SEV-SNP: the attestation report, what vouches for it, and what it claims.
//!
//! ```text
//! 1184 bytes ─ Report::parse ─▶ Report<'_> ─ verify(carried, endorsements, anchors, expected, now) ─▶ VerifiedSnp
//!                                              ARK → ASK/ASVK → VCEK/VLEK → report                     └ Facts
//! ```
//!
//! Debug, VMPL, policy and platform bits are facts here and judged in the appraisal.
//!
//! An ID block among the endorsements is the image owner's signature over the launched guest: checked against the
//! report's digests, and a fact like the others.
//!
//! Sources: AMD 56860 (SEV-SNP firmware ABI, revision 1.58), AMD 57230 (VCEK certificates and KDS), AMD 58369
//! (VLEK certificates), AMD 56421 (GHCB, extended guest request).

mod bits;
mod candidates;
mod claims;
mod endorsed;
mod endorsement;
mod error;
mod facts;
mod id_block;
mod product;
mod report;
mod table;
mod tcb;
mod verify;

#[cfg(test)]
mod tests;

pub(crate) use self::endorsement::{Vek, recognise};

pub use self::bits::{GuestPolicy, PlatformBit, PlatformInfo, PolicyBit, is_set};
pub use self::claims::claims;
pub use self::error::{ExtensionError, IdBlockError, ReportError, SnpError};
pub use self::facts::{Facts, Mitigation, VerifiedSnp};
pub use self::id_block::{IdBlock, IdBlockMismatch, IdBlockState};
pub use self::product::{Processor, Product, SigningKey};
pub use self::report::{Firmware, REPORT_SIZE, Report, SIGNED_SIZE};
pub use self::table::parse_certificate_table;
pub use self::tcb::Tcb;
pub use self::verify::verify;
