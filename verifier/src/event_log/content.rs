//! What an event says, and whether its digest is of what it says.

use crate::crypto::sha384;
use crate::event_log::kind::{
    DSTACK_RUNTIME, EV_ACTION, EV_EFI_ACTION, EV_EFI_BOOT_SERVICES_APPLICATION, EV_EFI_BOOT_SERVICES_DRIVER,
    EV_EFI_RUNTIME_SERVICES_DRIVER, EV_EFI_VARIABLE_AUTHORITY, EV_EFI_VARIABLE_BOOT, EV_EFI_VARIABLE_BOOT2,
    EV_EFI_VARIABLE_DRIVER_CONFIG, EV_EVENT_TAG, EV_IPL, EV_SEPARATOR,
};
use crate::event_log::log::Event;
use crate::event_log::text::printable;
use crate::event_log::variable::{self, Variable};
use crate::event_log::{device_path, ipl};
use crate::reader::Reader;

/// What an event says, by its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Details {
    /// The end of the firmware's part of a register: 0, or an error's number.
    Separator(u32),
    /// Words.
    Text(String),
    /// A UEFI variable.
    Variable(Variable),
    /// A program that the firmware started: the nodes of its path. The digest is that of the image (Authenticode).
    Application(Vec<String>),
    /// A command that a boot loader ran.
    BootCommand(String),
    /// The command line that a boot loader gave to the kernel.
    KernelCommandLine(String),
    /// A tagged event that is none of the others: its tag and its words.
    Tagged {
        /// The tag.
        id: u32,
        /// Its data, where they are words.
        text: Option<String>,
    },
    /// An entry of CoCo's attestation agent.
    Aael {
        /// Whose words these are.
        domain: String,
        /// What was done.
        operation: String,
        /// To what.
        content: String,
    },
    /// A runtime event of a dstack guest.
    Runtime {
        /// Its name.
        name: String,
        /// Its payload.
        payload: Vec<u8>,
    },
    /// Nothing that this version reads.
    Opaque,
}

/// How much of what an event says its digest is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Nothing: the digest is of something that the log does not hold, or the words are false.
    None,
    /// The value, and not the name beside it.
    Value,
    /// All of it.
    Whole,
}

/// Reads an event by its type.
pub(super) fn read(event: &Event<'_>) -> (Details, Proof) {
    let data: &[u8] = &event.data;
    let whole = || if sha384(data) == event.digest { Proof::Whole } else { Proof::None };
    match event.event_type {
        EV_SEPARATOR => (separator(data), whole()),
        EV_ACTION | EV_EFI_ACTION => (text(data), whole()),
        EV_EFI_VARIABLE_DRIVER_CONFIG | EV_EFI_VARIABLE_AUTHORITY | EV_EFI_VARIABLE_BOOT2 => {
            let details = variable::read(data).map_or(Details::Opaque, |(read, _)| Details::Variable(read));
            (details, whole())
        }
        EV_EFI_VARIABLE_BOOT => boot_variable(data, &event.digest),
        EV_EFI_BOOT_SERVICES_APPLICATION | EV_EFI_BOOT_SERVICES_DRIVER | EV_EFI_RUNTIME_SERVICES_DRIVER => {
            (application(data).map_or(Details::Opaque, Details::Application), Proof::None)
        }
        EV_IPL => ipl::read(data, &event.digest),
        EV_EVENT_TAG => (tagged(data), whole()),
        // A name with a colon would let two events have one digest.
        DSTACK_RUNTIME if !event.name.is_empty() && !event.name.contains(':') => runtime(event),
        _ => (Details::Opaque, whole()),
    }
}

fn separator(data: &[u8]) -> Details {
    match data.try_into() {
        Ok(bytes) => Details::Separator(u32::from_le_bytes(bytes)),
        Err(_) => text(data),
    }
}

fn text(data: &[u8]) -> Details {
    printable(data).map_or(Details::Opaque, |text| Details::Text(text.to_owned()))
}

/// EV_EFI_VARIABLE_BOOT: firmware measures the value alone (section 10.4.1: "the variable data"), some measures all.
fn boot_variable(data: &[u8], digest: &[u8; 48]) -> (Details, Proof) {
    let proved = |span: &[u8]| sha384(span) == *digest;
    let Some((variable, value)) = variable::read(data) else { return (Details::Opaque, Proof::None) };
    let proof = match (proved(value), proved(data)) {
        (_, true) => Proof::Whole,
        (true, false) => Proof::Value,
        (false, false) => Proof::None,
    };
    (Details::Variable(variable), proof)
}

/// UEFI_IMAGE_LOAD_EVENT (section 10.2.3): location, length, link-time address, length of the path, path.
fn application(data: &[u8]) -> Option<Vec<String>> {
    let mut reader = Reader::new("UEFI_IMAGE_LOAD_EVENT", data);
    reader.take(24).ok()?;
    let length = usize::try_from(reader.u64_le().ok()?).ok()?;
    let path = reader.take(length).ok()?;
    reader.finish().ok()?;
    if path.is_empty() { Some(Vec::new()) } else { device_path::nodes(path) }
}

/// TCG_PCClientTaggedEvent (section 10.2.7): tag, size, data.
fn tagged(data: &[u8]) -> Details {
    let mut reader = Reader::new("TCG_PCClientTaggedEvent", data);
    let Ok(id) = reader.u32_le() else { return text(data) };
    let body = reader.u32_le().ok().and_then(|size| {
        let body = reader.take(usize::try_from(size).ok()?).ok()?;
        reader.finish().ok()?;
        Some(body)
    });
    let Some(body) = body else { return text(data) };
    if id == AAEL
        && let Some(entry) = aael(body)
    {
        return entry;
    }
    Details::Tagged { id, text: printable(body).map(str::to_owned) }
}

/// CoCo's "Specification for Attestation Agent Event Log": `domain operation content`, the content without a line feed.
fn aael(body: &[u8]) -> Option<Details> {
    let words = core::str::from_utf8(body).ok().filter(|words| !words.contains('\n'))?;
    let (domain, rest) = words.split_once(' ')?;
    let (operation, content) = rest.split_once(' ')?;
    let named = !domain.is_empty() && !operation.is_empty();
    named.then(|| Details::Aael {
        domain: domain.to_owned(),
        operation: operation.to_owned(),
        content: content.to_owned(),
    })
}

/// dstack's cc-eventlog, version 1: the digest is of `type ":" name ":" payload`, the type little-endian.
fn runtime(event: &Event<'_>) -> (Details, Proof) {
    let mut content = event.event_type.to_le_bytes().to_vec();
    content.push(b':');
    content.extend(event.name.as_bytes());
    content.push(b':');
    content.extend(event.data.iter());
    let proof = if sha384(&content) == event.digest { Proof::Whole } else { Proof::None };
    (Details::Runtime { name: event.name.to_string(), payload: event.data.to_vec() }, proof)
}

/// The tag of CoCo's attestation agent: "AAEL" as a number.
const AAEL: u32 = 0x4141_454C;
