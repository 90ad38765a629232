use super::*;

fn pieces(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    cut(bytes, "", 0, &mut |how, bytes| found.push((how, bytes)));
    found
}

fn piece(how: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    (how.to_owned(), bytes.to_vec())
}

#[test]
fn finds_what_is_encoded_in_hexadecimal_inside_json() {
    let file = br#"{"quote":"00ff"}"#;
    let expected =
        vec![piece("", file), piece("/quote", b"00ff"), piece("/quote, hexadecimal", &[0x00, 0xff])];
    assert_eq!(pieces(file), expected);
}

#[test]
fn joins_signed_collateral_as_intel_serves_it() {
    let file = br#"{"tcb_info":"{}","tcb_info_signature":"ab"}"#;
    let how = "/tcb_info and tcb_info_signature in the form that PCS serves";
    assert!(pieces(file).contains(&piece(how, br#"{"tcbInfo":{},"signature":"ab"}"#)));
}

#[test]
fn finds_the_der_of_every_certificate_in_a_pem_file() {
    let file = b"-----BEGIN CERTIFICATE-----\nAAE=\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nAg==\n-----END CERTIFICATE-----\n";
    let expected = vec![
        piece("", file),
        piece("PEM certificate 1 as DER", &[0, 1]),
        piece("PEM certificate 2 as DER", &[2]),
    ];
    assert_eq!(pieces(file), expected);
}

#[test]
fn prefers_our_own_licence_and_puts_copyleft_last() {
    let mut licences = ["MPL-2.0", "MIT (and others)", "MIT", "Apache-2.0"];
    licences.sort_by_key(|licence| licence_rank(licence));
    assert_eq!(licences, ["Apache-2.0", "MIT", "MIT (and others)", "MPL-2.0"]);
}

#[test]
fn finds_a_value_that_is_in_a_file_as_it_is_or_as_a_text() {
    let wanted: Value = serde_json::from_str(r#"[{"imr": 0}]"#).unwrap();
    let file: Value =
        serde_json::from_str(r#"{"a": [1, [{"imr":0}]], "b": {"log": "[{\"imr\":0}]"}}"#).unwrap();
    assert_eq!(pointer_to(&file, &wanted), Some("/a/1".to_owned()));
    assert_eq!(pointer_to(&file["b"], &wanted), Some("/log".to_owned()));
    assert_eq!(pointer_to(&file["a"][0], &wanted), None);
}
