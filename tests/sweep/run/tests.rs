use system_tests::fixtures::registry_root;

use super::{Part, prepare, run, try_part};
use crate::piece::{File, Piece};
use crate::sample::Sample;

fn milan() -> Piece {
    let milan = |name: &str| name.contains("milan");
    crate::real::pieces("fixtures", &registry_root(), &milan).unwrap().remove(0)
}

#[test]
fn finds_every_flip_that_nothing_exempts() {
    let mut piece = milan();
    piece.files.push(File::new("note.txt", "unread"));
    let file = piece.files.len() - 1;
    let prepared = prepare(&piece).unwrap();
    let (tally, failures) = try_part(&prepared, Part { piece: 0, file, start: 0 }, Sample::new(1_000_000, 1));
    let found: Vec<_> = failures.iter().map(|failure| failure.what.as_str()).collect();
    assert_eq!((tally.tried, tally.accepted, found), (48, 48, vec!["accepted as before"; 48]));
}

#[test]
fn sweeps_a_file_that_two_cases_share_once() {
    let sample = Sample::new(10_000, 3);
    let swept = run(&[milan(), milan()], sample, 2).unwrap();
    let tried = |piece: usize| swept.files[piece].iter().map(|tally| tally.tried).sum::<u64>();
    assert!(tried(0) > 0);
    assert_eq!(tried(1), 0);
}

#[test]
fn rejects_a_case_that_is_not_accepted_to_begin_with() {
    let mut piece = milan();
    piece.files[0].bytes[0x90] ^= 1;
    let error = run(&[piece], Sample::new(1, 1), 1).unwrap_err();
    assert!(format!("{error:#}").contains("not accepted to begin with"), "{error:#}");
}
