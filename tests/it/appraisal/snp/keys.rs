//! Who signed the report, and what the owner's keys are worth as reference values.

use reference_values::ReferenceValues;
use verifier::check::Outcome;
use verifier::snp::SigningKey;

use super::super::judge;
use super::*;

/// The outcomes of the checks of this id.
fn outcomes(snp: &Snp, policy: &Policy, id: &str) -> Vec<Outcome> {
    let verdict = judge(&snp.mint(), &[], policy, &ReferenceValues::default(), &[]);
    verdict.checks.iter().filter(|check| check.id == id).map(|check| check.outcome).collect()
}

#[test]
fn reports_of_the_named_kinds_of_key_are_accepted() {
    let only = |key| profile(|policy| policy.snp.signing_keys = vec![key]);
    let other = hardware(96, "appraise.snp.signing-key");
    assert_eq!(found(&Snp::good(), &only(SigningKey::Vcek)), good());
    assert_eq!(found(&Snp::good(), &only(SigningKey::Vlek)), other);
    assert_eq!(found(&Snp::vlek(), &only(SigningKey::Vlek)), good());
    assert_eq!(found(&Snp::vlek(), &only(SigningKey::Vcek)), other);
    assert_eq!(found(&Snp::vlek(), &profile(|_| ())), good());
}

#[test]
fn a_vlek_is_of_a_named_provider_where_providers_are_named() {
    let id = "appraise.snp.csp-id";
    let only = |csp: &str| profile(|policy| policy.snp.vlek_csp_ids = vec![csp.to_owned()]);
    assert_eq!(found(&Snp::vlek(), &only("simulated-csp")), good());
    assert_eq!(found(&Snp::vlek(), &only("simulated-cs")), hardware(96, id));
    assert_eq!(found(&Snp::vlek(), &only("Simulated-CSP")), hardware(96, id));
    assert_eq!(found(&Snp::good(), &only("another")), good());
    assert_eq!(outcomes(&Snp::vlek(), &only("simulated-csp"), id), [Outcome::Pass]);
    assert_eq!(outcomes(&Snp::vlek(), &profile(|_| ()), id), [Outcome::NotChecked]);
    assert_eq!(outcomes(&Snp::good(), &only("another"), id), [Outcome::NotApplicable]);
}

#[test]
fn a_masked_chip_key_signs_nothing() {
    let masked = |snp: Snp| snp.but(|snp| snp.report.key_info |= 0b10);
    let impossible = hardware(96, "appraise.snp.mask-chip-key");
    assert_eq!(found(&masked(Snp::good()), &profile(|_| ())), impossible);
    assert_eq!(found(&masked(Snp::vlek()), &profile(|_| ())), good());
}

#[test]
fn the_author_keys_flag_agrees_with_the_digests() {
    let id = "appraise.snp.author-key";
    let case = |flag: u32, author: u8, owner: u8| {
        report(|snp| {
            snp.report.key_info = flag;
            snp.report.author_key_digest = [author; 48];
            snp.report.id_key_digest = [owner; 48];
        })
    };
    let required = profile(|policy| policy.snp.require_author_key = true);
    for (flag, author, owner, by_default, demanded) in [
        (1, 1, 1, good(), good()),
        (0, 0, 1, good(), configuration(id)),
        (0, 0, 0, good(), configuration(id)),
        (0, 1, 1, configuration(id), configuration(id)),
        (1, 0, 1, configuration(id), configuration(id)),
        (1, 1, 0, configuration(id), configuration(id)),
        (1, 0, 0, configuration(id), configuration(id)),
    ] {
        let case = case(flag, author, owner);
        assert_eq!(found(&case, &profile(|_| ())), by_default, "{flag} {author} {owner}");
        assert_eq!(found(&case, &required), demanded, "{flag} {author} {owner}");
    }
    assert_eq!(outcomes(&case(0, 0, 1), &profile(|_| ()), id), [Outcome::NotApplicable]);
    assert_eq!(outcomes(&case(1, 1, 1), &profile(|_| ()), id), [Outcome::Pass]);
}

/// The claim on executables beside a reference value of one pair.
fn executables(snp: &Snp, pair: &str) -> i8 {
    let toml = format!("[[reference]]\ntee = \"snp\"\nname = \"a guest\"\n{pair}\n");
    let values = ReferenceValues::parse_toml(&toml).unwrap();
    judge(&snp.mint(), &["executables"], &profile(|_| ()), &values, &[]).trust_vector.executables
}

#[test]
fn what_a_guest_without_id_block_leaves_zero_matches_nothing() {
    let digest = format!("launch-digest = [\"{}\"]\n", "4d".repeat(48));
    let zeros = |key: &str, bytes: usize| format!("{digest}{key} = [\"{}\"]", "00".repeat(bytes));
    for pair in [
        zeros("id-key-digest", 48),
        zeros("author-key-digest", 48),
        zeros("family-id", 16),
        zeros("image-id", 16),
        format!("{digest}guest-svn = [0]"),
    ] {
        assert_eq!(executables(&Snp::good(), &pair), 33, "{pair}");
    }
    assert_eq!(executables(&Snp::good(), &digest), 3);
    // A block may leave its own fields zero: there they are the owner's word.
    let signed = report(|snp| snp.report.id_key_digest = [1; 48]);
    for pair in [zeros("family-id", 16), zeros("image-id", 16), format!("{digest}guest-svn = [0]")] {
        assert_eq!(executables(&signed, &pair), 3, "{pair}");
    }
}

#[test]
fn an_author_key_digest_counts_with_its_flag_alone() {
    let pair = format!("author-key-digest = [\"{}\"]", "02".repeat(48));
    let keys = |flag: u32| {
        report(|snp| {
            snp.report.key_info = flag;
            (snp.report.id_key_digest, snp.report.author_key_digest) = ([1; 48], [2; 48]);
        })
    };
    assert_eq!(executables(&keys(1), &pair), 3);
    assert_eq!(executables(&keys(0), &pair), 33);
    // Without an ID key there is nothing that the author could have certified.
    let without = keys(1).but(|snp| snp.report.id_key_digest = [0; 48]);
    assert_eq!(executables(&without, &pair), 33);
}

#[test]
fn an_owners_key_and_the_names_it_signed_are_reference_values() {
    let signed = report(|snp| {
        snp.report.id_key_digest = [1; 48];
        (snp.report.family_id, snp.report.image_id, snp.report.guest_svn) = ([3; 16], [4; 16], 7);
    });
    let key = |byte: &str| format!("id-key-digest = [\"{}\"]\n", byte.repeat(48));
    assert_eq!(executables(&signed, &key("01")), 3);
    assert_eq!(executables(&signed, &key("02")), 33);
    let names = format!("family-id = [\"{}\"]\nimage-id = [\"{}\"]\n", "03".repeat(16), "04".repeat(16));
    assert_eq!(executables(&signed, &format!("{}{names}guest-svn = [7]", key("01"))), 3);
    assert_eq!(executables(&signed, &format!("{}{names}guest-svn = [6]", key("01"))), 33);
    // Names without the key that signed them identify nothing.
    assert_eq!(executables(&signed, &names), 0);
}
