//! SEV-SNP.

mod advisories;
mod bits;
mod id_block;
mod keys;
mod tcb;

use reference_values::Key;
use sim::amd::{Product, SigningChoice, oid};
use sim::asn1 as write;
use system_tests::minted::NOW;
use verifier::policy::{Bits, Id, Policy, RevocationRule};

use super::{Found, configuration, good, hardware, profile};
use crate::minted_snp::case::Snp;

/// Sets the floor of one part of the TCB.
type Floor = fn(&mut Policy, u8);

fn found(snp: &Snp, policy: &Policy) -> Found {
    super::found(&snp.mint(), policy, Key::LaunchDigest)
}

fn report(change: impl FnOnce(&mut Snp)) -> Snp {
    Snp::good().but(change)
}

/// A machine whose SNP firmware is at this level, certified for it.
fn at_level(product: Product, snp_level: u8) -> Snp {
    Snp::of(product, SigningChoice::Vcek).but(|snp| {
        snp.report.reported_tcb[6] = snp_level;
        snp.vek.extension_mut(&oid::SPL_SNP).unwrap().value = write::integer(&[snp_level]);
    })
}

/// A machine whose microcode is at this level, certified for it, and was so when the guest was launched.
fn at_microcode(product: Product, level: u8) -> Snp {
    Snp::of(product, SigningChoice::Vcek).but(|snp| {
        snp.report.reported_tcb[7] = level;
        snp.report.launch_tcb[7] = level;
        snp.vek.extension_mut(&oid::SPL_MICROCODE).unwrap().value = write::integer(&[level]);
    })
}

#[test]
fn default_floors_are_those_of_entrysign() {
    let default = profile(|_| ());
    assert_eq!(found(&at_level(Product::Genoa, 0x17), &default), good());
    assert_eq!(found(&at_level(Product::Genoa, 0x16), &default), hardware(32, "appraise.tcb"));
    assert_eq!(found(&at_level(Product::Milan, 0x18), &default), good());
    assert_eq!(found(&at_level(Product::Milan, 0x17), &default), hardware(32, "appraise.tcb"));
}

#[test]
fn each_part_of_the_tcb_has_a_floor_of_its_own() {
    let below = hardware(32, "appraise.tcb");
    let floors: [(Floor, u8); 4] = [
        (|policy, add| policy.snp.floors.genoa.bootloader = 10 + add, 0),
        (|policy, add| policy.snp.floors.genoa.tee = add, 0),
        (|policy, add| policy.snp.floors.genoa.snp = 29 + add, 0),
        (|policy, add| policy.snp.floors.genoa.microcode = 88 + add, 0),
    ];
    for (floor, reached) in floors {
        assert_eq!(found(&Snp::good(), &profile(|policy| floor(policy, reached))), good());
        assert_eq!(found(&Snp::good(), &profile(|policy| floor(policy, reached + 1))), below);
    }
    let turin = Snp::of(Product::Turin, SigningChoice::Vcek);
    assert_eq!(found(&turin, &profile(|policy| policy.snp.floors.turin.fmc = 1)), good());
    assert_eq!(found(&turin, &profile(|policy| policy.snp.floors.turin.fmc = 2)), below);
}

#[test]
fn the_alias_check_is_demanded_unless_the_policy_does_without() {
    let unchecked = report(|snp| snp.report.platform_info &= !(1 << 5));
    assert_eq!(found(&unchecked, &profile(|_| ())), hardware(32, "appraise.snp.alias-check"));
    assert_eq!(found(&unchecked, &profile(|policy| policy.snp.require_alias_check = false)), good());
}

#[test]
fn a_denied_product_is_contraindicated_whatever_its_tcb() {
    use verifier::snp::Product::{Genoa, Milan};
    let deny = |products: &[verifier::snp::Product]| {
        let products = products.to_vec();
        profile(|policy| policy.snp.deny_products = products)
    };
    let milan = Snp::of(Product::Milan, SigningChoice::Vcek);
    assert_eq!(found(&milan, &deny(&[Milan])), hardware(96, "appraise.snp.product"));
    assert_eq!(found(&milan, &deny(&[Genoa])), good());
}

/// Chips as a policy's file writes them.
fn chips(ids: &[String]) -> Vec<Id<64>> {
    serde_json::from_value(ids.into()).unwrap()
}

#[test]
fn a_chip_must_be_on_the_list_where_there_is_one() {
    let id = hex::encode(Snp::good().report.chip_id);
    let allow = |ids: Vec<String>| profile(|policy| policy.snp.chip_ids = chips(&ids));
    let masked = report(|snp| snp.report.chip_id = [0; 64]);
    let unlisted = hardware(96, "appraise.snp.chip");
    assert_eq!(found(&Snp::good(), &allow(vec!["00".repeat(64), id.to_uppercase()])), good());
    assert_eq!(found(&Snp::good(), &allow(vec!["00".repeat(64)])), unlisted);
    assert_eq!(found(&masked, &allow(vec!["00".repeat(64)])), unlisted);
    assert_eq!(found(&masked, &allow(Vec::new())), good());
}

#[test]
fn a_denied_chip_is_contraindicated_and_so_is_one_that_hides() {
    let id = hex::encode(Snp::good().report.chip_id);
    let deny = |ids: Vec<String>| profile(|policy| policy.deny.chip_ids = chips(&ids));
    let masked = report(|snp| snp.report.chip_id = [0; 64]);
    let denied = hardware(96, "appraise.deny.machine");
    assert_eq!(found(&Snp::good(), &deny(vec!["00".repeat(64)])), good());
    assert_eq!(found(&Snp::good(), &deny(vec!["11".repeat(64), id.to_uppercase()])), denied);
    assert_eq!(found(&masked, &deny(vec!["11".repeat(64)])), denied);
    // Being on the list of those that are accepted does not help.
    let both = profile(|policy| {
        policy.snp.chip_ids = chips(std::slice::from_ref(&id));
        policy.deny.chip_ids = chips(std::slice::from_ref(&id));
    });
    assert_eq!(found(&Snp::good(), &both), denied);
}

#[test]
fn debug_migration_and_unknown_policy_bits_are_contraindicated_unless_named() {
    let bit = |bit: u32| report(|snp| snp.report.policy ^= 1 << bit);
    let default = profile(|_| ());
    assert_eq!(found(&bit(19), &default), configuration("appraise.debug"));
    assert_eq!(found(&bit(19), &profile(|policy| policy.snp.danger_allow_debug = true)), good());
    assert_eq!(found(&bit(18), &default), configuration("appraise.migration"));
    assert_eq!(found(&bit(18), &profile(|policy| policy.snp.danger_allow_migration_agent = true)), good());
    // Bit 17 must be one, bits 24 and 25 are known, 26 is the first that is not.
    for (number, expected) in [
        (24, good()),
        (25, good()),
        (17, configuration("appraise.snp.policy-bits")),
        (26, configuration("appraise.snp.policy-bits")),
        (63, configuration("appraise.snp.policy-bits")),
    ] {
        assert_eq!(found(&bit(number), &default), expected, "bit {number}");
    }
    let allow = |mask| profile(|policy| policy.snp.danger_allow_policy_bits = Bits::from_mask(mask));
    assert_eq!(found(&bit(26), &allow(1 << 26)), good());
    assert_eq!(found(&bit(27), &allow(1 << 26)), configuration("appraise.snp.policy-bits"));
    // What is known has a rule of its own, and bit 17 must be one whatever is allowed.
    assert_eq!(found(&bit(19), &allow(u64::MAX)), configuration("appraise.debug"));
    assert_eq!(found(&bit(17), &allow(u64::MAX)), configuration("appraise.snp.policy-bits"));
}

#[test]
fn a_vmpl_above_the_policys_is_contraindicated() {
    let vmpl = |vmpl| report(|snp| snp.report.vmpl = vmpl);
    assert_eq!(found(&vmpl(0), &profile(|_| ())), good());
    assert_eq!(found(&vmpl(1), &profile(|_| ())), configuration("appraise.snp.vmpl"));
    assert_eq!(found(&vmpl(2), &profile(|policy| policy.snp.max_vmpl = 2)), good());
    assert_eq!(
        found(&vmpl(3), &profile(|policy| policy.snp.max_vmpl = 2)),
        configuration("appraise.snp.vmpl")
    );
}

#[test]
fn a_stale_crl_warns_where_one_is_required() {
    let stale = report(|snp| snp.crl.next_update = Some(NOW - 1));
    assert_eq!(found(&stale, &profile(|_| ())), hardware(32, "appraise.revocation"));
    assert_eq!(found(&stale, &profile(|policy| policy.revocation = RevocationRule::IfAvailable)), good());
}

#[test]
fn a_simulated_root_is_contraindicated_unless_the_policy_names_simulation() {
    assert_eq!(found(&Snp::good(), &profile(|_| ())), good());
    assert_eq!(found(&Snp::good(), &Policy::default()), hardware(96, "appraise.anchor"));
}

#[test]
fn lists_every_finding_and_keeps_the_worst() {
    let snp = at_level(Product::Genoa, 0x16).but(|snp| {
        snp.report.platform_info &= !(1 << 5);
        snp.report.policy |= 1 << 19;
        snp.report.vmpl = 1;
    });
    let failed = vec![
        "appraise.anchor",
        "appraise.tcb",
        "appraise.snp.alias-check",
        "appraise.debug",
        "appraise.snp.vmpl",
    ];
    let expected = Found { exit_code: 1, hardware: 96, configuration: 96, failed };
    assert_eq!(found(&snp, &Policy::default()), expected);
}
