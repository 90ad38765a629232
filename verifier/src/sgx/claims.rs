//! An enclave's own claims.

use crate::check::Fact;
use crate::sgx::EnclaveReport;

/// The fields of an enclave report under their names.
pub fn claims(report: &EnclaveReport) -> Fact {
    Fact::Map(vec![
        ("mr_enclave", report.mr_enclave.into()),
        ("mr_signer", report.mr_signer.into()),
        ("isv_prod_id", report.isv_prod_id.into()),
        ("isv_svn", report.isv_svn.into()),
        ("isv_ext_prod_id", report.isv_ext_prod_id.into()),
        ("isv_family_id", report.isv_family_id.into()),
        ("config_id", report.config_id.into()),
        ("config_svn", report.config_svn.into()),
        ("attributes", report.attributes.into()),
        ("debug", report.debug().into()),
        ("misc_select", report.misc_select.into()),
        ("cet_attributes", report.cet_attributes.into()),
        ("cpu_svn", report.cpu_svn.into()),
        ("report_data", report.report_data.into()),
    ])
}
