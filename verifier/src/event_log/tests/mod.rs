use std::borrow::Cow;

use super::content;
use super::device_path::nodes;
use super::text::{guid, printable, utf16, utf16_terminated};
use super::{Details, Event, EventLog, EventLogError, Form, MAX_LOG, Proof, Register, type_name};
use crate::crypto::sha384;
use crate::reader::ReadError;

fn event<'a>(event_type: u32, name: &'a str, data: &'a [u8], digest: [u8; 48]) -> Event<'a> {
    let (name, data) = (Cow::Borrowed(name), Cow::Borrowed(data));
    Event { number: 0, register: Register::Rtmr3, event_type, digest, name, data }
}

#[test]
fn names_the_types_of_the_profile_and_no_other() {
    let names = [0x3, 0x4, 0x6, 0xD, 0x8000_0001, 0x8000_0003, 0x8000_00E0, 0x8000_00FF].map(type_name);
    let expected = [
        "EV_NO_ACTION",
        "EV_SEPARATOR",
        "EV_EVENT_TAG",
        "EV_IPL",
        "EV_EFI_VARIABLE_DRIVER_CONFIG",
        "EV_EFI_BOOT_SERVICES_APPLICATION",
        "EV_EFI_VARIABLE_AUTHORITY",
        "unknown",
    ];
    assert_eq!(names, expected);
}

#[test]
fn reads_words_whole_or_not_at_all() {
    assert_eq!(utf16(b"a\0b\0"), Some("ab".to_owned()));
    assert_eq!((utf16(b"a\0b"), utf16(&[0, 0xD8])), (None, None));
    assert_eq!(utf16_terminated(b"a\0\0\0"), Some("a".to_owned()));
    assert_eq!((utf16_terminated(b"a\0"), utf16_terminated(b"\0\0a\0\0\0")), (None, None));
    assert_eq!((printable(b"ACPI DATA"), printable(b"MokList\0")), (Some("ACPI DATA"), Some("MokList")));
    assert_eq!((printable(b"a\x1bb"), printable(b"\xff"), printable(b"")), (None, None, None));
    let global = [0x61, 0xDF, 0xE4, 0x8B, 0xCA, 0x93, 0xD2, 0x11, 0xAA, 0x0D, 0, 0xE0, 0x98, 3, 0x2B, 0x8C];
    assert_eq!(guid(global), "8be4df61-93ca-11d2-aa0d-00e098032b8c");
}

#[test]
fn reads_device_paths_up_to_their_end() {
    let end = [0x7F, 0xFF, 4, 0];
    let file = [&[4, 4, 8, 0][..], b"a\0\0\0", &end].concat();
    assert_eq!(nodes(&file), Some(vec!["File(a)".to_owned()]));
    assert_eq!(nodes(&[&[2, 1, 5, 0, 9][..], &end].concat()), Some(vec!["Path(2,1)".to_owned()]));
    assert_eq!(nodes(&end), Some(Vec::new()));
    assert_eq!(nodes(&file[..8]), None, "without an end");
    assert_eq!(nodes(&[end.as_slice(), &[0]].concat()), None, "something behind the end");
    assert_eq!(nodes(&[&[4, 4, 3, 0][..], &end].concat()), None, "shorter than its own header");
    let many = |count: usize| [[2, 1, 4, 0].repeat(count), end.to_vec()].concat();
    assert_eq!((nodes(&many(64)).map(|nodes| nodes.len()), nodes(&many(65))), (Some(64), None));
}

/// Two events of dstack's first format have one digest where a colon moves between name and payload.
#[test]
fn a_runtime_event_whose_name_has_a_colon_proves_nothing() {
    let digest = sha384(b"\x01\0\0\x08:a:b:c");
    let kind = 0x0800_0001;
    let (details, proof) = content::read(&event(kind, "a", b"b:c", digest));
    let named = Details::Runtime { name: "a".to_owned(), payload: b"b:c".to_vec() };
    assert_eq!((details, proof), (named, Proof::Whole));
    assert_eq!(content::read(&event(kind, "a:b", b"c", digest)), (Details::Opaque, Proof::None));
    let (_, proof) = content::read(&event(kind, "a", b"c", digest));
    assert_eq!(proof, Proof::None);
}

#[test]
fn tells_the_form_by_the_first_byte() {
    let empty = EventLog { form: Form::List, events: Vec::new(), unmeasured: 0 };
    assert_eq!(EventLog::parse(b" \n[]"), Ok(empty));
    let cut = ReadError::Truncated { structure: "event log", offset: 0, wanted: 4, left: 2 };
    assert_eq!(EventLog::parse(b"{}"), Err(EventLogError::Read(cut)));
    let large = vec![b'['; MAX_LOG + 1];
    assert_eq!(EventLog::parse(&large), Err(EventLogError::TooLarge { size: MAX_LOG + 1, limit: MAX_LOG }));
}
