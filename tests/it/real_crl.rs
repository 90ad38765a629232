//! AMD's own list of revoked intermediates, for a real Milan machine.

use reference_values::ReferenceValues;
use system_tests::fixtures;
use system_tests::summary::announce;
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::check::Outcome;
use verifier::endorsements::Endorsements;
use verifier::expected::Expected;
use verifier::policy::Policy;
use verifier::time::UnixTime;
use verifier::trust::Scope;
use verifier::verdict::{Context, Verdict, assess};

/// The list's thisUpdate, nextUpdate and their neighbours.
const THIS_UPDATE: &str = "2026-06-22T05:53:52Z";
const BEFORE: &str = "2026-06-22T05:53:51Z";
const NEXT_UPDATE: &str = "2026-08-08T00:00:00Z";
const AFTER: &str = "2026-08-08T00:00:01Z";

const LIST: &str = "packages/git-atakit/snp/milan.crl";
const MACHINE: &str = "snp/snp-14fd2b6e45-milan-v3-vcek";

/// The verdict on the machine's hardware with these endorsements.
fn judge(report: &[u8], files: &[(&str, &[u8])], at: &str) -> Verdict {
    let mut endorsements = Endorsements::new();
    for (name, bytes) in files {
        endorsements.add(name, bytes).unwrap();
    }
    let context = Context {
        endorsements: &endorsements,
        anchors: &Anchors::vendor().unwrap(),
        expected: &Expected::nothing(),
        wanted: Wanted { reference_values: &ReferenceValues::default(), expectations: &[] },
        policy: &Policy::default(),
        scope: Scope::Hardware,
    };
    assess(report, None, &context, UnixTime::parse_rfc3339(at).unwrap())
}

#[test]
fn amds_own_list_affirms_a_real_machine_inside_its_validity() {
    let Some(root) = fixtures::extra_root() else {
        announce("AMD's CRL: SKIPPED, ../shared/fixtures/extra is not there");
        return;
    };
    let read = |path: &str| fixtures::read(&root.join(path));
    let (report, vek, list) =
        (read(&format!("{MACHINE}/report.bin")), read(&format!("{MACHINE}/vek.der")), read(LIST));
    let told = |files: &[(&str, &[u8])], at: &str| {
        let verdict = judge(&report, files, at);
        let state = verdict.checks.iter().find(|check| check.id == "snp.revocation.ask");
        let failed: Vec<&str> = verdict.failed().map(|check| check.id).collect();
        (verdict.exit_code(), state.map(|check| check.outcome), failed)
    };
    let vek = ("vek", vek.as_slice());
    let revocation = vec!["appraise.revocation"];
    for at in [THIS_UPDATE, NEXT_UPDATE] {
        assert_eq!(told(&[vek, ("crl", &list)], at), (0, Some(Outcome::Pass), vec![]), "{at}");
    }
    for at in [BEFORE, AFTER] {
        let expected = (1, Some(Outcome::NotChecked), revocation.clone());
        assert_eq!(told(&[vek, ("crl", &list)], at), expected, "{at}");
    }
    assert_eq!(told(&[vek], THIS_UPDATE), (1, Some(Outcome::NotChecked), revocation.clone()));
    // One bit of the signature, which ends the list.
    let mut forged = list;
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(told(&[vek, ("crl", &forged)], THIS_UPDATE), (1, Some(Outcome::NotChecked), revocation));
    announce(
        "AMD's CRL: the list of June 2026 verifies under the pinned ARK and affirms a real Milan machine",
    );
}
