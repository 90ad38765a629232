use super::*;
use crate::dcap::pck::SGX_EXTENSION;
use crate::dcap::{Body, Quote, TcbStatus};
use crate::tdx::TdReport15;
use crate::x509::{Certificate, pem_blocks};

const QUOTE: &[u8] =
    include_bytes!("../../../../fixtures/tdx/quote-3a3a729320-v4-body2-b0c06f000000/quote.bin");
const TCB_INFO: &[u8] = include_bytes!(
    "../../../../fixtures/tdx/quote-3a3a729320-v4-body2-b0c06f000000/collateral-2/tcb_info.json"
);
/// The components, PCESVN and TEE_TCB_SVN that reach the first level of that TCB info, and no more.
const LATEST: [u8; 16] = [4, 4, 2, 2, 4, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0];
const LATEST_PCE: u16 = 11;
const LATEST_TDX: [u8; 16] = svn(11, 1, 4);

const fn svn(module: u8, version: u8, loader: u8) -> [u8; 16] {
    [module, version, loader, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
}

struct Platform {
    info: TcbInfo,
    pck: PckExtension,
    td: TdReport,
}

/// The real platform of the quote, brought to Intel's latest level.
fn platform() -> Platform {
    let quote = Quote::parse(QUOTE).unwrap();
    let pem = quote.certification.pck_chain.strip_suffix(&[0]).unwrap();
    let leaf = Certificate::parse(&pem_blocks(pem, 3).unwrap()[0].1).unwrap();
    let mut pck = PckExtension::parse(leaf.extension(&SGX_EXTENSION).unwrap()).unwrap();
    let Body::Tdx(td) = quote.body else { panic!("a TDX quote") };
    let mut td = *td;
    (pck.components, pck.pce_svn, td.tee_tcb_svn) = (LATEST, LATEST_PCE, LATEST_TDX);
    Platform { info: TcbInfo::parse(TCB_INFO).unwrap(), pck, td }
}

fn qe_level(status: TcbStatus) -> SvnLevel {
    SvnLevel {
        isv_svn: 4,
        date: UnixTime::from_secs(0),
        status,
        advisories: vec!["INTEL-SA-00001".to_owned()],
    }
}

impl Platform {
    fn evaluate(&self, qe: Option<&SvnLevel>) -> Tcb {
        evaluate(&self.info, 20, qe, &self.pck, Some(&self.td))
    }

    /// Merged, platform, module.
    fn statuses(&self) -> (TcbStatus, TcbStatus, Option<TcbStatus>) {
        let tcb = self.evaluate(Some(&qe_level(TcbStatus::UpToDate)));
        (tcb.status, tcb.platform.status, tcb.module.map(|part| part.status))
    }
}

use TcbStatus::{NoMatch, OutOfDate, Revoked, TDRelaunchAdvised, UpToDate};

#[test]
fn the_latest_platform_is_up_to_date() {
    assert_eq!(platform().statuses(), (UpToDate, UpToDate, Some(UpToDate)));
}

#[test]
fn each_sgx_component_counts() {
    for index in 0..16 {
        let mut lower = platform();
        if lower.pck.components[index] == 0 {
            continue;
        }
        lower.pck.components[index] -= 1;
        assert_ne!(lower.statuses().1, UpToDate, "component {index}");
        lower.pck.components[index] += 2;
        assert_eq!(lower.statuses().1, UpToDate, "component {index}");
    }
}

#[test]
fn the_pce_counts() {
    let mut lower = platform();
    lower.pck.pce_svn = LATEST_PCE - 1;
    assert_eq!(lower.statuses(), (OutOfDate, OutOfDate, Some(UpToDate)));
    lower.pck.pce_svn = 4;
    assert_eq!(lower.statuses(), (NoMatch, NoMatch, Some(UpToDate)));
}

#[test]
fn the_tdx_components_count_from_the_third_on_when_the_module_has_a_version() {
    let mut other = platform();
    other.td.tee_tcb_svn = svn(11, 1, 3);
    assert_eq!(other.statuses(), (OutOfDate, OutOfDate, Some(UpToDate)));
    other.td.tee_tcb_svn = svn(4, 1, 4);
    assert_eq!(other.statuses(), (OutOfDate, UpToDate, Some(OutOfDate)));
}

#[test]
fn a_module_of_version_0_is_judged_with_the_platform() {
    let mut other = platform();
    other.td.tee_tcb_svn = svn(5, 0, 4);
    assert_eq!(other.statuses(), (UpToDate, UpToDate, None));
    other.td.tee_tcb_svn = svn(4, 0, 4);
    assert_eq!(other.statuses(), (NoMatch, NoMatch, None));
}

#[test]
fn a_module_below_every_level_matches_nothing() {
    let mut other = platform();
    other.td.tee_tcb_svn = svn(2, 1, 4);
    assert_eq!(other.statuses(), (OutOfDate, UpToDate, Some(OutOfDate)));
    other.td.tee_tcb_svn = svn(1, 1, 4);
    assert_eq!(other.statuses(), (NoMatch, UpToDate, Some(NoMatch)));
}

#[test]
fn sgx_is_judged_without_tdx_components() {
    let info = TcbInfo::parse(include_bytes!(
        "../../../../fixtures/sgx/quote-9a17aa7a60-v3-body1-00a067110000/collateral-0/tcb_info.json"
    ))
    .unwrap();
    let mut pck = platform().pck;
    (pck.components, pck.pce_svn) = ([11, 11, 2, 2, 255, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0], 13);
    let tcb = evaluate(&info, 20, Some(&qe_level(UpToDate)), &pck, None);
    let parts = (tcb.status, tcb.platform.status, tcb.module, tcb.current.map(|current| current.status));
    assert_eq!(parts, (TcbStatus::SWHardeningNeeded, TcbStatus::SWHardeningNeeded, None, None));
    assert_eq!(tcb.advisories, ["INTEL-SA-00001", "INTEL-SA-00615"]);
}

#[test]
fn advisories_are_the_sorted_union_and_the_date_the_oldest() {
    let mut other = platform();
    other.td.tee_tcb_svn = svn(4, 1, 3);
    let tcb = other.evaluate(Some(&qe_level(UpToDate)));
    assert_eq!(
        tcb.advisories,
        [
            "INTEL-SA-00001",
            "INTEL-SA-01036",
            "INTEL-SA-01099",
            "INTEL-SA-01192",
            "INTEL-SA-01245",
            "INTEL-SA-01312",
            "INTEL-SA-01313"
        ]
    );
    assert_eq!(tcb.date, Some(UnixTime::from_secs(0)));
    assert_eq!(tcb.module.unwrap().date, Some(UnixTime::parse_rfc3339("2024-03-13T00:00:00Z").unwrap()));
}

#[test]
fn nothing_is_said_of_a_tcb_that_matches_no_level() {
    let tcb = platform().evaluate(None);
    assert_eq!((tcb.status, tcb.qe.status, tcb.date, tcb.advisories), (NoMatch, NoMatch, None, Vec::new()));
}

#[test]
fn a_quoting_enclave_out_of_date_or_revoked_counts() {
    assert_eq!(platform().evaluate(Some(&qe_level(OutOfDate))).status, OutOfDate);
    assert_eq!(platform().evaluate(Some(&qe_level(Revoked))).status, Revoked);
}

#[test]
fn a_td_launched_before_an_update_is_advised_to_relaunch() {
    let mut other = platform();
    other.td.tee_tcb_svn = svn(6, 1, 3);
    other.td.v15 = Some(TdReport15 { tee_tcb_svn2: LATEST_TDX, mr_service_td: [0; 48] });
    let tcb = other.evaluate(Some(&qe_level(UpToDate)));
    assert_eq!(
        (tcb.status, tcb.platform.status, tcb.current.map(|current| current.status)),
        (TDRelaunchAdvised, OutOfDate, Some(UpToDate))
    );

    other.td.v15 = Some(TdReport15 { tee_tcb_svn2: svn(11, 1, 3), mr_service_td: [0; 48] });
    let tcb = other.evaluate(Some(&qe_level(UpToDate)));
    assert_eq!((tcb.status, tcb.current.map(|current| current.status)), (OutOfDate, Some(OutOfDate)));

    other.td.v15 = Some(TdReport15 { tee_tcb_svn2: LATEST_TDX, mr_service_td: [0; 48] });
    let tcb = other.evaluate(Some(&qe_level(OutOfDate)));
    assert_eq!((tcb.status, tcb.current.map(|current| current.status)), (OutOfDate, Some(OutOfDate)));
}

#[test]
fn a_td_whose_platform_is_unknown_by_now_matches_nothing() {
    let mut other = platform();
    other.td.v15 = Some(TdReport15 { tee_tcb_svn2: svn(11, 2, 4), mr_service_td: [0; 48] });
    let tcb = other.evaluate(Some(&qe_level(UpToDate)));
    assert_eq!((tcb.status, tcb.current.map(|current| current.status)), (NoMatch, Some(NoMatch)));
}
