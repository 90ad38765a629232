use super::*;
use crate::json::JsonFault;

#[test]
fn writes_the_recorded_form() {
    let body = ErrorInformation::new(ErrorKind::TokenNotFound, "Attestation Token not found");
    assert_eq!(
        serde_json::to_string(&body).unwrap(),
        r#"{"type":"https://github.com/confidential-containers/kbs/errors/TokenNotFound","detail":"Attestation Token not found"}"#
    );
}

#[test]
fn every_kind_reads_back_through_its_body() {
    let read = ErrorKind::ALL.map(|kind| {
        let body = serde_json::to_vec(&ErrorInformation::new(kind, "")).unwrap();
        ErrorInformation::parse(&body).map(|information| information.kind())
    });
    assert_eq!(read, ErrorKind::ALL.map(|kind| Ok(Some(kind))));
}

#[test]
fn names_no_kind_for_a_foreign_type() {
    let foreign =
        ErrorInformation { error_type: "https://example.org/PolicyDeny".to_owned(), detail: String::new() };
    assert_eq!(foreign.kind(), None);
}

#[test]
fn rejects_a_body_without_detail() {
    assert_eq!(
        ErrorInformation::parse(br#"{"type":"x"}"#),
        Err(JsonError::Malformed { what: "error body", reason: JsonFault::Form, line: 1, column: 12 })
    );
}
