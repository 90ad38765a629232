use super::*;

const PICTURE: &str = "\n--> policy.rego:3:7\n  |\n3 | allow { true }\n  |       ^\nerror: expecting `if`";

#[test]
fn finds_place_and_words_behind_the_picture_of_a_line() {
    let error = anyhow::anyhow!(PICTURE);
    let at = Position { line: 3, column: 7 };
    assert_eq!(compile_error(&error), PolicyError::Syntax { at, reason: "expecting `if`".to_owned() });
    assert_eq!(short(&error), "line 3, column 7: expecting `if`");
}

#[test]
fn a_tab_is_one_column() {
    let picture = "\n--> policy.rego:3:10\n  |\n3 | \t\tx == 1\n  |         ^\nerror: x is unsafe";
    assert_eq!(position(picture), Some(Position { line: 3, column: 4 }));
    assert_eq!(characters("", 1), 1);
    assert_eq!(characters("a", 3), 3);
}

#[test]
fn a_message_without_a_place_keeps_its_words() {
    let error = anyhow::anyhow!("something else");
    assert_eq!(compile_error(&error), PolicyError::Engine { reason: "something else".to_owned() });
    assert_eq!(short(&error), "something else");
}

#[test]
fn a_message_that_quotes_a_claim_is_cut() {
    let error = anyhow::anyhow!("error: Got `{}` instead", "x".repeat(10_000));
    assert_eq!(short(&error).chars().count(), REASON_CHARS);
}
