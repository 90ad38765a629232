//! The four TCBs, the firmware's version and the mitigation vectors.

use sim::amd::FirmwareVersion;
use verifier::policy::{Bits, SnpFloors};
use verifier::snp::Firmware;

use super::*;

/// Sets the SNP firmware's level in one TCB of a report.
type Level = fn(&mut Snp, u8);

#[test]
fn current_committed_and_launch_tcb_have_floors_of_their_own() {
    let tcbs: [(&'static str, Level); 3] = [
        ("appraise.snp.tcb.current", |snp, level| snp.report.current_tcb[6] = level),
        ("appraise.snp.tcb.committed", |snp, level| snp.report.committed_tcb[6] = level),
        ("appraise.snp.tcb.launch", |snp, level| snp.report.launch_tcb[6] = level),
    ];
    for (id, set) in tcbs {
        assert_eq!(found(&report(|snp| set(snp, 0x17)), &profile(|_| ())), good(), "{id}");
        assert_eq!(found(&report(|snp| set(snp, 0x16)), &profile(|_| ())), hardware(32, id), "{id}");
        let floors: fn(&mut Policy) -> &mut SnpFloors = match id {
            "appraise.snp.tcb.current" => |policy| &mut policy.snp.current_floors,
            "appraise.snp.tcb.committed" => |policy| &mut policy.snp.committed_floors,
            _ => |policy| &mut policy.snp.launch_floors,
        };
        let lowered = profile(|policy| floors(policy).genoa.snp = 0x16);
        assert_eq!(found(&report(|snp| set(snp, 0x16)), &lowered), good(), "{id}");
        // The floor of another product says nothing, and that of every part something.
        assert_eq!(found(&Snp::good(), &profile(|policy| floors(policy).milan.snp = 255)), good(), "{id}");
        for microcode in [88, 89] {
            let raised = profile(|policy| floors(policy).genoa.microcode = microcode);
            let expected = if microcode == 88 { good() } else { hardware(32, id) };
            assert_eq!(found(&Snp::good(), &raised), expected, "{id}");
        }
    }
}

#[test]
fn cachewarps_microcode_floor_is_met_exactly() {
    let floor = profile(|policy| policy.snp.floors.milan.microcode = 0xd1);
    assert_eq!(found(&at_microcode(Product::Milan, 0xd1), &floor), good());
    assert_eq!(found(&at_microcode(Product::Milan, 0xd0), &floor), hardware(32, "appraise.tcb"));
}

#[test]
fn running_and_committed_firmware_have_a_least_version() {
    let floor = |major, minor, build| {
        profile(|policy| policy.snp.firmware_floors.genoa = Firmware { major, minor, build })
    };
    let below = hardware(32, "appraise.snp.firmware");
    let machine = |current, committed| {
        report(|snp| {
            snp.report.current = FirmwareVersion { major: 1, minor: 55, build: current };
            snp.report.committed = FirmwareVersion { major: 1, minor: 55, build: committed };
        })
    };
    assert_eq!(found(&machine(38, 38), &floor(1, 55, 38)), good());
    assert_eq!(found(&machine(37, 38), &floor(1, 55, 38)), below);
    assert_eq!(found(&machine(38, 37), &floor(1, 55, 38)), below);
    // As numbers side by side: a greater build makes up for no minor version, a greater minor for any build.
    assert_eq!(found(&machine(255, 255), &floor(1, 56, 0)), below);
    assert_eq!(found(&machine(0, 0), &floor(1, 54, 255)), good());
    assert_eq!(found(&machine(0, 0), &profile(|_| ())), good());
}

#[test]
fn demanded_mitigations_must_be_in_the_vector_of_their_time() {
    let vectors = |launch, current| {
        report(|snp| (snp.report.launch_mitigations, snp.report.current_mitigations) = (launch, current))
    };
    let at_launch = profile(|policy| policy.snp.launch_mitigations.genoa = Bits::from_mask(0b110));
    let now = profile(|policy| policy.snp.current_mitigations.genoa = Bits::from_mask(0b110));
    let (launch, current) =
        (hardware(32, "appraise.snp.mitigations.launch"), hardware(32, "appraise.snp.mitigations.current"));
    assert_eq!(found(&vectors(0b1110, 0), &at_launch), good());
    assert_eq!(found(&vectors(0b1010, 0b110), &at_launch), launch);
    assert_eq!(found(&vectors(0, 0b1110), &now), good());
    assert_eq!(found(&vectors(0b110, 0b100), &now), current);
    assert_eq!(found(&vectors(0, 0), &profile(|_| ())), good());
}

#[test]
fn a_report_without_mitigation_vectors_shows_no_mitigation() {
    let before = report(|snp| {
        snp.report.version = 4;
        (snp.report.launch_mitigations, snp.report.current_mitigations) = (0, 0);
    });
    let demanding = profile(|policy| policy.snp.launch_mitigations.genoa = Bits::from_mask(1));
    assert_eq!(found(&before, &demanding), hardware(32, "appraise.snp.mitigations.launch"));
    assert_eq!(found(&before, &profile(|_| ())), good());
}
