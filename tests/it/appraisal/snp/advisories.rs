//! The catalogue of advisories: what is enforced, what is shown, what is named.

use reference_values::{ReferenceValues, advisory};
use verifier::check::{Fact, Outcome};

use super::super::judge;
use super::*;

const ADVISORY: &str = "appraise.snp.advisory";

fn enforce(ids: &[&str]) -> Policy {
    let names = ids.iter().map(|id| id.parse().unwrap()).collect();
    profile(|policy| policy.snp.enforce_advisories = names)
}

/// Advisory and outcome of each check of the catalogue.
fn shown(snp: &Snp, policy: &Policy) -> Vec<(String, Outcome)> {
    let verdict = judge(&snp.mint(), &[], policy, &ReferenceValues::default(), &[]);
    let advisories = verdict.checks.iter().filter(|check| check.id == ADVISORY);
    advisories
        .map(|check| match &check.expected {
            Fact::Map(entries) => match &entries[0] {
                ("advisory", Fact::Text(id)) => (id.to_string(), check.outcome),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        })
        .collect()
}

/// The advisories that the verdict says the platform is open to.
fn open(snp: &Snp, policy: &Policy) -> Vec<String> {
    judge(&snp.mint(), &["advisories"], policy, &ReferenceValues::default(), &[]).tcb.advisories
}

#[test]
fn what_is_not_enforced_is_listed_as_not_checked() {
    let listed = |product| shown(&Snp::of(product, SigningChoice::Vcek), &profile(|_| ()));
    let all = |ids: &[&str]| ids.iter().map(|id| ((*id).to_owned(), Outcome::NotChecked)).collect::<Vec<_>>();
    let common = ["AMD-SB-3016", "AMD-SB-3020", "AMD-SB-3021", "AMD-SB-3027", "AMD-SB-3030", "AMD-SB-3034"];
    let milan = [&["AMD-SB-3005"][..], &common, &["arXiv:2605.12990", "battering-ram"]].concat();
    assert_eq!(listed(Product::Milan), all(&milan));
    assert_eq!(listed(Product::Genoa), all(&[&common[..], &["battering-ram", "tee.fail"]].concat()));
    assert_eq!(listed(Product::Turin), all(&[&common[..], &["tee.fail"]].concat()));
}

#[test]
fn a_listed_advisory_shows_its_source_and_what_it_asks() {
    let verdict = judge(&Snp::good().mint(), &[], &profile(|_| ()), &ReferenceValues::default(), &[]);
    let entry = advisory("AMD-SB-3020").unwrap();
    let expected = Fact::Map(vec![
        ("advisory", "AMD-SB-3020".into()),
        ("name", "RMPocalypse".into()),
        ("asks", "snp at least 0x1b, bit 1 of both mitigation vectors".into()),
        ("certain", false.into()),
        ("source", entry.source.into()),
    ]);
    let check =
        verdict.checks.iter().find(|check| check.id == ADVISORY && check.expected == expected).unwrap();
    assert_eq!(check.actual, "snp 0x1d, mitigation vectors 0x1 and 0x1".into());
}

#[test]
fn a_named_advisory_is_enforced_at_its_boundary() {
    let rmpocalypse = enforce(&["AMD-SB-3020"]);
    let machine = |level: u8, launch, current| {
        at_level(Product::Genoa, level).but(|snp| {
            (snp.report.launch_mitigations, snp.report.current_mitigations) = (launch, current);
        })
    };
    let exposed = hardware(32, ADVISORY);
    assert_eq!(found(&machine(0x1b, 0b10, 0b10), &rmpocalypse), good());
    assert_eq!(found(&machine(0x1a, 0b10, 0b10), &rmpocalypse), exposed);
    assert_eq!(found(&machine(0x1b, 0b01, 0b10), &rmpocalypse), exposed);
    assert_eq!(found(&machine(0x1b, 0b10, 0b01), &rmpocalypse), exposed);
    // Updated since, under a guest that was launched before.
    let launched = |level| machine(0x1b, 0b10, 0b10).but(|snp| snp.report.launch_tcb[6] = level);
    assert_eq!(found(&launched(0x1b), &rmpocalypse), good());
    assert_eq!(found(&launched(0x1a), &rmpocalypse), exposed);
    assert_eq!(found(&machine(0x1a, 0, 0), &profile(|_| ())), good());
    assert_eq!(shown(&machine(0x1b, 0b10, 0b10), &rmpocalypse)[1], ("AMD-SB-3020".to_owned(), Outcome::Pass));
}

#[test]
fn microcode_figures_are_those_of_the_processor() {
    let (exposed, stackwarp) = (hardware(32, ADVISORY), enforce(&["AMD-SB-3027"]));
    assert_eq!(found(&at_microcode(Product::Genoa, 0x56), &stackwarp), good());
    assert_eq!(found(&at_microcode(Product::Genoa, 0x55), &stackwarp), exposed);
    let genoa_x = |level| at_microcode(Product::Genoa, level).but(|snp| snp.report.cpuid = [0x19, 0x11, 2]);
    assert_eq!(found(&genoa_x(0x51), &stackwarp), good());
    assert_eq!(found(&genoa_x(0x50), &stackwarp), exposed);
    // No figure is known for Milan: there it is SMT.
    let milan =
        |info| Snp::of(Product::Milan, SigningChoice::Vcek).but(|snp| snp.report.platform_info = info);
    assert_eq!(found(&milan(0x24), &stackwarp), good());
    assert_eq!(found(&milan(0x25), &stackwarp), exposed);
    let cachewarp = enforce(&["AMD-SB-3005"]);
    assert_eq!(found(&at_microcode(Product::Milan, 0xd1), &cachewarp), good());
    assert_eq!(found(&at_microcode(Product::Milan, 0xd0), &cachewarp), exposed);
    // A processor without a figure cannot show that it is not open to what is enforced.
    let unknown = at_microcode(Product::Milan, 0xff).but(|snp| snp.report.cpuid = [0x19, 1, 0]);
    assert_eq!(found(&unknown, &cachewarp), exposed);
    assert_eq!(found(&Snp::good(), &cachewarp), good());
}

#[test]
fn heracles_asks_for_guests_whose_pages_stay() {
    let heracles = enforce(&["AMD-SB-3021"]);
    assert_eq!(found(&report(|snp| snp.report.policy |= 1 << 25), &heracles), good());
    assert_eq!(found(&Snp::good(), &heracles), hardware(32, ADVISORY));
}

#[test]
fn no_milan_report_is_believed_where_badfuse_is_enforced() {
    let badfuse = enforce(&["arXiv:2605.12990"]);
    let milan = Snp::of(Product::Milan, SigningChoice::Vcek);
    assert_eq!(found(&milan, &badfuse), hardware(96, ADVISORY));
    assert_eq!(found(&Snp::good(), &badfuse), good());
    assert_eq!(found(&milan, &profile(|_| ())), good());
}

#[test]
fn physical_attacks_ask_for_a_chip_whose_place_is_known() {
    let policy = |ids: Vec<String>| {
        let mut policy = enforce(&["tee.fail", "battering-ram"]);
        policy.snp.chip_ids = chips(&ids);
        policy
    };
    let own = hex::encode(Snp::good().report.chip_id);
    assert_eq!(found(&Snp::good(), &policy(vec![own])), good());
    let twice = Found { failed: vec![ADVISORY, ADVISORY], ..hardware(32, ADVISORY) };
    assert_eq!(found(&Snp::good(), &policy(Vec::new())), twice);
}

#[test]
fn the_verdict_names_the_advisories_that_the_platform_is_open_to() {
    let default = profile(|_| ());
    let none = Vec::<String>::new();
    assert_eq!(open(&Snp::good(), &default), none);
    for (product, level) in [(Product::Genoa, 0x17), (Product::Milan, 0x18)] {
        assert_eq!(open(&at_level(product, level), &default), none);
        assert_eq!(open(&at_level(product, level - 1), &default), ["AMD-SB-3019"]);
    }
    let unchecked = report(|snp| snp.report.platform_info &= !(1 << 5));
    assert_eq!(open(&unchecked, &default), ["AMD-SB-3015"]);
    // What the platform is open to does not depend on whether the policy minds.
    assert_eq!(open(&unchecked, &profile(|policy| policy.snp.require_alias_check = false)), ["AMD-SB-3015"]);
    assert_eq!(open(&Snp::good(), &enforce(&["AMD-SB-3020"])), ["AMD-SB-3020"]);
}

#[test]
fn the_default_floors_and_bits_are_the_catalogues() {
    use reference_values::{AmdProduct, Demand, TcbPart, advisories};
    use verifier::policy::SnpPolicy;
    let policy = SnpPolicy::default();
    for entry in advisories().iter().filter(|entry| entry.profile) {
        for remedy in entry.remedies {
            let floor = match remedy.product {
                AmdProduct::Milan => policy.floors.milan,
                AmdProduct::Genoa => policy.floors.genoa,
                AmdProduct::Turin => policy.floors.turin,
            };
            for demand in remedy.demands {
                let enforced = match demand {
                    Demand::Tcb(TcbPart::Snp, least) => floor.snp >= *least,
                    Demand::Tcb(TcbPart::Microcode, least) => floor.microcode >= *least,
                    Demand::PlatformInfo(5) => policy.require_alias_check,
                    _ => false,
                };
                assert!(enforced, "{}: {demand}", entry.id);
            }
        }
    }
}
