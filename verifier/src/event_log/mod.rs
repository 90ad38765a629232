//! The event log of a TDX guest: read within limits, replayed into RTMR0 to RTMR3, and only then listened to.
//!
//! ```text
//! bytes ─ EventLog::parse ─▶ EventLog<'_> ─ replay(quote's registers) ─▶ ReplayedLog ─ claims ─▶ verdict
//!          CCEL or list        unproved              ReplayError          each event: digest, and what it says
//!                                                                         where the digest is of its content
//! ```
//!
//! A digest covers an event's content and not its type, its place in the file or a label beside the content. So a claim
//! is read from the registers alone to which the firmware or system writes such events, and an event whose digest is
//! of something else (a kernel image, a file) gives its digest and no words.
//!
//! Not here: where a log comes from. Whatever was left out of the log has no claim, and a register without events is
//! not checked.

mod binary;
mod claims;
mod content;
mod device_path;
mod error;
mod ipl;
mod kind;
mod list;
mod log;
mod replay;
mod secure_boot;
mod text;
mod variable;

pub use content::{Details, Proof};
pub use error::{EventLogError, ReplayError};
pub use kind::type_name;
pub use log::{Event, EventLog, Form, MAX_EVENT_DATA, MAX_EVENTS, MAX_LOG, Register};
pub use replay::{ReplayedEvent, ReplayedLog};
pub use variable::{Variable, VariableValue};

pub(crate) use replay::replay;

#[cfg(test)]
mod tests;
