//! The crypto-agile log: every rule of its form kept and broken at its boundary.

use sim::intel::event_log::{EventFields, EventLogFields, SHA384};
use system_tests::fixtures;
use verifier::event_log::{EventLogError, MAX_EVENT_DATA, MAX_EVENTS, MAX_LOG};
use verifier::reader::ReadError;

use super::case::{SECURE_BOOT, beside, changed, logged, malformed, sent};
use crate::refused::{self, Case, Refused};

type Expected = Result<(), Refused>;

const SHA256: u16 = 0xB;

/// A TD that booted well and sends a log that is changed in its form.
fn case(
    name: &str,
    expected: Expected,
    change: impl FnOnce(&mut EventLogFields),
) -> (String, Case, Expected) {
    (name.to_owned(), beside(&EventLogFields::booted(), &changed(change)), expected)
}

/// The same where a change of the events changes the registers too.
fn own(name: &str, expected: Expected, change: impl FnOnce(&mut EventLogFields)) -> (String, Case, Expected) {
    (name.to_owned(), logged(change), expected)
}

#[test]
fn accepts_every_end_that_firmware_and_agents_write() {
    let end = |name: &str, filler: Vec<u8>| own(name, Ok(()), |log| log.filler = filler);
    refused::all([
        end("ones", vec![0xFF; 64]),
        end("zeros", vec![0; 64]),
        end("nothing", Vec::new()),
        end("the agent's eight bytes", vec![0xFF; 8]),
        end("a few zeros", vec![0; 3]),
    ]);
}

#[test]
fn refuses_what_follows_the_end() {
    let length = changed(|log| log.filler.clear()).encode().unwrap().len();
    let after = |filler: Vec<u8>, place: usize| {
        let expected = malformed(EventLogError::AfterEnd { offset: length + place });
        case("garbage", expected, |log| log.filler = filler)
    };
    refused::all([
        after([vec![0xFF; 63], vec![0xFE]].concat(), 63),
        after([vec![0; 63], vec![1]].concat(), 63),
        after([vec![0xFF; 4], vec![0; 60]].concat(), 4),
    ]);
}

#[test]
fn refuses_records_that_are_cut_short() {
    let whole = changed(|log| log.filler.clear()).encode().unwrap();
    let last = EventLogFields::booted().events.pop().unwrap().data.len();
    let cut = |name: &str, bytes: &[u8], offset, wanted, left| {
        let error = ReadError::Truncated { structure: "event log", offset, wanted, left };
        (name.to_owned(), sent([[0; 48]; 4], bytes), malformed(EventLogError::Read(error)))
    };
    refused::all([
        cut("data", &whole[..whole.len() - 1], whole.len() - last, last, last - 1),
        cut("the size", &whole[..whole.len() - last - 1], whole.len() - last - 4, 4, 3),
        cut("the index", &[whole.as_slice(), &[1, 0, 0]].concat(), whole.len(), 4, 3),
        cut("the header", &whole[..20], 8, 20, 12),
        cut("everything", &[], 0, 4, 0),
    ]);
}

#[test]
fn refuses_sizes_near_the_end_of_the_number() {
    let limit = MAX_EVENT_DATA;
    let too_large = |event, actual| malformed(EventLogError::EventTooLarge { event, actual, limit });
    let header = EventLogError::EventTooLarge { event: 0, actual: 0xFFFF_FFF0, limit: 0x200 };
    let digests = EventLogError::DigestCount { event: 0, actual: u32::MAX, limit: 1 };
    refused::all([
        case("an event", too_large(1, 0xFFFF_FFF0), |log| log.events[1].size = Some(0xFFFF_FFF0)),
        own("the largest", Ok(()), |log| log.events[0].data = vec![7; limit]),
        own("one more", too_large(0, limit + 1), |log| log.events[0].data = vec![7; limit + 1]),
        case("the header", malformed(header), |log| log.header.size = Some(0xFFFF_FFF0)),
        case("digests", malformed(digests), |log| log.events[0].count = Some(u32::MAX)),
    ]);
}

#[test]
fn refuses_another_header() {
    let second = EventFields::measured(0, 3, b"Spec ID Event03\0 and so on");
    refused::all([
        case("type", malformed(EventLogError::HeaderType { actual: 4 }), |log| log.header.event_type = 4),
        case("signature", malformed(EventLogError::HeaderSignature), |log| {
            log.header.signature = *b"Spec ID Event02\0";
        }),
        own("without a signature, as CoCo's agent writes it", Ok(()), |log| log.header.signature = [0; 16]),
        case("a second one", malformed(EventLogError::SecondHeader { event: 2 }), |log| {
            log.events.insert(2, second);
        }),
    ]);
}

#[test]
fn refuses_another_table_of_algorithms() {
    let count = |actual| malformed(EventLogError::AlgorithmCount { actual, limit: 8 });
    let size =
        |algorithm, expected, actual| malformed(EventLogError::AlgorithmSize { algorithm, expected, actual });
    let table = |name: &str, expected, algorithms: Vec<(u16, u16)>| {
        own(name, expected, |log| log.header.algorithms = algorithms)
    };
    let eight =
        [(0x4, 20), (SHA256, 32), (SHA384, 48), (0xD, 64), (0x12, 32), (0x27, 32), (0x28, 48), (0x29, 64)];
    let sha384 = (SHA384, 48);
    refused::all([
        table("all of them", Ok(()), eight.to_vec()),
        table("one more", count(9), [&eight[..], &[(0x99, 32)]].concat()),
        table("none", count(0), Vec::new()),
        case("a number near its end", count(u32::MAX), |log| log.header.declared = Some(u32::MAX)),
        table("twice", malformed(EventLogError::AlgorithmTwice { algorithm: SHA384 }), vec![sha384, sha384]),
        table("SHA-384 of 32 bytes", size(SHA384, 48, 32), vec![(SHA384, 32)]),
        table("an unknown one", Ok(()), vec![sha384, (0x99, 64)]),
        table("an unknown one, too long", size(0x99, 64, 65), vec![sha384, (0x99, 65)]),
        table("an unknown one without bytes", size(0x99, 64, 0), vec![sha384, (0x99, 0)]),
        table("without SHA-384", malformed(EventLogError::NoSha384), vec![(SHA256, 32)]),
    ]);
}

#[test]
fn asks_for_one_sha_384_digest_of_each_event_and_passes_over_declared_others() {
    let both = |log: &mut EventLogFields| log.header.algorithms.insert(0, (SHA256, 32));
    let event = SECURE_BOOT;
    refused::all([
        own("another beside it", Ok(()), |log| {
            both(log);
            log.events[event].digests.insert(0, (SHA256, vec![7; 32]));
        }),
        case("none", malformed(EventLogError::DigestCount { event, actual: 0, limit: 1 }), |log| {
            log.events[event].digests.clear();
        }),
        case(
            "more than declared",
            malformed(EventLogError::DigestCount { event, actual: 2, limit: 1 }),
            |log| {
                log.events[event].digests.push((SHA256, vec![7; 32]));
            },
        ),
        case("twice", malformed(EventLogError::DigestTwice { event, algorithm: SHA384 }), |log| {
            both(log);
            let digest = log.events[event].digests[0].clone();
            log.events[event].digests.push(digest);
        }),
        case("another instead", malformed(EventLogError::DigestMissing { event }), |log| {
            both(log);
            log.events[event].digests[0] = (SHA256, vec![7; 32]);
        }),
        case(
            "not declared",
            malformed(EventLogError::UndeclaredAlgorithm { event, algorithm: SHA256 }),
            |log| log.events[event].digests[0] = (SHA256, vec![7; 32]),
        ),
    ]);
}

#[test]
fn refuses_registers_that_cannot_be_extended() {
    let register = |actual| malformed(EventLogError::Register { event: 0, actual });
    refused::all([
        case("MRTD", register(0), |log| log.events[0].index = 0),
        case("beyond RTMR3", register(5), |log| log.events[0].index = 5),
        case("the end of the number", register(0xFFFF_FFFE), |log| log.events[0].index = 0xFFFF_FFFE),
        own("nothing measured, of MRTD", Ok(()), |log| {
            log.events.insert(0, EventFields::measured(0, 3, b"SP800-155 Event3"));
        }),
        case("nothing measured, beyond RTMR3", register(5), |log| {
            log.events.insert(0, EventFields::measured(5, 3, b"SP800-155 Event3"));
        }),
    ]);
}

#[test]
fn reads_as_many_events_and_bytes_as_the_limits_say() {
    let events = |count: usize| vec![EventFields::measured(1, 5, b""); count];
    let size = |size: usize| {
        let mut log = EventLogFields::booted();
        log.filler.clear();
        log.filler = vec![0xFF; size - log.encode().unwrap().len()];
        sent(log.rtmrs(), &log.encode().unwrap())
    };
    let too_large = EventLogError::TooLarge { size: MAX_LOG + 1, limit: MAX_LOG };
    refused::all([
        own("events", Ok(()), |log| log.events = events(MAX_EVENTS)),
        own("one more", malformed(EventLogError::TooManyEvents { limit: MAX_EVENTS }), |log| {
            log.events = events(MAX_EVENTS + 1);
        }),
        ("bytes".to_owned(), size(MAX_LOG), Ok(())),
        ("one byte more".to_owned(), size(MAX_LOG + 1), malformed(too_large)),
    ]);
}

/// The fuzz target begins with it, and so does who wants to see one.
#[test]
fn the_vector_is_the_good_log() {
    let vector = fixtures::read(&fixtures::registry_root().join("vectors/event-log/booted.ccel"));
    assert_eq!(vector, EventLogFields::booted().encode().unwrap());
}
