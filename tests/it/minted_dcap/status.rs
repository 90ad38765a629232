//! Intel's words for a TCB: each part's, and what they make together.

use sim::intel::QuoteForm;
use verifier::dcap::TcbStatus::{
    ConfigurationAndSWHardeningNeeded, ConfigurationNeeded, NoMatch, OutOfDate, OutOfDateConfigurationNeeded,
    Revoked, SWHardeningNeeded, TDRelaunchAdvised, TDRelaunchAdvisedConfigurationNeeded, UpToDate,
};
use verifier::dcap::{TcbOutcome, TcbStatus};
use verifier::trust::Scope;
use verifier::verify::Verified;

use super::case::Dcap;
use crate::refused::accepting;
use crate::vectors::record;

/// The merged status, the platform's, the module's and the quoting enclave's.
fn statuses(dcap: &Dcap) -> (TcbStatus, TcbStatus, Option<TcbStatus>, TcbStatus) {
    let (verified, _) = dcap.mint().verified_stating(&["verified", "tcb_status"]);
    let verified = verified.unwrap();
    let Verified::Dcap(quote) = verified.facts() else { panic!("a quote") };
    let TcbOutcome::Evaluated(tcb) = quote.tcb() else { panic!("{:?}", quote.tcb()) };
    (tcb.status, tcb.platform.status, tcb.module.as_ref().map(|part| part.status), tcb.qe.status)
}

fn merged(dcap: &Dcap) -> TcbStatus {
    statuses(dcap).0
}

fn platform(dcap: &mut Dcap, status: TcbStatus) {
    dcap.collateral.tcb_info.tcb_levels[0].tcb_status = status.as_str().to_owned();
}

fn module(dcap: &mut Dcap, status: TcbStatus) {
    let modules = dcap.collateral.tcb_info.tdx_module_identities.as_mut().unwrap();
    modules[0].tcb_levels[0].tcb_status = status.as_str().to_owned();
}

fn qe(dcap: &mut Dcap, status: TcbStatus) {
    dcap.collateral.qe_identity.tcb_levels[0].tcb_status = status.as_str().to_owned();
}

/// Intel's QVL, `convergeTcbStatuses`: a platform's status, and what it becomes beside a part that is out of date.
const BESIDE_OUT_OF_DATE: [(TcbStatus, TcbStatus); 7] = [
    (UpToDate, OutOfDate),
    (SWHardeningNeeded, OutOfDate),
    (ConfigurationNeeded, OutOfDateConfigurationNeeded),
    (ConfigurationAndSWHardeningNeeded, OutOfDateConfigurationNeeded),
    (OutOfDate, OutOfDate),
    (OutOfDateConfigurationNeeded, OutOfDateConfigurationNeeded),
    (Revoked, Revoked),
];

#[test]
fn merges_the_platform_with_the_quoting_enclave_and_the_module() {
    for form in [QuoteForm::TdxV4, QuoteForm::Sgx] {
        let parts: &[fn(&mut Dcap, TcbStatus)] = if form == QuoteForm::Sgx { &[qe] } else { &[qe, module] };
        for (status, beside_out_of_date) in BESIDE_OUT_OF_DATE {
            let alone = Dcap::of(form).but(|dcap| platform(dcap, status));
            let tdx_module = (form != QuoteForm::Sgx).then_some(UpToDate);
            assert_eq!(statuses(&alone), (status, status, tdx_module, UpToDate), "{form:?}");
            for part in parts {
                let with = |part_status| merged(&alone.clone().but(|dcap| part(dcap, part_status)));
                assert_eq!(with(OutOfDate), beside_out_of_date, "{form:?} {status}");
                assert_eq!(with(Revoked), Revoked, "{form:?} {status}");
            }
        }
    }
}

#[test]
fn what_reaches_no_level_matches_nothing() {
    let none = |form, change: fn(&mut Dcap)| statuses(&Dcap::of(form).but(change));
    let tdx = QuoteForm::TdxV4;
    let levels_above = |dcap: &mut Dcap| {
        dcap.collateral.tcb_info.tcb_levels.iter_mut().for_each(|level| level.tcb.pce_svn = 12);
    };
    assert_eq!(none(tdx, levels_above), (NoMatch, NoMatch, Some(UpToDate), UpToDate));
    assert_eq!(none(tdx, |dcap| dcap.td().tee_tcb_svn[0] = 13), (NoMatch, UpToDate, Some(NoMatch), UpToDate));
    assert_eq!(none(tdx, |dcap| dcap.td().tee_tcb_svn[2] = 2), (NoMatch, NoMatch, Some(UpToDate), UpToDate));
    assert_eq!(
        none(tdx, |dcap| dcap.machine.quoting_enclave.report.isv_svn = 6),
        (NoMatch, UpToDate, Some(UpToDate), NoMatch)
    );
    let sgx = QuoteForm::Sgx;
    assert_eq!(none(sgx, levels_above), (NoMatch, NoMatch, None, UpToDate));
    assert_eq!(
        none(sgx, |dcap| dcap.machine.quoting_enclave.report.isv_svn = 6),
        (NoMatch, UpToDate, None, NoMatch)
    );
}

#[test]
fn each_part_at_its_level_is_up_to_date_and_one_below_is_not() {
    let with = |change: fn(&mut Dcap)| statuses(&Dcap::good().but(change));
    assert_eq!(with(|_| ()), (UpToDate, UpToDate, Some(UpToDate), UpToDate));
    let below = (OutOfDate, UpToDate, Some(UpToDate), OutOfDate);
    assert_eq!(with(|dcap| dcap.machine.quoting_enclave.report.isv_svn = 7), below);
    let below = (OutOfDate, UpToDate, Some(OutOfDate), UpToDate);
    assert_eq!(with(|dcap| dcap.td().tee_tcb_svn[0] = 14), below);
    let below = (OutOfDate, OutOfDate, Some(UpToDate), UpToDate);
    assert_eq!(with(|dcap| dcap.td().tee_tcb_svn[2] = 3), below);
}

#[test]
fn an_enclaves_own_word_of_its_processor_counts_for_nothing() {
    // The levels are the PCK certificate's; CPUSVN in the body is what the machine says of itself.
    let dcap = Dcap::of(QuoteForm::Sgx).but(|dcap| {
        dcap.enclave().cpu_svn = [0xff; 16];
        dcap.collateral.tcb_info.tcb_levels[0].tcb.sgx_components[0].svn += 1;
    });
    assert_eq!(merged(&dcap), OutOfDate);
}

#[test]
fn advises_to_launch_a_td_anew_whose_platform_was_updated_since() {
    /// A TD launched on a module one version behind the level; the module runs at `now` today.
    fn launched_before(now: u8) -> Dcap {
        Dcap::of(QuoteForm::TdxV5Td15).but(|dcap| {
            dcap.td().tee_tcb_svn[0] = 14;
            dcap.td().td15.as_mut().unwrap().tee_tcb_svn2[0] = now;
        })
    }
    assert_eq!(merged(&launched_before(14)), OutOfDate);
    assert_eq!(merged(&launched_before(15)), TDRelaunchAdvised);
    assert_eq!(merged(&launched_before(13)), NoMatch);
    for (status, advice) in [
        (SWHardeningNeeded, TDRelaunchAdvised),
        (ConfigurationNeeded, TDRelaunchAdvisedConfigurationNeeded),
        (ConfigurationAndSWHardeningNeeded, TDRelaunchAdvisedConfigurationNeeded),
        (OutOfDate, OutOfDate),
        (OutOfDateConfigurationNeeded, OutOfDateConfigurationNeeded),
        (Revoked, Revoked),
    ] {
        assert_eq!(merged(&launched_before(15).but(|dcap| platform(dcap, status))), advice, "{status}");
    }
    assert_eq!(merged(&launched_before(15).but(|dcap| qe(dcap, OutOfDate))), OutOfDate);
    assert_eq!(merged(&Dcap::of(QuoteForm::TdxV5Td15)), UpToDate);
}

/// Intel PCS API version 4, advisoryIDs: those of the level that each part reaches, and of no other.
#[test]
fn names_the_advisories_of_each_parts_level_once_and_in_order() {
    let ids = |ids: &[u32]| ids.iter().map(|id| format!("INTEL-SA-{id:05}")).collect::<Vec<_>>();
    let with = |form, [of_platform, of_qe, of_module]: [&[u32]; 3]| {
        Dcap::of(form).but(|dcap| {
            platform(dcap, SWHardeningNeeded);
            dcap.collateral.tcb_info.tcb_levels[0].advisory_ids = ids(of_platform);
            dcap.collateral.qe_identity.tcb_levels[0].advisory_ids = ids(of_qe);
            if let Some(modules) = dcap.collateral.tcb_info.tdx_module_identities.as_mut() {
                modules[0].tcb_levels[0].advisory_ids = ids(of_module);
            }
        })
    };
    let below = |dcap: &mut Dcap| {
        // The platform reaches the second level alone, which has three advisories of its own.
        let levels = &mut dcap.collateral.tcb_info.tcb_levels;
        levels[0].tcb.pce_svn += 1;
        levels[1].advisory_ids = ids(&[837, 615, 828]);
    };
    let (sgx, tdx) = (QuoteForm::Sgx, QuoteForm::TdxV4);
    for (name, dcap, status, expected) in [
        ("two of the platform", with(sgx, [&[615, 614], &[], &[]]), SWHardeningNeeded, ids(&[614, 615])),
        (
            "of platform and QE",
            with(sgx, [&[615], &[614, 1000], &[]]),
            SWHardeningNeeded,
            ids(&[614, 615, 1000]),
        ),
        (
            "of every part",
            with(tdx, [&[615, 9], &[614], &[1000]]),
            SWHardeningNeeded,
            ids(&[9, 614, 615, 1000]),
        ),
        ("of two parts", with(tdx, [&[614, 615], &[615], &[614]]), SWHardeningNeeded, ids(&[614, 615])),
        (
            "of the second level",
            with(tdx, [&[1], &[614], &[]]).but(below),
            OutOfDate,
            ids(&[614, 615, 828, 837]),
        ),
        (
            "of no level",
            with(tdx, [&[1], &[2], &[3]]).but(|dcap| dcap.td().tee_tcb_svn[2] = 2),
            NoMatch,
            ids(&[]),
        ),
    ] {
        record::title(name);
        let stated = &["verified", "tcb_status", "advisories"];
        let verdict = dcap.mint().verdict_stating(stated, &accepting(), Scope::Hardware);
        let told = (verdict.verified, verdict.tcb.status, verdict.tcb.advisories);
        assert_eq!(told, (true, Some(status.as_str()), expected), "{name}");
    }
}
