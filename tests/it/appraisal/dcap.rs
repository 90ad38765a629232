//! TDX and SGX.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reference_values::Key;
use sim::intel::event_log::EventLogFields;
use sim::intel::{QuoteForm, SgxExtension};
use system_tests::minted::NOW;
use verifier::dcap::TcbStatus;
use verifier::evidence::Tee;
use verifier::expected::Expect;
use verifier::policy::{
    Bits, EnclaveFlag, FmspcRules, Id, Mask, Masked, Policy, RevocationRule, SgxPolicy, TdAttribute,
};
use verifier::time::UnixTime;

use super::{Found, configuration, good, hardware, profile};
use crate::minted_dcap::case::{Dcap, INTEL};

/// The model of the simulated platform.
const FMSPC: [u8; 6] = [0xb0, 0xc0, 0x6f, 0, 0, 0];

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
            TcbStatus::SWHardeningNeeded | TcbStatus::ConfigurationAndSWHardeningNeeded => {
                hardware(32, "appraise.tcb")
            }
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
    // A word that names more besides is accepted by both: its own place on the list, and its advisories.
    let both = at_status("ConfigurationAndSWHardeningNeeded", &["INTEL-SA-00615"]);
    let listing = |ids: &[&str]| {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        profile(|policy| {
            policy.tcb.accept = vec![TcbStatus::ConfigurationAndSWHardeningNeeded];
            policy.tcb.accept_advisories = ids;
        })
    };
    assert_eq!(found(&both, &listing(&["INTEL-SA-00615"])), good());
    assert_eq!(found(&both, &listing(&["INTEL-SA-00614"])), needed());
    // Accepted advisories excuse no missing configuration.
    let configuration = at_status("ConfigurationAndSWHardeningNeeded", &["INTEL-SA-00615"]);
    assert_eq!(found(&configuration, &accepting(&["INTEL-SA-00615"])), needed());
}

#[test]
fn hardening_is_asked_for_where_another_part_hides_it_in_the_merged_word() {
    let hidden = at_status("SWHardeningNeeded", &["INTEL-SA-00615"]).but(|dcap| {
        let modules = dcap.collateral.tcb_info.tdx_module_identities.as_mut().unwrap();
        modules[0].tcb_levels[0].tcb_status = "OutOfDate".to_owned();
    });
    let accepting = |statuses: &[TcbStatus], ids: &[&str]| {
        let (statuses, ids) = (statuses.to_vec(), ids.iter().map(|id| (*id).to_owned()).collect());
        profile(|policy| {
            policy.tcb.accept = statuses;
            policy.tcb.accept_advisories = ids;
        })
    };
    let outdated = &[TcbStatus::OutOfDate];
    assert_eq!(found(&hidden, &accepting(outdated, &["INTEL-SA-00615"])), good());
    assert_eq!(found(&hidden, &accepting(outdated, &[])), hardware(32, "appraise.tcb"));
    let grace = profile(|policy| policy.tcb.out_of_date_grace_days = 36_500);
    assert_eq!(found(&hidden, &grace), hardware(32, "appraise.tcb"));
    // A TD that should be launched anew, on a platform that wants hardened software by now.
    let relaunch = Dcap::of(QuoteForm::TdxV5Td15).but(|dcap| {
        dcap.td().tee_tcb_svn[0] = 14;
        let level = &mut dcap.collateral.tcb_info.tcb_levels[0];
        level.tcb_status = "SWHardeningNeeded".to_owned();
        level.advisory_ids = vec!["INTEL-SA-00615".to_owned()];
    });
    let advised = &[TcbStatus::TDRelaunchAdvised];
    assert_eq!(found(&relaunch, &accepting(advised, &["INTEL-SA-00615"])), good());
    assert_eq!(found(&relaunch, &accepting(advised, &[])), hardware(32, "appraise.tcb"));
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
    let nothing = profile(|policy| {
        policy.tcb.accept = Vec::new();
        policy.tcb.out_of_date_grace_days = 30;
    });
    assert_eq!(found(&released(0), &nothing), hardware(32, "appraise.tcb"));
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
    // Of a TD that may be moved, a TD 1.0 report does not tell which migration TD is bound.
    let movable = |service_td| {
        profile(|policy| {
            policy.tdx.danger_allow_migratable = true;
            policy.tdx.danger_allow_service_td = service_td;
        })
    };
    assert_eq!(found(&bit(29), &movable(false)), configuration("appraise.tdx.service-td"));
    assert_eq!(found(&bit(29), &movable(true)), good());
    let td15 = Dcap::of(QuoteForm::TdxV5Td15).but(|dcap| dcap.td().td_attributes ^= 1 << 29);
    assert_eq!(found(&td15, &movable(false)), good());
    for profiling in 1..8 {
        let expected = match profiling {
            1..=3 | 7 => Found {
                failed: vec!["appraise.debug", "appraise.tdx.attributes"],
                ..configuration("appraise.debug")
            },
            _ => configuration("appraise.debug"),
        };
        assert_eq!(found(&bit(profiling), &default), expected, "bit {profiling}");
    }
    for (known, expected) in [
        (27, good()),
        (30, good()),
        (31, good()),
        (63, good()),
        (8, configuration("appraise.tdx.attributes")),
        (15, configuration("appraise.tdx.attributes")),
        (16, good()),
        (18, configuration("appraise.tdx.attributes")),
        (22, configuration("appraise.tdx.attributes")),
        (26, configuration("appraise.tdx.attributes")),
        (32, configuration("appraise.tdx.attributes")),
        (61, configuration("appraise.tdx.attributes")),
    ] {
        assert_eq!(found(&bit(known), &default), expected, "bit {known}");
    }
    let naming = |bits: u64| profile(|policy| policy.tdx.danger_allow_attribute_bits = Bits::from_mask(bits));
    assert_eq!(found(&bit(32), &naming(1 << 32)), good());
    assert_eq!(found(&bit(32), &naming(1 << 33)), configuration("appraise.tdx.attributes"));
}

#[test]
fn attributes_that_the_module_never_gives_together_are_contraindicated() {
    let bits = |bits: &[u32]| {
        Dcap::of(QuoteForm::TdxV5Td15)
            .but(|dcap| bits.iter().for_each(|bit| dcap.td().td_attributes |= 1 << bit))
    };
    let lax = profile(|policy| {
        policy.tdx.danger_allow_debug = true;
        policy.tdx.danger_allow_migratable = true;
    });
    for alone in [0, 16, 29, 63] {
        assert_eq!(found(&bits(&[alone]), &lax), good(), "bit {alone}");
    }
    for pair in [[29, 0], [29, 63], [63, 16]] {
        assert_eq!(found(&bits(&pair), &lax), configuration("appraise.tdx.attributes.together"), "{pair:?}");
    }
}

#[test]
fn attributes_are_required_and_forbidden_by_name() {
    let names = [
        (16, TdAttribute::Icssd),
        (27, TdAttribute::Lass),
        (30, TdAttribute::Pks),
        (31, TdAttribute::KeyLocker),
        (62, TdAttribute::Tpa),
        (63, TdAttribute::Perfmon),
    ];
    for (bit, name) in names {
        let with = quote(|dcap| dcap.td().td_attributes |= 1 << bit);
        let require = profile(|policy| policy.tdx.require_attributes = vec![name]);
        let forbid = profile(|policy| policy.tdx.forbid_attributes = vec![name]);
        assert_eq!(found(&with, &require), good(), "{name:?}");
        assert_eq!(
            found(&Dcap::good(), &require),
            configuration("appraise.tdx.attributes.named"),
            "{name:?}"
        );
        assert_eq!(found(&Dcap::good(), &forbid), good(), "{name:?}");
        assert_eq!(found(&with, &forbid), configuration("appraise.tdx.attributes.named"), "{name:?}");
    }
}

#[test]
fn a_td_has_x87_and_sse_and_no_feature_that_intel_has_not_defined() {
    let with = |xfam: u64| quote(|dcap| dcap.td().xfam = xfam);
    let default = profile(|_| ());
    for (xfam, expected) in [
        (0x3, good()),
        (0x6_dbe7, good()),
        (0x2, configuration("appraise.tdx.xfam")),
        (0x1, configuration("appraise.tdx.xfam")),
        // AVX-512 in part or without AVX, half of CET, half of AMX.
        (0x67, configuration("appraise.tdx.xfam")),
        (0xe3, configuration("appraise.tdx.xfam")),
        (0x803, configuration("appraise.tdx.xfam")),
        (0x2_0003, configuration("appraise.tdx.xfam")),
        // APX, whose module is not known.
        (0x8_0003, configuration("appraise.tdx.xfam")),
        (0x3 | 1 << 10, configuration("appraise.tdx.xfam")),
        (0x3 | 1 << 20, configuration("appraise.tdx.xfam")),
        (0x3 | 1 << 63, configuration("appraise.tdx.xfam")),
    ] {
        assert_eq!(found(&with(xfam), &default), expected, "{xfam:#x}");
    }
    let amx = profile(|policy| policy.tdx.xfam_required = Mask(0x6_0003));
    assert_eq!(found(&with(0x6_0003), &amx), good());
    assert_eq!(found(&with(0x2e7), &amx), configuration("appraise.tdx.xfam"));
    let plain = profile(|policy| policy.tdx.xfam_allowed = Mask(0x7));
    assert_eq!(found(&with(0x7), &plain), good());
    assert_eq!(found(&with(0x2e7), &plain), configuration("appraise.tdx.xfam"));
}

#[test]
fn a_model_has_rules_of_its_own() {
    let ruled = |fmspc: [u8; 6], rules: FmspcRules| {
        profile(|policy| {
            policy.tcb.fmspc.insert(Id(fmspc), rules);
        })
    };
    let lax = FmspcRules { accept: Some(vec![TcbStatus::OutOfDate]), ..FmspcRules::default() };
    let strict = FmspcRules { min_evaluation_number: Some(21), ..FmspcRules::default() };
    let outdated = at_status("OutOfDate", &[]);
    assert_eq!(found(&outdated, &ruled(FMSPC, lax.clone())), good());
    assert_eq!(found(&outdated, &ruled([0; 6], lax)), hardware(32, "appraise.tcb"));
    let older = || hardware(32, "appraise.tcb.evaluation-number");
    assert_eq!(found(&Dcap::good(), &ruled(FMSPC, strict.clone())), older());
    assert_eq!(found(&Dcap::good(), &ruled([0; 6], strict)), good());
}

#[test]
fn a_denied_model_is_contraindicated_whatever_its_tcb() {
    let denying = |fmspc| profile(|policy| policy.tcb.deny_fmspcs = vec![Id([1; 6]), Id(fmspc)]);
    assert_eq!(found(&Dcap::good(), &denying([0; 6])), good());
    assert_eq!(found(&Dcap::good(), &denying(FMSPC)), hardware(96, "appraise.intel.fmspc"));
}

#[test]
fn a_platform_that_is_not_on_the_list_is_contraindicated() {
    let platform = Dcap::good().machine.extension;
    let instance = platform.platform_instance_id.unwrap();
    let ppids =
        |ids: &[[u8; 16]]| profile(|policy| policy.tcb.ppids = ids.iter().map(|id| Id(*id)).collect());
    let instances = |ids: &[[u8; 16]]| {
        profile(|policy| policy.tcb.platform_instances = ids.iter().map(|id| Id(*id)).collect())
    };
    let stranger = || hardware(96, "appraise.intel.ppid");
    assert_eq!(found(&Dcap::good(), &ppids(&[[1; 16], platform.ppid])), good());
    assert_eq!(found(&Dcap::good(), &ppids(&[[1; 16]])), stranger());
    let other = || hardware(96, "appraise.intel.platform-instance");
    assert_eq!(found(&Dcap::good(), &instances(&[instance])), good());
    assert_eq!(found(&Dcap::good(), &instances(&[platform.ppid])), other());
    // Both lists: one is not enough.
    let both = profile(|policy| {
        policy.tcb.ppids = vec![Id(platform.ppid)];
        policy.tcb.platform_instances = vec![Id([1; 16])];
    });
    assert_eq!(found(&Dcap::good(), &both), other());
}

#[test]
fn an_id_that_is_absent_or_zero_is_on_no_list() {
    let certified = |change: fn(&mut SgxExtension)| {
        quote(|dcap| {
            change(&mut dcap.machine.extension);
            dcap.pck = INTEL.pck_fields(&dcap.machine, NOW).unwrap();
        })
    };
    let without = certified(|extension| extension.platform_instance_id = None);
    let zero = certified(|extension| extension.ppid = [0; 16]);
    let instances = profile(|policy| policy.tcb.platform_instances = vec![Id([0; 16])]);
    let ppids = profile(|policy| policy.tcb.ppids = vec![Id([0; 16])]);
    assert_eq!(found(&without, &profile(|_| ())), good());
    assert_eq!(found(&without, &instances), hardware(96, "appraise.intel.platform-instance"));
    assert_eq!(found(&zero, &ppids), hardware(96, "appraise.intel.ppid"));
}

#[test]
fn a_denied_platform_is_contraindicated_by_either_of_its_names() {
    let platform = Dcap::good().machine.extension;
    let instance = platform.platform_instance_id.unwrap();
    let ppids = |id| profile(|policy| policy.deny.ppids = vec![Id([1; 16]), Id(id)]);
    let instances = |id| profile(|policy| policy.deny.platform_instances = vec![Id([1; 16]), Id(id)]);
    let denied = || hardware(96, "appraise.deny.machine");
    for (name, policy, expected) in [
        ("another", ppids([2; 16]), good()),
        ("its PPID", ppids(platform.ppid), denied()),
        ("its PPID as an instance", instances(platform.ppid), good()),
        ("its instance", instances(instance), denied()),
        ("its instance as a PPID", ppids(instance), good()),
    ] {
        assert_eq!(found(&Dcap::good(), &policy), expected, "{name}");
    }
    let without = quote(|dcap| {
        dcap.machine.extension.platform_instance_id = None;
        dcap.pck = INTEL.pck_fields(&dcap.machine, NOW).unwrap();
    });
    assert_eq!(found(&without, &instances([0; 16])), good());
    assert_eq!(found(&without, &ppids(platform.ppid)), denied());
}

#[test]
fn an_event_log_is_demanded_where_the_policy_asks_for_one() {
    let log = EventLogFields::booted();
    let silent = Dcap::good().but(|dcap| dcap.td().rtmrs = log.rtmrs()).mint();
    let mut telling = silent.clone();
    let (quote, events) = (STANDARD.encode(&silent.evidence), STANDARD.encode(log.encode().unwrap()));
    telling.evidence = format!("{{\"quote\":\"{quote}\",\"cc_eventlog\":\"{events}\"}}").into_bytes();
    telling.tee = Some(Tee::Tdx);
    let required = profile(|policy| policy.tdx.require_event_log = true);
    assert_eq!(super::found(&telling, &required, Key::MrTd), good());
    assert_eq!(super::found(&silent, &required, Key::MrTd), configuration("appraise.tdx.event-log"));
    // A log that leaves out what was extended tells no more than none.
    let mut empty = telling.clone();
    empty.evidence =
        format!("{{\"quote\":\"{quote}\",\"cc_eventlog\":\"{}\"}}", STANDARD.encode("[]")).into_bytes();
    let mut partial = log.clone();
    partial.events.retain(|event| event.index != 2);
    let mut gap = telling.clone();
    let events = STANDARD.encode(partial.encode().unwrap());
    gap.evidence = format!("{{\"quote\":\"{quote}\",\"cc_eventlog\":\"{events}\"}}").into_bytes();
    for case in [&empty, &gap] {
        assert_eq!(super::found(case, &required, Key::MrTd), configuration("appraise.tdx.event-log"));
        assert_eq!(super::found(case, &profile(|_| ()), Key::MrTd), good());
    }
    assert_eq!(super::found(&silent, &profile(|_| ()), Key::MrTd), good());
}

#[test]
fn init_data_that_the_policy_wants_and_that_nothing_binds_is_contraindicated() {
    let required = profile(|policy| policy.require_init_data = true);
    let absent = Dcap::good().mint();
    let mut bound = Dcap::good().but(|dcap| dcap.td().mr_config_id = [0x1d; 48]).mint();
    bound.expected.host_data = Expect::Equals(vec![0x1d; 48]);
    assert_eq!(super::found(&bound, &required, Key::MrTd), good());
    assert_eq!(super::found(&absent, &required, Key::MrTd), configuration("appraise.init-data"));
    assert_eq!(super::found(&absent, &profile(|_| ()), Key::MrTd), good());
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
    let extended = Dcap::of(QuoteForm::TdxV5Td15).but(|dcap| dcap.td().td_attributes |= 1 << 17);
    let allowing = profile(|policy| policy.tdx.danger_allow_service_td = true);
    for dcap in [launch, created, current, extended] {
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

/// An enclave with these bytes of flags, low first, and this XFRM.
fn enclave(flags: u64, xfrm: u64, misc_select: u32) -> Dcap {
    Dcap::of(QuoteForm::Sgx).but(|dcap| {
        let enclave = dcap.enclave();
        enclave.attributes[..8].copy_from_slice(&flags.to_le_bytes());
        enclave.attributes[8..].copy_from_slice(&xfrm.to_le_bytes());
        enclave.misc_select = misc_select;
    })
}

fn sgx(change: impl FnOnce(&mut SgxPolicy)) -> Policy {
    profile(|policy| change(&mut policy.sgx))
}

#[test]
fn flags_that_gramine_and_occlum_set_are_known_and_others_contraindicated() {
    let default = sgx(|_| ());
    // Initialised and 64-bit, as Gramine's are, and with AEX-Notify; with KSS, as Occlum's may be built; with the keys of
    // provisioning and of launch tokens; with CET.
    for flags in [0x5, 0x405, 0x85, 0x15, 0x25, 0x45] {
        assert_eq!(found(&enclave(flags, 0xe7, 0), &default), good(), "{flags:#x}");
    }
    // Occlum's enclaves ask for the cause of an exit (EXINFO).
    assert_eq!(found(&enclave(0x5, 0xe7, 1), &default), good());
    let debug = || configuration("appraise.debug");
    assert_eq!(found(&enclave(0x7, 0xe7, 1), &default), debug());
    let unknown = || configuration("appraise.sgx.flags");
    for flags in [0x4, 0x1, 0x5 | 1 << 3, 0x5 | 1 << 8, 0x5 | 1 << 11, 0x5 | 1 << 63] {
        assert_eq!(found(&enclave(flags, 0xe7, 0), &default), unknown(), "{flags:#x}");
    }
    let naming = sgx(|policy| policy.danger_allow_flag_bits = Bits::from_mask(1 << 11));
    assert_eq!(found(&enclave(0x5 | 1 << 11, 0xe7, 0), &naming), good());
    assert_eq!(found(&enclave(0x5 | 1 << 12, 0xe7, 0), &naming), unknown());
}

#[test]
fn flags_are_required_and_forbidden_by_name() {
    for (bit, flag) in [
        (4, EnclaveFlag::ProvisionKey),
        (5, EnclaveFlag::EinittokenKey),
        (6, EnclaveFlag::Cet),
        (7, EnclaveFlag::Kss),
        (10, EnclaveFlag::AexNotify),
    ] {
        let (with, without) = (enclave(0x5 | 1 << bit, 0xe7, 0), enclave(0x5, 0xe7, 0));
        let require = sgx(|policy| policy.require_flags = vec![flag]);
        let forbid = sgx(|policy| policy.forbid_flags = vec![flag]);
        assert_eq!(found(&with, &require), good(), "{flag:?}");
        assert_eq!(found(&without, &require), configuration("appraise.sgx.flags.named"), "{flag:?}");
        assert_eq!(found(&without, &forbid), good(), "{flag:?}");
        assert_eq!(found(&with, &forbid), configuration("appraise.sgx.flags.named"), "{flag:?}");
    }
}

#[test]
fn attributes_and_miscselect_are_compared_under_their_masks() {
    let masked = |mask, value| Some(Masked { mask: Mask(mask), value: Mask(value) });
    let good_one = enclave(0x85, 0xe7, 1);
    let flags = |value| sgx(|policy| policy.flags = masked(0x82, value));
    assert_eq!(found(&good_one, &flags(0x80)), good());
    assert_eq!(found(&good_one, &flags(0)), configuration("appraise.sgx.flags.masked"));
    let xfrm = |mask| sgx(|policy| policy.xfrm = masked(mask, 0x3));
    assert_eq!(found(&good_one, &xfrm(0x1b)), good());
    assert_eq!(found(&good_one, &xfrm(0x1f)), configuration("appraise.sgx.xfrm"));
    let misc = |value| sgx(|policy| policy.misc_select = masked(0xffff_ffff, value));
    assert_eq!(found(&good_one, &misc(1)), good());
    assert_eq!(found(&good_one, &misc(0)), configuration("appraise.sgx.misc-select"));
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
