//! Every bit of the guest policy and of PLATFORM_INFO by its name.

use verifier::policy::{AbiVersion, Bits};
use verifier::snp::{PlatformBit, PolicyBit};

use super::*;

#[test]
fn each_platform_bit_can_be_demanded_and_forbidden() {
    let broken = hardware(32, "appraise.snp.platform-info");
    for bit in PlatformBit::ALL {
        let mask = 1 << bit.number();
        let (set, clear) =
            (report(|snp| snp.report.platform_info |= mask), report(|snp| snp.report.platform_info &= !mask));
        let asked = |change: fn(&mut Policy, PlatformBit)| {
            profile(|policy| {
                policy.snp.require_alias_check = false;
                change(policy, bit);
            })
        };
        let required = asked(|policy, bit| policy.snp.require_platform_info = vec![bit]);
        let forbidden = asked(|policy, bit| policy.snp.forbid_platform_info = vec![bit]);
        let name = bit.as_str();
        assert_eq!(found(&set, &required), good(), "{name}");
        assert_eq!(found(&clear, &required), broken, "{name}");
        assert_eq!(found(&set, &forbidden), broken, "{name}");
        assert_eq!(found(&clear, &forbidden), good(), "{name}");
    }
}

#[test]
fn each_policy_bit_can_be_demanded_and_forbidden() {
    let broken = configuration("appraise.snp.guest-policy");
    for bit in PolicyBit::ALL {
        let mask = 1 << bit.number();
        let (set, clear) =
            (report(|snp| snp.report.policy |= mask), report(|snp| snp.report.policy &= !mask));
        let asked = |change: fn(&mut Policy, PolicyBit)| {
            profile(|policy| {
                policy.snp.danger_allow_debug = true;
                policy.snp.danger_allow_migration_agent = true;
                change(policy, bit);
            })
        };
        let required = asked(|policy, bit| policy.snp.require_guest_policy = vec![bit]);
        let forbidden = asked(|policy, bit| policy.snp.forbid_guest_policy = vec![bit]);
        let name = bit.as_str();
        assert_eq!(found(&set, &required), good(), "{name}");
        assert_eq!(found(&clear, &required), broken, "{name}");
        assert_eq!(found(&set, &forbidden), broken, "{name}");
        assert_eq!(found(&clear, &forbidden), good(), "{name}");
    }
}

#[test]
fn unknown_platform_bits_warn_unless_the_policy_names_them() {
    let bit = |bit: u32| report(|snp| snp.report.platform_info |= 1 << bit);
    let unknown = hardware(32, "appraise.snp.platform-bits");
    let allow = |mask| profile(|policy| policy.snp.danger_allow_platform_info_bits = Bits::from_mask(mask));
    for number in [6, 7] {
        assert_eq!(found(&bit(number), &profile(|_| ())), good(), "bit {number}");
    }
    for number in [8, 63] {
        assert_eq!(found(&bit(number), &profile(|_| ())), unknown, "bit {number}");
        assert_eq!(found(&bit(number), &allow(1 << number)), good(), "bit {number}");
        assert_eq!(found(&bit(number), &allow(1 << 9)), unknown, "bit {number}");
    }
}

#[test]
fn the_guests_policy_can_be_asked_for_a_least_interface() {
    let demands = report(|snp| snp.report.policy |= 0x0137);
    let least = |major, minor| profile(|policy| policy.snp.min_policy_abi = AbiVersion { major, minor });
    let below = configuration("appraise.snp.policy-abi");
    assert_eq!(found(&demands, &least(1, 55)), good());
    assert_eq!(found(&demands, &least(1, 56)), below);
    assert_eq!(found(&demands, &least(0, 255)), good());
    assert_eq!(found(&demands, &least(2, 0)), below);
    assert_eq!(found(&Snp::good(), &least(0, 1)), below);
    assert_eq!(found(&Snp::good(), &least(0, 0)), good());
}
