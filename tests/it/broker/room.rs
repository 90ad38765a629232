//! What strangers with genuine hardware can make the broker keep.

use kbs_protocol::{Refusal, Tee};
use system_tests::broker::{Draft, OTHER_LAUNCH_DIGEST, Settings};

use super::bench::{Bench, new_key};

const NO_ROOM: &str =
    "the evidence is not affirmed, and the broker's room for records of such evidence is used up";

/// A member that nobody reads, as large as evidence may be.
fn padded(evidence: &str) -> String {
    with_padding(evidence, 200 << 10)
}

/// A member that makes evidence larger than any.
fn swollen(evidence: &str) -> String {
    with_padding(evidence, 1536 << 10)
}

fn with_padding(evidence: &str, bytes: usize) -> String {
    let rest = evidence.strip_prefix('{').unwrap();
    format!("{{\"padding\":\"{}\",{rest}", "x".repeat(bytes))
}

#[expect(clippy::disallowed_methods, reason = "the test measures the broker's files")]
fn store_bytes(bench: &Bench) -> Vec<u8> {
    std::fs::read(bench.site.path("store.redb")).unwrap()
}

#[test]
fn a_stranger_with_genuine_hardware_fills_no_disk_and_known_guests_are_served() {
    let tables = "[limits]\ndenied_records_mib = 0";
    let bench = Bench::with(Settings { tables, ..Settings::default() });
    for tee in [Tee::Snp, Tee::Tdx] {
        let [amd, intel] = bench.machines();
        let machine = if tee == Tee::Snp { amd } else { intel };
        let before = store_bytes(&bench);
        for _ in 0..3 {
            let session = bench.auth(tee);
            let mut draft = Draft::honest(&session, machine, &new_key());
            draft.guest.launch_digest = OTHER_LAUNCH_DIGEST;
            draft.evidence = padded;
            let expected = (401, "AttestationError", &[NO_ROOM][..]);
            let refusal = bench.refused("no room", &draft.send(bench.broker.address), expected);
            let checks = vec!["appraise.reference-values".to_owned()];
            assert_eq!(refusal, Refusal { summary: NO_ROOM.to_owned(), checks, decision: None });
        }
        assert!(store_bytes(&bench) == before, "the store has changed");
        bench.honest(machine);
    }
}

#[test]
fn a_disk_below_its_reserve_keeps_what_is_left_for_known_guests() {
    let tables = "[limits]\nreserve_mib = 1073741824";
    let bench = Bench::with(Settings { tables, ..Settings::default() });
    let machine = &bench.site.amd.machine;
    let session = bench.auth(Tee::Snp);
    let mut draft = Draft::honest(&session, machine, &new_key());
    draft.guest.launch_digest = OTHER_LAUNCH_DIGEST;
    bench.refused("reserve", &draft.send(bench.broker.address), (401, "AttestationError", &[NO_ROOM]));
    bench.honest(machine);
}

#[test]
fn evidence_larger_than_any_is_refused_by_its_size() {
    let bench = Bench::new();
    for (tee, limit) in [(Tee::Snp, "262144"), (Tee::Tdx, "1572864")] {
        let [amd, intel] = bench.machines();
        let machine = if tee == Tee::Snp { amd } else { intel };
        let session = bench.auth(tee);
        let mut draft = Draft::honest(&session, machine, &new_key());
        draft.evidence = swollen;
        let expected = (413, "SerdeError", &["primary_evidence has ", limit][..]);
        bench.refused("swollen", &draft.send(bench.broker.address), expected);
        // What fits is read, and an affirmed guest may send it.
        draft.evidence = padded;
        assert_eq!(draft.send(bench.broker.address).status, 200);
    }
}
