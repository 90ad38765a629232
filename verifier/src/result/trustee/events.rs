//! `uefi_event_logs`, as Trustee gives it to policies (`deps/verifier/src/eventlog/ccel/mod.rs`), of the two types that
//! its default policy looks for: what the firmware started, and what Linux's EFI stub was given.
//!
//! No digest covers an event's type or label, here as there: a policy compares the digest beside the label with one
//! that it knows. An event is told from the one register to which such events are written; in RTMR3 software could
//! write whatever it liked. Everything that digests do cover is under `event_log` of our own claims.

use crate::check::Fact;
use crate::event_log::{Details, Register, ReplayedEvent, ReplayedLog};

/// The events in order; the first [`MAX_EVENTS`] of them, since a token travels in a header.
pub(super) fn claims(log: &ReplayedLog) -> Fact {
    Fact::List(log.events().iter().filter_map(event).take(MAX_EVENTS).collect())
}

fn event(event: &ReplayedEvent) -> Option<Fact> {
    let (index, details): (u8, _) = match (event.register, event.label()) {
        (Register::Rtmr1, Details::Application(nodes)) => {
            // Trustee writes other nodes with the bytes that they hold.
            let file = |node: &&String| node.starts_with("File(") && node.len() <= MAX_LABEL;
            let files: Vec<Fact> = nodes.iter().filter(file).cloned().map(Fact::from).collect();
            (2, ("device_paths", Fact::List(files)))
        }
        (Register::Rtmr2, Details::Tagged { text: Some(text), .. }) if text.len() <= MAX_LABEL => {
            (3, ("string", text.clone().into()))
        }
        _ => return None,
    };
    let digest = Fact::Map(vec![("alg", "SHA-384".into()), ("digest", event.digest.into())]);
    Some(Fact::Map(vec![
        ("index", index.into()),
        ("type", format!("0x{:08X}", event.event_type).into()),
        ("type_name", event.type_name().into()),
        ("digests", Fact::List(vec![digest])),
        ("digest_matches_event", event.digest_matches_event().into()),
        ("details", Fact::Map(vec![details])),
    ]))
}

/// A boot starts a handful of programs; 8 KiB of JSON in all.
const MAX_EVENTS: usize = 16;
/// Bytes of a path or label.
const MAX_LABEL: usize = 256;
