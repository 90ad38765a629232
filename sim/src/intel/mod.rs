//! Intel DCAP: quotes of SGX enclaves and TDX guests, the PCK hierarchy, and the collateral that judges them.
//!
//! Sources: Intel SGX DCAP quote library API (appendix A, quote v3), Intel TDX DCAP quote library API
//! (appendix 3, quotes v4 and v5), `sgx_quote_5.h` (body type 4), Intel SGX PCK certificate and CRL profile,
//! Intel PCS API v4 (TCB info v3, enclave identity v2), and the form of real objects.

mod body;
mod collateral;
pub mod event_log;
mod identity;
mod machine;
mod pck;
mod quote;
mod signature;
mod vendor;

pub use body::{EnclaveReport, QuoteBody, TdReport, TdReport15, TdReport15Ex};
pub use collateral::{Collateral, CollateralFields};
pub use identity::{
    QeIdentityFields, QeTcb, QeTcbLevel, TcbComponent, TcbInfoFields, TcbLevel, TcbSvns, TdxModule,
    TdxModuleIdentity,
};
pub use machine::{IntelMachine, QuoteForm};
pub use pck::{PckConfiguration, SgxExtension, oid};
pub use quote::{QuoteFields, QuoteHeader};
pub use signature::{QuoteSignature, QuotingEnclave};
pub use vendor::{IntelVendor, PckCa};

#[cfg(test)]
mod tests;
