//! Intel SGX: the enclave report and its claims. The quote around it is DCAP's and lives in [`crate::dcap`].

mod claims;
mod report;

pub use claims::claims;
pub use report::{
    ATTRIBUTE_DEBUG, ATTRIBUTE_KSS, ATTRIBUTE_PROVISION_KEY, ENCLAVE_REPORT_SIZE, EnclaveReport,
};
