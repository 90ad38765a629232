//! An event log as received: events with their digests, of which nothing is believed yet.

use std::borrow::Cow;
use std::fmt;

use crate::event_log::error::EventLogError;
use crate::event_log::{binary, list};

/// An event log, parsed; borrows the bytes of a CCEL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventLog<'a> {
    /// How it was written.
    pub form: Form,
    /// The measured events, in order.
    pub events: Vec<Event<'a>>,
    /// How many events say of themselves that nothing was measured (EV_NO_ACTION). They are not replayed.
    pub unmeasured: usize,
}

/// How an event log was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The crypto-agile log of firmware, behind the ACPI table CCEL.
    Ccel,
    /// A JSON list with members `imr`, `event_type`, `digest`, `event` and `event_payload`, as dstack's guests write.
    List,
}

/// One measured event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its number in the log, from 0; the header of a CCEL has none.
    pub number: usize,
    /// The register that it says it was extended into.
    pub register: Register,
    /// Its type; see [`crate::event_log::type_name`].
    pub event_type: u32,
    /// The SHA-384 digest that was extended.
    pub digest: [u8; 48],
    /// Its name; lists have one beside the content.
    pub name: Cow<'a, str>,
    /// What it says it is about.
    pub data: Cow<'a, [u8]>,
}

/// A register that a guest can extend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Register {
    /// RTMR0: the firmware's configuration.
    Rtmr0,
    /// RTMR1: what the firmware starts.
    Rtmr1,
    /// RTMR2: the boot loader's commands, kernel and initrd.
    Rtmr2,
    /// RTMR3: what the system measures at run time.
    Rtmr3,
}

impl<'a> EventLog<'a> {
    /// Reads a log; its first byte tells the form.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, EventLogError> {
        if bytes.len() > MAX_LOG {
            return Err(EventLogError::TooLarge { size: bytes.len(), limit: MAX_LOG });
        }
        if bytes.trim_ascii_start().first() == Some(&b'[') {
            return list::parse(bytes);
        }
        binary::parse(bytes)
    }
}

impl Form {
    /// Its name in verdicts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ccel => "ccel",
            Self::List => "list",
        }
    }
}

impl Register {
    /// All registers, in order.
    pub const ALL: [Self; 4] = [Self::Rtmr0, Self::Rtmr1, Self::Rtmr2, Self::Rtmr3];

    /// The register of this number, from 0.
    pub(super) fn numbered(number: u32) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }

    /// Its name in verdicts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rtmr0 => "rtmr0",
            Self::Rtmr1 => "rtmr1",
            Self::Rtmr2 => "rtmr2",
            Self::Rtmr3 => "rtmr3",
        }
    }
}

impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Firmware reserves 64 KiB (OVMF), 256 KiB (Google's) or 1 MiB (td-shim) for its log, most of it filler.
pub const MAX_LOG: usize = 0x10_0000;
/// A boot through GRUB has some hundred events, and an agent adds a few for each container.
pub const MAX_EVENTS: usize = 4096;
/// The largest in the wild are lists of forbidden signatures (variable dbx, 24 KiB), which grow.
pub const MAX_EVENT_DATA: usize = 0x2_0000;
