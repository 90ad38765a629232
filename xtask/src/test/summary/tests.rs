use super::*;

fn summary(lines: &[&str]) -> Summary {
    let mut summary = Summary::default();
    lines.iter().for_each(|line| summary.read(line));
    summary
}

fn counts(summary: &Summary) -> (u64, u64, u64) {
    (summary.passed, summary.failed, summary.ignored)
}

#[test]
fn sums_the_closing_lines_of_all_binaries() {
    let summary = summary(&[
        "test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        "test a ... ok",
        "test result: FAILED. 2 passed; 1 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.00s",
    ]);
    assert_eq!((counts(&summary), summary.tests_run()), ((9, 1, 3), 10));
}

#[test]
fn keeps_what_tests_leave_for_the_end_once() {
    let summary =
        summary(&["summary: 15 accepted", "noise", "summary: 15 accepted", "summary: extra absent"]);
    assert_eq!(summary.announced, ["summary: 15 accepted", "summary: extra absent"]);
}

#[test]
fn closes_with_steps_announcements_and_one_result_line() {
    let mut summary =
        summary(&["test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured", "summary: 15 accepted"]);
    summary.record("tests", Outcome::Passed, Duration::from_millis(1500));
    summary.record("advisories", Outcome::Skipped("no database".to_owned()), Duration::ZERO);
    let expected = "== closing lines ==
    1.5s  tests: ok
    0.0s  advisories: SKIPPED (no database)
summary: 15 accepted
test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 2.00s";
    assert_eq!(summary.closing_lines(Duration::from_secs(2)), expected);
    assert_eq!(summary.verdict().map_err(|error| error.to_string()), Ok(()));
}

#[test]
fn a_failed_step_and_an_ignored_test_are_failures_of_the_run() {
    let mut summary = summary(&["test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured"]);
    summary.record("lints", Outcome::Failed("exit status: 101".to_owned()), Duration::ZERO);
    let verdict = summary.verdict().map_err(|error| error.to_string());
    assert_eq!(verdict, Err("not all is well: lints, 1 ignored tests".to_owned()));
    assert!(summary.closing_lines(Duration::ZERO).contains("test result: FAILED. 7 passed"));
}
