//! TDX and SGX.

use reference_values::Key;
use sim::intel::QuoteForm;
use system_tests::minted::NOW;
use verifier::dcap::TcbStatus;
use verifier::policy::{Policy, RevocationRule};
use verifier::time::UnixTime;

use super::{Found, configuration, good, hardware, profile};
use crate::minted_dcap::case::Dcap;

fn found(dcap: &Dcap, policy: &Policy) -> Found {
    let key = if dcap.machine.form == QuoteForm::Sgx { Key::MrEnclave } else { Key::MrTd };
    super::found(&dcap.mint(), policy, key)
}

fn quote(change: impl FnOnce(&mut Dcap)) -> Dcap {
    Dcap::good().but(change)
}

/// A platform at a level of this status, with these advisories.
fn at_status(status: &str, advisories: &[&str]) -> Dcap {
    quote(|dcap| {
        let level = &mut dcap.collateral.tcb_info.tcb_levels[0];
        level.tcb_status = status.to_owned();
        level.advisory_ids = advisories.iter().map(|id| (*id).to_owned()).collect();
    })
}

fn accepting(statuses: &[TcbStatus]) -> Policy {
    let statuses = statuses.to_vec();
    profile(|policy| policy.tcb.accept = statuses)
}

const WORDS: [TcbStatus; 7] = [
    TcbStatus::UpToDate,
    TcbStatus::SWHardeningNeeded,
    TcbStatus::ConfigurationNeeded,
    TcbStatus::ConfigurationAndSWHardeningNeeded,
    TcbStatus::OutOfDate,
    TcbStatus::OutOfDateConfigurationNeeded,
    TcbStatus::Revoked,
];

#[test]
fn up_to_date_alone_is_accepted_by_default() {
    for status in WORDS {
        let expected = match status {
            TcbStatus::UpToDate => good(),
            TcbStatus::Revoked => hardware(96, "appraise.tcb"),
            _ => hardware(32, "appraise.tcb"),
        };
        assert_eq!(found(&at_status(status.as_str(), &[]), &profile(|_| ())), expected, "{status}");
    }
}

#[test]
fn a_status_is_accepted_where_it_is_listed_but_neither_revoked_nor_unknown_ones() {
    for status in WORDS {
        let expected = match status {
            TcbStatus::Revoked => hardware(96, "appraise.tcb"),
            // Not by its name: by its advisories.
            TcbStatus::SWHardeningNeeded => hardware(32, "appraise.tcb"),
            _ => good(),
        };
        assert_eq!(found(&at_status(status.as_str(), &[]), &accepting(&[status])), expected, "{status}");
    }
    let unknown = quote(|dcap| dcap.td().tee_tcb_svn[2] = 2);
    assert_eq!(found(&unknown, &accepting(&[TcbStatus::NoMatch])), hardware(96, "appraise.tcb"));
}

#[test]
fn an_empty_list_accepts_nothing() {
    let with_advisories = profile(|policy| {
        policy.tcb.accept = Vec::new();
        policy.tcb.accept_advisories = vec!["INTEL-SA-00615".to_owned()];
    });
    assert_eq!(found(&Dcap::good(), &accepting(&[])), hardware(32, "appraise.tcb"));
    let hardening = at_status("SWHardeningNeeded", &["INTEL-SA-00615"]);
    assert_eq!(found(&hardening, &with_advisories), hardware(32, "appraise.tcb"));
}

#[test]
fn software_hardening_is_enough_when_every_advisory_is_accepted() {
    let accepting = |ids: &[&str]| {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        profile(|policy| policy.tcb.accept_advisories = ids)
    };
    let dcap = at_status("SWHardeningNeeded", &["INTEL-SA-00614", "INTEL-SA-00615"]);
    let needed = || hardware(32, "appraise.tcb");
    assert_eq!(found(&dcap, &accepting(&["INTEL-SA-00615", "INTEL-SA-00614", "INTEL-SA-1"])), good());
    assert_eq!(found(&dcap, &accepting(&["INTEL-SA-00615"])), needed());
    assert_eq!(found(&dcap, &accepting(&["INTEL-SA-00614", "intel-sa-00615"])), needed());
    // A level that names no advisory has none that could be accepted.
    assert_eq!(found(&at_status("SWHardeningNeeded", &[]), &accepting(&["INTEL-SA-00615"])), needed());
    // Accepted advisories excuse no missing configuration.
    let configuration = at_status("ConfigurationAndSWHardeningNeeded", &["INTEL-SA-00615"]);
    assert_eq!(found(&configuration, &accepting(&["INTEL-SA-00615"])), needed());
}

#[test]
fn grace_ends_with_its_last_second() {
    let released = |seconds: i64| {
        at_status("OutOfDate", &[]).but(|dcap| {
            // The oldest date among the parts counts.
            dcap.collateral.tcb_info.tcb_levels[0].tcb_date = UnixTime::from_secs(NOW - seconds).to_string();
            let recent = UnixTime::from_secs(NOW).to_string();
            dcap.collateral.qe_identity.tcb_levels[0].tcb_date.clone_from(&recent);
            let modules = dcap.collateral.tcb_info.tdx_module_identities.as_mut().unwrap();
            modules[0].tcb_levels[0].tcb_date = recent;
        })
    };
    let days = |days| profile(|policy| policy.tcb.out_of_date_grace_days = days);
    assert_eq!(found(&released(30 * 86_400), &days(30)), good());
    assert_eq!(found(&released(30 * 86_400 + 1), &days(30)), hardware(32, "appraise.tcb"));
    assert_eq!(found(&released(0), &days(0)), hardware(32, "appraise.tcb"));
}

#[test]
fn collateral_of_an_older_evaluation_is_refused_below_the_floor() {
    let floor = |number| profile(|policy| policy.tcb.min_evaluation_number = number);
    assert_eq!(found(&Dcap::good(), &floor(20)), good());
    assert_eq!(found(&Dcap::good(), &floor(21)), hardware(32, "appraise.tcb.evaluation-number"));
    // Either piece of collateral may have been rolled back by itself.
    let older_identity = quote(|dcap| dcap.collateral.qe_identity.tcb_evaluation_data_number = 19);
    assert_eq!(found(&older_identity, &floor(20)), hardware(32, "appraise.tcb.evaluation-number"));
    let older_tcb_info = quote(|dcap| dcap.collateral.tcb_info.tcb_evaluation_data_number = 19);
    assert_eq!(found(&older_tcb_info, &floor(20)), hardware(32, "appraise.tcb.evaluation-number"));
}

#[test]
fn attributes_are_contraindicated_unless_named() {
    let bit = |bit: u32| quote(|dcap| dcap.td().td_attributes ^= 1 << bit);
    let default = profile(|_| ());
    assert_eq!(found(&bit(0), &default), configuration("appraise.debug"));
    assert_eq!(found(&bit(0), &profile(|policy| policy.tdx.danger_allow_debug = true)), good());
    assert_eq!(found(&bit(28), &default), configuration("appraise.tdx.sept-ve-disable"));
    assert_eq!(found(&bit(28), &profile(|policy| policy.tdx.require_sept_ve_disable = false)), good());
    assert_eq!(found(&bit(29), &default), configuration("appraise.migration"));
    assert_eq!(found(&bit(29), &profile(|policy| policy.tdx.danger_allow_migratable = true)), good());
    for (known, expected) in [
        (27, good()),
        (30, good()),
        (31, good()),
        (63, good()),
        (8, configuration("appraise.tdx.attributes")),
        (26, configuration("appraise.tdx.attributes")),
        (32, configuration("appraise.tdx.attributes")),
        (61, configuration("appraise.tdx.attributes")),
    ] {
        assert_eq!(found(&bit(known), &default), expected, "bit {known}");
    }
    assert_eq!(found(&bit(32), &profile(|policy| policy.tdx.danger_allow_unknown_attributes = true)), good());
}

#[test]
fn a_bound_service_td_is_contraindicated_wherever_the_report_shows_it() {
    let launch = Dcap::of(QuoteForm::TdxV5Td15).but(|dcap| {
        dcap.td().td15.as_mut().unwrap().mr_service_td[47] = 1;
    });
    let created = Dcap::of(QuoteForm::TdxV5Td15Ex).but(|dcap| {
        dcap.td().td15_ex.as_mut().unwrap().initial_service_td_hash[0] = 1;
    });
    let current = Dcap::of(QuoteForm::TdxV5Td15Ex).but(|dcap| {
        dcap.td().td15_ex.as_mut().unwrap().current_service_td_hash[0] = 1;
    });
    let allowing = profile(|policy| policy.tdx.danger_allow_service_td = true);
    for dcap in [launch, created, current] {
        assert_eq!(found(&dcap, &profile(|_| ())), configuration("appraise.tdx.service-td"));
        assert_eq!(found(&dcap, &allowing), good());
    }
    for form in [QuoteForm::TdxV5Td15, QuoteForm::TdxV5Td15Ex] {
        assert_eq!(found(&Dcap::of(form), &profile(|_| ())), good());
    }
}

#[test]
fn an_enclave_under_debug_is_contraindicated_unless_named() {
    let sgx = Dcap::of(QuoteForm::Sgx);
    let debug = sgx.clone().but(|dcap| dcap.enclave().attributes[0] |= 2);
    assert_eq!(found(&sgx, &profile(|_| ())), good());
    assert_eq!(found(&debug, &profile(|_| ())), configuration("appraise.debug"));
    assert_eq!(found(&debug, &profile(|policy| policy.sgx.danger_allow_debug = true)), good());
}

#[test]
fn a_stale_crl_warns_where_one_is_required() {
    let stale = quote(|dcap| dcap.collateral.pck_crl.next_update = Some(NOW - 1));
    assert_eq!(found(&stale, &profile(|_| ())), hardware(32, "appraise.revocation"));
    assert_eq!(found(&stale, &profile(|policy| policy.revocation = RevocationRule::IfAvailable)), good());
}

#[test]
fn a_simulated_root_is_contraindicated_unless_the_policy_names_simulation() {
    assert_eq!(found(&Dcap::good(), &Policy::default()), hardware(96, "appraise.anchor"));
    assert_eq!(found(&Dcap::good(), &profile(|_| ())), good());
}
