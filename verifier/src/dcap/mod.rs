//! Intel DCAP: the quote around a TDX or SGX report, the collateral that judges its platform, and the one function
//! that verifies it.
//!
//! ```text
//! bytes ─ Quote::parse ─▶ Quote<'_> ─ verify(endorsements, anchors, expected, now) ─▶ VerifiedQuote
//!                                              ▲
//!   PCS JSON ─ TcbInfo::parse, QeIdentity::parse (once; signatures are proved once for each key)
//! ```
//!
//! The bodies live in [`crate::sgx`] and [`crate::tdx`]. What this does not do: judge a debug bit, attributes,
//! measurements or a TCB status. They are facts here and judged in the appraisal.

mod certification;
mod chain;
mod collateral;
mod error;
mod facts;
mod json;
mod judge;
mod pck;
mod qe_identity;
mod quote;
mod raw_tcb_info;
mod select;
mod status;
mod steps;
mod tcb;
mod tcb_info;
mod verify;

pub use certification::{Certification, CertificationType};
pub use collateral::CollateralError;
pub use error::DcapError;
pub use facts::{Facts, PckCa, claims};
pub use pck::{Configuration, PckError, PckExtension, SGX_EXTENSION, SgxType};
pub use qe_identity::{QeEnclave, QeIdentity, SvnLevel};
pub use quote::{Body, Header, INTEL_QE_VENDOR, MAX_TRAILING, Quote, QuoteError};
pub(crate) use select::TCB_SIGNER_NAME;
pub use status::TcbStatus;
pub use tcb::{CurrentTcb, Tcb, TcbOutcome, TcbPart};
pub use tcb_info::{PlatformLevel, TcbInfo, TdxModule, TdxModuleVersion};
pub use verify::{VerifiedQuote, verify};
