use system_tests::fixtures::registry_root;
use verifier::verdict::Verdict;

use super::{Base, Outcome, Stage, keep_panics};
use crate::piece::Piece;

/// The real Milan report: believed and not affirming, since no CRL belongs to it.
fn milan() -> Piece {
    let milan = |name: &str| name.contains("milan");
    crate::real::pieces("fixtures", &registry_root(), &milan).unwrap().remove(0)
}

fn base(piece: &Piece) -> (Base, Verdict) {
    let verdict = piece.judge(piece.evidence(), &piece.endorsements());
    (Base::new(verdict.clone()).unwrap(), verdict)
}

#[test]
fn names_the_stage_that_refuses_a_flip() {
    let piece = milan();
    let (base, _) = base(&piece);
    let flipped = |file: usize, byte: usize| {
        let mut bytes = piece.files[file].bytes.clone();
        bytes[byte] ^= 1;
        base.compare(|| match file {
            0 => piece.judge(&bytes, &piece.endorsements()),
            _ => piece.judge(piece.evidence(), &piece.endorsements_with(file, &bytes)),
        })
    };
    // The version of the report; a byte of its measurement; the first byte of the VCEK; one of its signature.
    let last = piece.files[1].bytes.len() - 1;
    let stages = [Stage::Parse, Stage::Verify, Stage::Endorsements, Stage::Verify];
    assert_eq!(
        [flipped(0, 3), flipped(0, 0x90), flipped(1, 0), flipped(1, last)],
        stages.map(Outcome::Refused)
    );
}

#[test]
fn takes_a_new_finding_of_the_appraisal_for_a_refusal() {
    let piece = crate::minted::pieces(&|name| name == "minted/tdx-v4").unwrap().remove(0);
    let (base, verdict) = base(&piece);
    assert_eq!(verdict.exit_code(), 0);
    let crl = piece.files.iter().position(|file| file.name == "pck-crl").unwrap();
    let outcome = base.compare(|| piece.judge(piece.evidence(), &piece.endorsements_with(crl, b"no CRL")));
    assert_eq!(outcome, Outcome::Refused(Stage::Appraise));
}

#[test]
fn tells_an_equal_verdict_from_another() {
    let (base, verdict) = base(&milan());
    let unused_endorsements = vec!["another file".to_owned()];
    assert_eq!(base.compare(|| Verdict { unused_endorsements, ..verdict.clone() }), Outcome::Same);
    let danger_anchor = Some("danger_other".to_owned());
    assert_eq!(
        base.compare(|| Verdict { danger_anchor, ..verdict.clone() }),
        Outcome::Different("claims, TCB, tier or error".to_owned())
    );
    let mut fewer = verdict.clone();
    fewer.checks.pop();
    let words = format!("{} checks, before {}", fewer.checks.len(), verdict.checks.len());
    assert_eq!(base.compare(|| fewer), Outcome::Different(words));
}

#[test]
fn counts_a_panic_and_keeps_its_message() {
    let (base, _) = base(&milan());
    keep_panics();
    let outcome = base.compare(|| panic!("a planted panic"));
    let _ = std::panic::take_hook();
    assert!(
        matches!(&outcome, Outcome::Panicked(message) if message.contains("a planted panic")),
        "{outcome:?}"
    );
}
