use serde_json::Value;

use super::*;

fn read(text: &str) -> Result<Value, JsonError> {
    from_slice("message", text.as_bytes(), 64)
}

#[test]
fn accepts_the_same_member_in_two_objects() {
    assert_eq!(read(r#"{"a":{"b":1},"c":{"b":2}}"#), Ok(serde_json::json!({"a": {"b": 1}, "c": {"b": 2}})));
}

#[test]
fn rejects_a_member_twice() {
    assert_eq!(
        read(r#"{"a":1,"a":1}"#),
        Err(JsonError::DuplicateMember { what: "message", line: 1, column: 10 })
    );
}

#[test]
fn rejects_a_member_twice_when_one_is_written_with_an_escape() {
    assert_eq!(
        read(r#"{"a":1,"\u0061":1}"#),
        Err(JsonError::DuplicateMember { what: "message", line: 1, column: 15 })
    );
}

#[test]
fn rejects_a_member_twice_deep_inside_an_unknown_member() {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Known {}
    assert_eq!(
        from_slice::<Known>("message", br#"{"x":[{"y":{"z":0,"z":0}}]}"#, 64),
        Err(JsonError::DuplicateMember { what: "message", line: 1, column: 21 })
    );
}

#[test]
fn accepts_a_message_at_its_limit() {
    assert_eq!(from_slice::<Value>("message", b"[1]", 3), Ok(serde_json::json!([1])));
}

#[test]
fn rejects_a_message_one_byte_over_its_limit() {
    assert_eq!(
        from_slice::<Value>("message", b"[1]", 2),
        Err(JsonError::TooLarge { what: "message", limit: 2, actual: 3 })
    );
}

#[test]
fn rejects_bytes_after_the_value() {
    assert_eq!(
        read("{} {}"),
        Err(JsonError::Malformed { what: "message", reason: JsonFault::Syntax, line: 1, column: 4 })
    );
}

#[test]
fn rejects_a_truncated_text() {
    assert_eq!(
        read(r#"{"a":"#),
        Err(JsonError::Malformed { what: "message", reason: JsonFault::End, line: 1, column: 5 })
    );
}

#[test]
fn rejects_nesting_without_end() {
    let text = "[".repeat(4096);
    assert_eq!(
        from_slice::<Value>("message", text.as_bytes(), 8192),
        Err(JsonError::Malformed { what: "message", reason: JsonFault::Syntax, line: 1, column: 128 })
    );
}

#[test]
fn keeps_the_received_text() {
    assert_eq!(
        RawJson::parse(" { \"b\": 1, \"a\": 2 } ").map(|raw| raw.get().to_owned()),
        Ok("{ \"b\": 1, \"a\": 2 }".to_owned())
    );
}
