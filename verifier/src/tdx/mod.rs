//! Intel TDX: the TD report and its claims. The quote around it is DCAP's and lives in [`crate::dcap`].

mod claims;
mod report;

pub use claims::claims;
pub use report::{
    ATTRIBUTE_DEBUG, ATTRIBUTE_ICSSD, ATTRIBUTE_KEY_LOCKER, ATTRIBUTE_LASS, ATTRIBUTE_MIGRATABLE,
    ATTRIBUTE_PERFMON, ATTRIBUTE_PKS, ATTRIBUTE_SEPT_VE_DISABLE, ATTRIBUTE_SERVTD_EXT, ATTRIBUTE_TPA,
    ATTRIBUTES_RESERVED, ATTRIBUTES_UNDER_DEBUG, TD_REPORT_10_SIZE, TD_REPORT_15_EX_SIZE, TD_REPORT_15_SIZE,
    TdReport, TdReport15, TdReport15Ex,
};
