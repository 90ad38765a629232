//! The log as a JSON list, as dstack's guests write it (`TdxEvent` of its crate cc-eventlog).

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};

use crate::event_log::error::EventLogError;
use crate::event_log::kind::EV_NO_ACTION;
use crate::event_log::log::{Event, EventLog, Form, MAX_EVENT_DATA, MAX_EVENTS, Register};

/// Reads the list. Other members of an event are passed over; one of these twice is an error.
pub(super) fn parse(bytes: &[u8]) -> Result<EventLog<'_>, EventLogError> {
    let entries: Entries<'_> = serde_json::from_slice(bytes).map_err(|error| list_error(&error))?;
    if entries.more {
        return Err(EventLogError::TooManyEvents { limit: MAX_EVENTS });
    }
    let mut log = EventLog { form: Form::List, events: Vec::new(), unmeasured: 0 };
    for (number, entry) in entries.first.into_iter().enumerate() {
        let register = Register::numbered(entry.imr);
        let register = register.ok_or(EventLogError::Register { event: number, actual: entry.imr })?;
        let event_type = entry.event_type;
        let mut digest = [0; 48];
        hex::decode_to_slice(entry.digest.as_bytes(), &mut digest)
            .map_err(|_| EventLogError::Hex { event: number, member: "digest" })?;
        let size = entry.event_payload.len().div_ceil(2);
        if size > MAX_EVENT_DATA {
            return Err(EventLogError::EventTooLarge { event: number, actual: size, limit: MAX_EVENT_DATA });
        }
        let data = hex::decode(entry.event_payload.as_bytes())
            .map_err(|_| EventLogError::Hex { event: number, member: "event_payload" })?;
        if event_type == EV_NO_ACTION {
            log.unmeasured = log.unmeasured.saturating_add(1);
            continue;
        }
        let data = Cow::Owned(data);
        log.events.push(Event { number, register, event_type, digest, name: entry.event, data });
    }
    Ok(log)
}

fn list_error(error: &serde_json::Error) -> EventLogError {
    // serde's own words may repeat the input; its category and position do not.
    let reason = format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column());
    EventLogError::List { reason }
}

#[derive(Deserialize)]
struct Entry<'a> {
    imr: u32,
    event_type: u32,
    #[serde(borrow)]
    digest: Cow<'a, str>,
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow)]
    event_payload: Cow<'a, str>,
}

/// As many as are read, and whether there are more.
struct Entries<'a> {
    first: Vec<Entry<'a>>,
    more: bool,
}

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded;
        impl<'de> Visitor<'de> for Bounded {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of events")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut entries = Entries { first: Vec::new(), more: false };
                while entries.first.len() < MAX_EVENTS {
                    match seq.next_element()? {
                        Some(entry) => entries.first.push(entry),
                        None => return Ok(entries),
                    }
                }
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    entries.more = true;
                }
                Ok(entries)
            }
        }
        deserializer.deserialize_seq(Bounded)
    }
}
