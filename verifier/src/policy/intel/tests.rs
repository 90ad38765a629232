use super::*;

fn read(json: &str) -> Result<TcbPolicy, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[test]
fn what_a_model_names_replaces_the_general_rule_and_nothing_else() {
    let policy = read(
        r#"{"min_evaluation_number":17,"out_of_date_grace_days":1,
            "fmspc":{"B0C06F000000":{"accept":["OutOfDate"],"min_evaluation_number":18}}}"#,
    )
    .unwrap();
    let own = TcbRules {
        accept: &[TcbStatus::OutOfDate],
        accept_advisories: &[],
        min_evaluation_number: 18,
        out_of_date_grace_days: 1,
    };
    assert_eq!(policy.rules([0xb0, 0xc0, 0x6f, 0, 0, 0]), own);
    let general = TcbRules { accept: &[TcbStatus::UpToDate], min_evaluation_number: 17, ..own };
    assert_eq!(policy.rules([0xb0, 0xc0, 0x6f, 0, 0, 1]), general);
}

#[test]
fn rejects_a_model_with_rules_twice_and_one_of_another_form() {
    let twice = read(r#"{"fmspc":{"b0c06f000000":{},"B0C06F000000":{}}}"#).unwrap_err();
    assert!(twice.starts_with("an FMSPC has rules twice"), "{twice}");
    let short = read(r#"{"fmspc":{"b0c06f0000":{}}}"#).unwrap_err();
    assert!(short.starts_with("an FMSPC is 6 bytes in hexadecimal"), "{short}");
    let unknown = read(r#"{"fmspc":{"b0c06f000000":{"acept":[]}}}"#).unwrap_err();
    assert!(unknown.starts_with("unknown field `acept`"), "{unknown}");
}
