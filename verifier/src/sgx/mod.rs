//! Intel SGX: the enclave report and its claims. The quote around it is DCAP's and lives in [`crate::dcap`].

mod claims;
mod report;

pub use claims::claims;
pub use report::{
    ATTRIBUTE_AEX_NOTIFY, ATTRIBUTE_CET, ATTRIBUTE_DEBUG, ATTRIBUTE_EINITTOKEN_KEY, ATTRIBUTE_INIT,
    ATTRIBUTE_KSS, ATTRIBUTE_MODE64, ATTRIBUTE_PROVISION_KEY, ATTRIBUTES_RESERVED, ENCLAVE_REPORT_SIZE,
    EnclaveReport,
};
