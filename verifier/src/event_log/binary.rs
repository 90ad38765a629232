//! The crypto-agile log: a header in the old form, then TCG_PCR_EVENT2 records.
//!
//! TCG PC Client Platform Firmware Profile 1.06, sections 10.2 (records) and 10.4.5.1 (the Spec ID event). The index of
//! a record is that of UEFI 2.10, section 38.4.1: 0 is MRTD, 1 to 4 are RTMR0 to RTMR3.

use std::borrow::Cow;

use crate::event_log::error::EventLogError;
use crate::event_log::kind::EV_NO_ACTION;
use crate::event_log::log::{Event, EventLog, Form, MAX_EVENT_DATA, MAX_EVENTS, Register};
use crate::reader::Reader;

/// A digest algorithm that the header declares.
#[derive(Clone, Copy)]
struct Algorithm {
    id: u16,
    size: usize,
}

/// A record; without an event where it says that nothing was measured.
type Record<'a> = Option<Event<'a>>;

/// Reads the log up to its filler: bytes 0xFF or 0 to the end of the area that the firmware reserved, or none.
pub(super) fn parse(bytes: &[u8]) -> Result<EventLog<'_>, EventLogError> {
    let mut reader = Reader::new("event log", bytes);
    let algorithms = header(&mut reader)?;
    let mut log = EventLog { form: Form::Ccel, events: Vec::new(), unmeasured: 0 };
    while !at_end(&reader)? {
        let number = log.events.len().saturating_add(log.unmeasured);
        if number >= MAX_EVENTS {
            return Err(EventLogError::TooManyEvents { limit: MAX_EVENTS });
        }
        match record(&mut reader, number, &algorithms)? {
            Some(event) => log.events.push(event),
            None => log.unmeasured = log.unmeasured.saturating_add(1),
        }
    }
    Ok(log)
}

/// The Spec ID event in the old form (TCG_PCClientPCREvent), with the table of algorithms.
fn header(reader: &mut Reader<'_>) -> Result<Vec<Algorithm>, EventLogError> {
    // Firmware writes 0 or 1; nothing is extended by this event.
    reader.u32_le()?;
    let event_type = reader.u32_le()?;
    if event_type != EV_NO_ACTION {
        return Err(EventLogError::HeaderType { actual: event_type });
    }
    reader.reserved(20)?;
    let size = usize::try_from(reader.u32_le()?).unwrap_or(usize::MAX);
    if size > MAX_HEADER {
        return Err(EventLogError::EventTooLarge { event: 0, actual: size, limit: MAX_HEADER });
    }
    let mut event = Reader::new("Spec ID event", reader.take(size)?);
    if ![SPEC_ID, COCO_SPEC_ID].contains(&event.array()?) {
        return Err(EventLogError::HeaderSignature);
    }
    // Platform class, version, errata, size of UINTN: nothing here depends on them.
    event.take(8)?;
    let algorithms = algorithms(&mut event)?;
    let vendor_info = usize::from(event.u8()?);
    event.take(vendor_info)?;
    event.finish()?;
    Ok(algorithms)
}

fn algorithms(event: &mut Reader<'_>) -> Result<Vec<Algorithm>, EventLogError> {
    let count = event.u32_le()?;
    let wanted = usize::try_from(count).unwrap_or(usize::MAX);
    if wanted == 0 || wanted > MAX_ALGORITHMS {
        return Err(EventLogError::AlgorithmCount { actual: count, limit: MAX_ALGORITHMS });
    }
    let mut algorithms: Vec<Algorithm> = Vec::with_capacity(wanted);
    for _ in 0..wanted {
        let (id, declared) = (event.u16_le()?, event.u16_le()?);
        if algorithms.iter().any(|other| other.id == id) {
            return Err(EventLogError::AlgorithmTwice { algorithm: id });
        }
        let size = usize::from(declared);
        let known = SIZES.iter().find(|(known, _)| *known == id).map(|(_, size)| *size);
        if size == 0 || size > MAX_DIGEST || known.is_some_and(|known| known != size) {
            let expected = known.unwrap_or(MAX_DIGEST);
            return Err(EventLogError::AlgorithmSize { algorithm: id, expected, actual: declared });
        }
        algorithms.push(Algorithm { id, size });
    }
    if algorithms.iter().all(|algorithm| algorithm.id != SHA384) {
        return Err(EventLogError::NoSha384);
    }
    Ok(algorithms)
}

/// Whether only filler is left. One look at the rest decides, so that no log is looked through twice.
fn at_end(reader: &Reader<'_>) -> Result<bool, EventLogError> {
    let rest = reader.rest();
    let filler = match rest.first_chunk::<12>() {
        Some([0xFF, 0xFF, 0xFF, 0xFF, ..]) => 0xFF,
        Some([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) => 0,
        Some(_) => return Ok(false),
        // CoCo's agent ends a log with eight bytes; what is neither these nor nothing is a record cut short.
        None => return Ok([0, 0xFF].iter().any(|filler| rest.iter().all(|byte| byte == filler))),
    };
    match rest.iter().position(|byte| *byte != filler) {
        None => Ok(true),
        Some(place) => Err(EventLogError::AfterEnd { offset: reader.offset().saturating_add(place) }),
    }
}

fn record<'a>(
    reader: &mut Reader<'a>,
    number: usize,
    algorithms: &[Algorithm],
) -> Result<Record<'a>, EventLogError> {
    let index = reader.u32_le()?;
    let event_type = reader.u32_le()?;
    let digest = digest(reader, number, algorithms)?;
    let size = usize::try_from(reader.u32_le()?).unwrap_or(usize::MAX);
    if size > MAX_EVENT_DATA {
        return Err(EventLogError::EventTooLarge { event: number, actual: size, limit: MAX_EVENT_DATA });
    }
    let data = reader.take(size)?;
    let refused = EventLogError::Register { event: number, actual: index };
    if event_type == EV_NO_ACTION {
        if data.starts_with(&SPEC_ID) {
            return Err(EventLogError::SecondHeader { event: number });
        }
        return if index <= LAST_INDEX { Ok(None) } else { Err(refused) };
    }
    // MRTD is complete before the guest runs: no event is extended into it.
    let register = index.checked_sub(1).and_then(Register::numbered).ok_or(refused)?;
    let data = Cow::Borrowed(data);
    Ok(Some(Event { number, register, event_type, digest, name: Cow::Borrowed(""), data }))
}

/// The record's one SHA-384 digest. Others are passed over: no register holds them.
fn digest(
    reader: &mut Reader<'_>,
    event: usize,
    algorithms: &[Algorithm],
) -> Result<[u8; 48], EventLogError> {
    let count = reader.u32_le()?;
    let wanted = usize::try_from(count).unwrap_or(usize::MAX);
    if wanted == 0 || wanted > algorithms.len() {
        return Err(EventLogError::DigestCount { event, actual: count, limit: algorithms.len() });
    }
    let mut seen: Vec<u16> = Vec::with_capacity(wanted);
    let mut digest = None;
    for _ in 0..wanted {
        let id = reader.u16_le()?;
        let algorithm = algorithms.iter().find(|algorithm| algorithm.id == id);
        let algorithm = algorithm.ok_or(EventLogError::UndeclaredAlgorithm { event, algorithm: id })?;
        if seen.contains(&id) {
            return Err(EventLogError::DigestTwice { event, algorithm: id });
        }
        seen.push(id);
        if id == SHA384 {
            digest = Some(reader.array()?);
        } else {
            reader.take(algorithm.size)?;
        }
    }
    digest.ok_or(EventLogError::DigestMissing { event })
}

const SPEC_ID: [u8; 16] = *b"Spec ID Event03\0";
/// CoCo's agent puts a header without a signature before its own events where the firmware left no log.
const COCO_SPEC_ID: [u8; 16] = [0; 16];
/// A Spec ID event has 28 bytes, four for each algorithm, and up to 255 of the vendor's own.
const MAX_HEADER: usize = 0x200;
/// The TCG Algorithm Registry 1.34 has eight hash algorithms of fixed size.
const MAX_ALGORITHMS: usize = 8;
/// Bytes of a SHA-512 digest, the longest.
const MAX_DIGEST: usize = 64;
const SHA384: u16 = 0xC;
/// Hash algorithms and the bytes of their digests (TCG Algorithm Registry 1.34, table 3).
const SIZES: [(u16, usize); 8] =
    [(0x4, 20), (0xB, 32), (SHA384, 48), (0xD, 64), (0x12, 32), (0x27, 32), (0x28, 48), (0x29, 64)];
/// RTMR3.
const LAST_INDEX: u32 = 4;
