//! The log as a JSON list.

use serde_json::{Value, json};
use sim::intel::event_log::EventLogFields;
use verifier::error::ParseError;
use verifier::event_log::{EventLogError, MAX_EVENT_DATA, MAX_EVENTS, Register};

use super::case::{changed, facts, malformed, mismatch, sent};
use crate::refused::{self, Case, Refused};

/// The good log as a list, changed.
fn list(change: impl FnOnce(&mut Vec<Value>)) -> Vec<Value> {
    let event = |event: &sim::intel::event_log::EventFields| {
        json!({"imr": event.index - 1, "event_type": event.event_type, "digest": hex::encode(&event.digests[0].1),
               "event": "", "event_payload": hex::encode(&event.data)})
    };
    let mut list = EventLogFields::booted().events.iter().map(event).collect();
    change(&mut list);
    list
}

fn case(
    name: &str,
    expected: Result<(), Refused>,
    change: impl FnOnce(&mut Vec<Value>),
) -> (String, Case, Result<(), Refused>) {
    let text = Value::Array(list(change)).to_string();
    (name.to_owned(), sent(EventLogFields::booted().rtmrs(), text.as_bytes()), expected)
}

fn text(name: &str, reason: &str, text: &str) -> (String, Case, Result<(), Refused>) {
    let error = EventLogError::List { reason: reason.to_owned() };
    (name.to_owned(), sent([[0; 48]; 4], text.as_bytes()), malformed(error))
}

#[test]
fn says_the_same_as_the_log_of_the_firmware() {
    let log = EventLogFields::booted();
    let as_list = facts(&case("as a list", Ok(()), |_| ()).1).event_log.unwrap();
    let as_ccel = facts(&sent(log.rtmrs(), &log.encode().unwrap())).event_log.unwrap();
    assert_eq!(as_list.events(), as_ccel.events());
}

#[test]
fn refuses_members_that_are_missing_twice_or_of_another_kind() {
    let hex = |member| malformed(EventLogError::Hex { event: 1, member });
    let event = r#""event_type":4,"digest":"","event":"","event_payload":"""#;
    refused::all([
        case("a member more", Ok(()), |list| list[0]["version"] = json!(1)),
        case("a short digest", hex("digest"), |list| list[1]["digest"] = json!("00".repeat(47))),
        case("a long digest", hex("digest"), |list| list[1]["digest"] = json!("00".repeat(49))),
        case("no hexadecimal", hex("event_payload"), |list| list[1]["event_payload"] = json!("0g")),
        case("an odd payload", hex("event_payload"), |list| list[1]["event_payload"] = json!("000")),
        case("RTMR4", malformed(EventLogError::Register { event: 1, actual: 4 }), |list| {
            list[1]["imr"] = json!(4);
        }),
        text("missing", "Data error at line 1 column 59", &format!("[{{{event}}}]")),
        text("twice", "Data error at line 1 column 15", &format!("[{{\"imr\":0,\"imr\":0,{event}}}]")),
        text("another kind", "Data error at line 1 column 10", &format!("[{{\"imr\":-1,{event}}}]")),
        text("cut short", "Eof error at line 1 column 1", "["),
        text("something behind", "Syntax error at line 1 column 4", "[] 0"),
    ]);
}

#[test]
fn reads_as_many_events_and_bytes_as_the_limits_say() {
    let empty =
        json!({"imr": 3, "event_type": 5, "digest": "00".repeat(48), "event": "", "event_payload": ""});
    let limit = MAX_EVENT_DATA;
    let too_large = EventLogError::EventTooLarge { event: 1, actual: limit + 1, limit };
    let register = |count: usize| {
        let event = sim::intel::event_log::EventFields {
            digests: vec![(sim::intel::event_log::SHA384, vec![0; 48])],
            ..sim::intel::event_log::EventFields::measured(4, 5, b"")
        };
        changed(|log| log.events = vec![event; count]).rtmrs()
    };
    let many = |count: usize| {
        let text = Value::Array(vec![empty.clone(); count]).to_string();
        sent(register(count), text.as_bytes())
    };
    refused::all([
        ("events".to_owned(), many(MAX_EVENTS), Ok(())),
        (
            "one more".to_owned(),
            many(MAX_EVENTS + 1),
            malformed(EventLogError::TooManyEvents { limit: MAX_EVENTS }),
        ),
        case("bytes", Ok(()), |list| list[1]["event_payload"] = json!("00".repeat(limit))),
        case("one byte more", malformed(too_large), |list| {
            list[1]["event_payload"] = json!("00".repeat(limit + 1));
        }),
    ]);
}

#[test]
fn refuses_a_list_that_is_not_of_the_registers() {
    let log = EventLogFields::booted();
    let other = changed(|log| log.events[1].digests[0].1 = vec![7; 48]);
    let expected = mismatch(Register::Rtmr0, log.rtmrs()[0], other.rtmrs()[0]);
    refused::all([case("a digest", expected, |list| list[1]["digest"] = json!("07".repeat(48)))]);
    assert_eq!(
        ParseError::EventLogTwice.to_string(),
        "an event log was given, and the evidence brought its own"
    );
}
