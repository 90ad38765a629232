use super::*;

#[test]
fn reads_bytes_of_either_case() {
    let text = format!("launch-digest={}", "aB".repeat(48));
    assert_eq!(parse_expectation(&text), Ok((Key::LaunchDigest, Value::Bytes(vec![0xab; 48]))));
}

#[test]
fn host_data_has_the_length_of_any_tee() {
    let of = |length: usize| parse_expectation(&format!("host-data={}", "00".repeat(length)));
    let fits = |length: usize| Ok((Key::HostData, Value::Bytes(vec![0; length])));
    let refused = |length: usize| {
        Err(ExpectationError::Value {
            key: Key::HostData,
            wanted: Form::Bytes(&[32, 48, 64]),
            source: ValueError::Length { wanted: &[32, 48, 64], digits: length * 2 },
        })
    };
    assert_eq!(
        [of(31), of(32), of(48), of(49), of(64)],
        [refused(31), fits(32), fits(48), refused(49), fits(64)]
    );
}

#[test]
fn rejects_text_without_equals() {
    assert_eq!(parse_expectation("launch-digest"), Err(ExpectationError::NoEquals));
}

#[test]
fn rejects_unknown_key_and_shortens_it() {
    let key = "k".repeat(64);
    assert_eq!(parse_expectation(&format!("{key}kkk=1")), Err(ExpectationError::UnknownKey { key }));
    let error = parse_expectation("lunch-digest=00").unwrap_err().to_string();
    assert!(
        error.starts_with("unknown key \"lunch-digest\"; known: launch-digest, host-data, report-data, "),
        "{error}"
    );
}

#[test]
fn rejects_a_character_that_is_no_digit() {
    let text = format!("report-data={}0g", "00".repeat(63));
    let wanted = Form::Bytes(&[64]);
    let source = ValueError::NotHex;
    assert_eq!(
        parse_expectation(&text),
        Err(ExpectationError::Value { key: Key::ReportData, wanted, source })
    );
}

#[test]
fn numbers_end_where_the_field_ends() {
    let wanted = Form::Number(0xffff);
    let refused = |source| Err(ExpectationError::Value { key: Key::IsvSvn, wanted, source });
    assert_eq!(
        ["65535", "65536", "", "-1", "+1", "0x1", "99999999999999999999"]
            .map(|n| parse_expectation(&format!("isv-svn={n}"))),
        [
            Ok((Key::IsvSvn, Value::Number(65535))),
            refused(ValueError::TooLarge { max: 65535, actual: 65536 }),
            refused(ValueError::NotANumber),
            refused(ValueError::NotANumber),
            refused(ValueError::NotANumber),
            refused(ValueError::NotANumber),
            refused(ValueError::NotANumber),
        ]
    );
}
