//! The log against the quote's registers: the one function that makes a [`ReplayedLog`].

use crate::check::{Fact, Outcome, Trail};
use crate::crypto::sha384;
use crate::event_log::content::{self, Details, Proof};
use crate::event_log::error::ReplayError;
use crate::event_log::kind::type_name;
use crate::event_log::log::{EventLog, Form, Register};

/// An event log of which every event is covered by a register of the verified quote. Made by the replay alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayedLog {
    form: Form,
    events: Vec<ReplayedEvent>,
}

/// An event that was extended into its register, in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayedEvent {
    /// Its number in the log, from 0.
    pub number: usize,
    /// Its register.
    pub register: Register,
    /// Its type as the log has it. No digest covers it.
    pub event_type: u32,
    /// What was extended: SHA-384.
    pub digest: [u8; 48],
    details: Details,
    proof: Proof,
}

impl ReplayedLog {
    /// How it was written.
    pub const fn form(&self) -> Form {
        self.form
    }

    /// Its events, in order.
    pub fn events(&self) -> &[ReplayedEvent] {
        &self.events
    }

    /// Whether no register of the quote was extended without an event here: then the log tells the whole boot.
    pub fn is_whole(&self, quoted: &[[u8; 48]; 4]) -> bool {
        let told = |(register, value): (Register, &[u8; 48])| {
            *value == [0; 48] || self.of(register).next().is_some()
        };
        Register::ALL.into_iter().zip(quoted).all(told)
    }

    /// The events of one register, in order.
    pub fn of(&self, register: Register) -> impl Iterator<Item = &ReplayedEvent> {
        self.events.iter().filter(move |event| event.register == register)
    }
}

impl ReplayedEvent {
    /// The name of its type.
    pub fn type_name(&self) -> &'static str {
        type_name(self.event_type)
    }

    /// Whether the digest is of what the event says, or of its value.
    pub fn digest_matches_event(&self) -> bool {
        self.proof != Proof::None
    }

    /// How much of what it says its digest is of.
    pub const fn proof(&self) -> Proof {
        self.proof
    }

    /// What it says, where its digest is of that.
    pub fn details(&self) -> Option<&Details> {
        self.digest_matches_event().then_some(&self.details)
    }

    /// What the log says that the digest is of. Nothing vouches for it unless [`Self::digest_matches_event`]: never
    /// a claim, at most a label beside a digest that is compared with a known one.
    pub const fn label(&self) -> &Details {
        &self.details
    }
}

/// Replays `log` and compares it with the registers of a quote whose signatures held.
///
/// A register to which the log has events must come to its value. One without events is not applicable where it was
/// never extended, and not checked where it was.
pub(crate) fn replay(
    log: Option<&EventLog<'_>>,
    quoted: &[[u8; 48]; 4],
    trail: &mut Trail,
) -> Result<Option<ReplayedLog>, ReplayError> {
    let Some(log) = log else {
        trail.note("tdx.event-log", CCEL, Outcome::NotChecked, "an event log", Fact::None);
        return Ok(None);
    };
    let found = vec![("form", log.form.as_str().into()), ("events", count(log.events.len()))];
    trail.pass("tdx.event-log.format", FORMAT, "a CCEL or a list of events", Fact::Map(found));
    for ((register, id), expected) in Register::ALL.into_iter().zip(IDS).zip(quoted) {
        let mut events = log.events.iter().filter(|event| event.register == register).peekable();
        if events.peek().is_none() {
            let extended = *expected != [0; 48];
            let outcome = if extended { Outcome::NotChecked } else { Outcome::NotApplicable };
            trail.note(id, REGISTERS, outcome, *expected, Fact::None);
            continue;
        }
        let actual = events.fold([0; 48], |value, event| extend(&value, &event.digest));
        trail.step(id, REGISTERS, *expected, actual, actual == *expected, || ReplayError {
            register,
            expected: *expected,
            actual,
        })?;
    }
    let events = log.events.iter().map(|event| {
        let (details, proof) = content::read(event);
        let (number, register, event_type) = (event.number, event.register, event.event_type);
        ReplayedEvent { number, register, event_type, digest: event.digest, details, proof }
    });
    Ok(Some(ReplayedLog { form: log.form, events: events.collect() }))
}

/// TDG.MR.RTMR.EXTEND: SHA-384 of the register and the digest.
fn extend(value: &[u8; 48], digest: &[u8; 48]) -> [u8; 48] {
    let mut both = [0; 96];
    for (place, byte) in both.iter_mut().zip(value.iter().chain(digest)) {
        *place = *byte;
    }
    sha384(&both)
}

fn count(number: usize) -> Fact {
    u64::try_from(number).unwrap_or(u64::MAX).into()
}

const IDS: [&str; 4] =
    ["tdx.event-log.rtmr0", "tdx.event-log.rtmr1", "tdx.event-log.rtmr2", "tdx.event-log.rtmr3"];
const CCEL: &str = "UEFI 2.10, section 38.4; ACPI 6.5, table CCEL";
const FORMAT: &str = "TCG PC Client Platform Firmware Profile 1.06, section 10.2";
const REGISTERS: &str = "UEFI 2.10, section 38.4.1; Intel TDX Module ABI, TDG.MR.RTMR.EXTEND";
