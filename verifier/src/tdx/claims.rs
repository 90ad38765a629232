//! A trust domain's own claims.

use crate::check::Fact;
use crate::tdx::{TdReport, TdReport15Ex};

/// The fields of a TD report under their names.
pub fn claims(report: &TdReport) -> Fact {
    let [rtmr0, rtmr1, rtmr2, rtmr3] = report.rtmr;
    let mut claims = vec![
        ("mr_td", report.mr_td.into()),
        ("rtmr0", rtmr0.into()),
        ("rtmr1", rtmr1.into()),
        ("rtmr2", rtmr2.into()),
        ("rtmr3", rtmr3.into()),
        ("mr_config_id", report.mr_config_id.into()),
        ("mr_owner", report.mr_owner.into()),
        ("mr_owner_config", report.mr_owner_config.into()),
        ("mr_seam", report.mr_seam.into()),
        ("mr_signer_seam", report.mr_signer_seam.into()),
        ("seam_attributes", report.seam_attributes.into()),
        ("td_attributes", report.td_attributes.into()),
        ("debug", report.debug().into()),
        ("xfam", report.xfam.into()),
        ("tee_tcb_svn", report.tee_tcb_svn.into()),
        ("report_data", report.report_data.into()),
    ];
    if let Some(v15) = &report.v15 {
        claims.push(("tee_tcb_svn2", v15.tee_tcb_svn2.into()));
        claims.push(("mr_service_td", v15.mr_service_td.into()));
    }
    if let Some(v15_ex) = &report.v15_ex {
        claims.extend(extended_claims(v15_ex));
    }
    Fact::Map(claims)
}

fn extended_claims(report: &TdReport15Ex) -> [(&'static str, Fact); 10] {
    [
        ("vm_id", report.vm_id.into()),
        ("td_id", report.td_id.into()),
        ("dev_info", report.dev_info.into()),
        ("init_service_td_hash", report.init_service_td_hash.into()),
        ("init_service_td_attributes", report.init_service_td_attributes.into()),
        ("init_cpu_svn", report.init_cpu_svn.into()),
        ("init_tee_tcb_svn", report.init_tee_tcb_svn.into()),
        ("init_tee_fmspc", report.init_tee_fmspc.into()),
        ("current_service_td_hash", report.current_service_td_hash.into()),
        ("current_service_td_attributes", report.current_service_td_attributes.into()),
    ]
}
