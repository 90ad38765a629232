use std::collections::BTreeSet;

use super::*;

#[test]
fn every_entry_has_an_id_of_its_own_a_source_and_a_product() {
    let ids: BTreeSet<_> = ADVISORIES.iter().map(|advisory| advisory.id).collect();
    assert_eq!(ids.len(), ADVISORIES.len());
    for advisory in ADVISORIES {
        assert!(!advisory.source.is_empty() && !advisory.remedies.is_empty(), "{}", advisory.id);
        assert_eq!(super::advisory(advisory.id), Some(advisory));
    }
    assert_eq!(super::advisory("AMD-SB-0000"), None);
}

#[test]
fn nothing_uncertain_and_nothing_without_a_figure_is_in_the_production_profile() {
    for advisory in ADVISORIES.iter().filter(|advisory| advisory.profile) {
        assert!(advisory.certain, "{}", advisory.id);
        assert!(advisory.remedies.iter().all(|remedy| !remedy.demands.is_empty()), "{}", advisory.id);
    }
}

#[test]
fn the_production_profile_is_entrysign_and_badram() {
    let profile: Vec<_> =
        ADVISORIES.iter().filter(|advisory| advisory.profile).map(|advisory| advisory.name).collect();
    assert_eq!(profile, ["BadRAM", "EntrySign"]);
}

#[test]
fn figures_of_a_processor_go_before_those_of_its_product() {
    let stackwarp = super::advisory("AMD-SB-3027").unwrap();
    let demands = |product, processor| stackwarp.demands(product, processor).map(<[Demand]>::to_vec);
    let microcode = |least| Some(vec![Demand::Tcb(Microcode, least)]);
    let without_smt = Some(vec![Demand::NoPlatformInfo(0)]);
    assert_eq!(demands(Genoa, Some((0x11, 1))), microcode(0x56));
    assert_eq!(demands(Genoa, Some((0x11, 2))), microcode(0x51));
    assert_eq!(demands(Genoa, Some((0xa0, 2))), without_smt);
    assert_eq!(demands(Genoa, None), without_smt);
    // Another product's processor has no figure here.
    assert_eq!(demands(Milan, Some((0x11, 1))), without_smt);
}

#[test]
fn an_entry_without_a_figure_demands_nothing() {
    let cachewarp = super::advisory("AMD-SB-3005").unwrap();
    assert_eq!(cachewarp.demands(Milan, None), None);
    assert_eq!(cachewarp.demands(Milan, Some((0x01, 0x00))), None);
    assert!(cachewarp.affects(Milan) && !cachewarp.affects(Genoa) && cachewarp.has_demands());
}
