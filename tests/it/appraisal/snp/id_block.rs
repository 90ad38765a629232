//! The image owner's ID block, given beside the report.

use reference_values::ReferenceValues;
use sim::amd::{IdBlockFields, OwnerKeys};
use sim::{P384Key, SeededRng};
use verifier::check::{Check, Fact, Outcome};
use verifier::verdict::Verdict;

use super::super::judge;
use super::*;
use crate::refused::Case;

fn key(name: &str) -> P384Key {
    P384Key::generate(&mut SeededRng::new(name))
}

fn owner() -> OwnerKeys {
    OwnerKeys { id: key("id key"), author: Some(key("author key")) }
}

/// A guest that was launched with the owner's block.
fn launched(owner: &OwnerKeys) -> Snp {
    report(|snp| {
        (snp.report.family_id, snp.report.image_id, snp.report.guest_svn) = ([3; 16], [4; 16], 7);
        owner.name_in(&mut snp.report);
    })
}

/// The guest's report with the owner's block, changed before it is signed.
fn with(change: impl FnOnce(&mut IdBlockFields)) -> Case {
    let snp = launched(&owner());
    let mut block = IdBlockFields::of(&snp.report);
    change(&mut block);
    snp.mint().with("id-block", owner().sign(&block).unwrap())
}

fn verdict(case: &Case, policy: &Policy) -> Verdict {
    judge(case, &["verified"], policy, &ReferenceValues::default(), &[])
}

fn check(case: &Case, policy: &Policy) -> Check {
    let verdict = verdict(case, policy);
    assert!(verdict.verified, "{:?}", verdict.error);
    let mut found = verdict.checks.into_iter().filter(|check| check.id == "appraise.snp.id-block");
    let check = found.next().unwrap();
    assert_eq!(found.next(), None);
    check
}

fn expected(outcome: Outcome, expected: Fact, actual: Fact) -> Check {
    Check { id: "appraise.snp.id-block", outcome, expected, actual, source: "the appraisal policy" }
}

/// The block parts from the report in this field.
fn refuted(field: &'static str, wanted: impl Into<Fact>, actual: impl Into<Fact>) -> Check {
    let wanted = Fact::Map(vec![("field", field.into()), ("value", wanted.into())]);
    expected(Outcome::Fail, wanted, actual.into())
}

const WANTED: &str = "the image owner's signature over this guest";

#[test]
fn the_owners_block_over_this_guest_passes() {
    let case = with(|_| ());
    let required = profile(|policy| {
        policy.snp.require_id_block = true;
        policy.snp.require_author_key = true;
    });
    for policy in [profile(|_| ()), required] {
        let digest = Fact::from(sim::amd::key_digest(&owner().id));
        assert_eq!(check(&case, &policy), expected(Outcome::Pass, WANTED.into(), digest));
        assert_eq!(super::super::found(&case, &policy, Key::LaunchDigest), good());
        assert_eq!(verdict(&case, &policy).unused_endorsements, Vec::<String>::new());
    }
}

#[test]
fn an_absent_block_is_not_checked_unless_it_is_required() {
    let required = profile(|policy| policy.snp.require_id_block = true);
    for case in [launched(&owner()).mint(), Snp::good().mint()] {
        let absent = |outcome| expected(outcome, WANTED.into(), Fact::None);
        assert_eq!(check(&case, &profile(|_| ())), absent(Outcome::NotChecked));
        assert_eq!(check(&case, &required), absent(Outcome::Fail));
        let fallen = configuration("appraise.snp.id-block");
        assert_eq!(super::super::found(&case, &required, Key::LaunchDigest), fallen);
    }
}

#[test]
fn a_block_by_another_key_has_nothing_to_do_with_the_guest() {
    let snp = launched(&owner());
    let stranger = OwnerKeys { id: key("a stranger"), ..owner() };
    let block = stranger.sign(&IdBlockFields::of(&snp.report)).unwrap();
    let case = snp.mint().with("id-block", block);
    let absent = expected(Outcome::NotChecked, WANTED.into(), Fact::None);
    assert_eq!(check(&case, &profile(|_| ())), absent);
    assert_eq!(verdict(&case, &profile(|_| ())).unused_endorsements, ["id-block"]);
}

#[test]
fn each_field_of_the_block_is_the_reports() {
    for (case, refuted) in [
        (
            with(|block| block.launch_digest[47] ^= 1),
            refuted("MEASUREMENT", "4d".repeat(48), format!("{}4c", "4d".repeat(47))),
        ),
        (
            with(|block| block.family_id[0] = 0),
            refuted("FAMILY_ID", "03".repeat(16), format!("00{}", "03".repeat(15))),
        ),
        (
            with(|block| block.image_id[15] = 5),
            refuted("IMAGE_ID", "04".repeat(16), format!("{}05", "04".repeat(15))),
        ),
        (
            with(|block| block.guest_svn = 6),
            refuted("GUEST_SVN", "00000007".to_owned(), "00000006".to_owned()),
        ),
        (
            with(|block| block.policy |= 1 << 19),
            refuted("POLICY", "0000000000030000".to_owned(), "00000000000b0000".to_owned()),
        ),
    ] {
        assert_eq!(check(&case, &profile(|_| ())), refuted);
        let fallen = configuration("appraise.snp.id-block");
        assert_eq!(super::super::found(&case, &profile(|_| ()), Key::LaunchDigest), fallen);
    }
}

#[test]
fn both_of_the_owners_signatures_must_hold() {
    for (at, field, wanted) in [
        (96 + 0x40, "ID_BLOCK_SIG", "the ID key's signature over the block"),
        (96 + 0x680, "ID_KEY_SIG", "the author key's signature over the ID key"),
    ] {
        let mut case = with(|_| ());
        let (_, block) = case.endorsements.iter_mut().find(|(name, _)| *name == "id-block").unwrap();
        block[at] ^= 1;
        let found = check(&case, &profile(|_| ()));
        let Fact::Text(reason) = found.actual.clone() else { panic!("{found:?}") };
        assert_eq!(found, refuted(field, wanted.to_owned(), reason.to_string()));
        assert!(reason.contains("ECDSA P-384/SHA-384"), "{reason}");
    }
}

#[test]
fn the_author_is_the_reports() {
    let snp = launched(&owner());
    let block = IdBlockFields::of(&snp.report);
    let digest = hex::encode(snp.report.author_key_digest);
    let other = OwnerKeys { author: Some(key("another author")), ..owner() };
    let nobody = OwnerKeys { author: None, ..owner() };
    let others = hex::encode(sim::amd::key_digest(&key("another author")));
    for (keys, actual) in [(other, others), (nobody, "no author key".to_owned())] {
        let case = snp.clone().mint().with("id-block", keys.sign(&block).unwrap());
        let refuted = refuted("AUTHOR_KEY_DIGEST", digest.clone(), actual);
        assert_eq!(check(&case, &profile(|_| ())), refuted);
    }
    // A guest that was launched without an author key needs none.
    let nobody = OwnerKeys { author: None, ..owner() };
    let snp = launched(&nobody);
    let block = nobody.sign(&IdBlockFields::of(&snp.report)).unwrap();
    assert_eq!(check(&snp.mint().with("id-block", block), &profile(|_| ())).outcome, Outcome::Pass);
}

#[test]
fn of_an_owners_many_blocks_the_one_of_this_image_counts() {
    let snp = launched(&owner());
    let good = owner().sign(&IdBlockFields::of(&snp.report)).unwrap();
    let mut case = snp.mint();
    for other in 0..9 {
        let mut block = IdBlockFields::of(&snp.report);
        block.launch_digest = [other; 48];
        case.endorsements.push(("another image", owner().sign(&block).unwrap()));
    }
    // One of this image whose signature was broken on the way, and then the good one.
    let mut broken = good.clone();
    broken[96 + 0x40] ^= 1;
    case.endorsements.push(("broken", broken));
    assert_eq!(check(&case, &profile(|_| ())).outcome, Outcome::Fail);
    case.endorsements.push(("id-block", good));
    assert_eq!(check(&case, &profile(|_| ())).outcome, Outcome::Pass);
    assert_eq!(verdict(&case, &profile(|_| ())).unused_endorsements, ["another image", "broken"]);
}

#[test]
fn of_an_images_many_blocks_the_one_of_this_version_counts() {
    let snp = launched(&owner());
    let good = owner().sign(&IdBlockFields::of(&snp.report)).unwrap();
    let mut case = snp.mint();
    for version in 8..15 {
        let mut block = IdBlockFields::of(&snp.report);
        block.guest_svn = version;
        case.endorsements.push(("another version", owner().sign(&block).unwrap()));
    }
    assert_eq!(
        check(&case, &profile(|_| ())),
        refuted("GUEST_SVN", "00000007", Fact::from("00000008".to_owned()))
    );
    case.endorsements.push(("id-block", good));
    assert_eq!(check(&case, &profile(|_| ())).outcome, Outcome::Pass);
}
