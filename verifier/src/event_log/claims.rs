//! A replayed log as claims: bounded, and only what digests are of.

use crate::check::Fact;
use crate::event_log::content::{Details, Proof};
use crate::event_log::kind::EV_EFI_BOOT_SERVICES_APPLICATION;
use crate::event_log::log::Register;
use crate::event_log::replay::{ReplayedEvent, ReplayedLog};
use crate::event_log::variable::{VariableValue, boot_option};

impl ReplayedLog {
    /// The claims under `event_log`.
    ///
    /// Words are claimed where the event's digest is of them and the event lies in a register that such events are
    /// written to. Digests are claimed as they were extended; what they are digests of is the log's word.
    pub fn claims(&self) -> Fact {
        let mut room = Room { left: MAX_TEXT, truncated: false };
        let counts = Register::ALL.map(|register| (register.as_str(), number(self.of(register).count())));
        let mut claims = vec![
            ("form", self.form().as_str().into()),
            ("events", number(self.events().len())),
            ("events_of", Fact::Map(counts.to_vec())),
        ];
        if let Some(on) = self.secure_boot() {
            claims.push(("secure_boot", on.into()));
        }
        if let Some(order) = self.boot_order() {
            let order = order.iter().map(|number| Fact::from(format!("{number:04X}")));
            claims.push(("boot_order", room.list(order)));
        }
        claims.push(("boot_variables", room.list(self.boot_variables())));
        claims.push(("boot_applications", room.list(self.boot_applications())));
        claims.push(("kernel_command_line", room.list(self.kernel_command_lines())));
        claims.push(("kernel_load_options", room.list(self.tagged(LOAD_OPTIONS))));
        claims.push(("initrd", room.list(self.tagged(INITRD))));
        claims.push(("aael", room.list(self.aael())));
        claims.push(("runtime", room.list(self.runtime())));
        claims.push(("truncated", room.truncated.into()));
        Fact::Map(claims)
    }

    /// Boot options are measured into RTMR0, by some firmware into RTMR1.
    fn variables(&self) -> impl Iterator<Item = (&ReplayedEvent, &crate::event_log::Variable)> {
        let firmware = |event: &&ReplayedEvent| event.register <= Register::Rtmr1;
        self.events().iter().filter(firmware).filter_map(|event| match event.details() {
            Some(Details::Variable(variable)) => Some((event, variable)),
            _ => None,
        })
    }

    fn boot_order(&self) -> Option<&[u16]> {
        // Two equal options make no order: four zeros are a separator's digest under another name.
        let distinct = |order: &[u16]| {
            let mut sorted = order.to_vec();
            sorted.sort_unstable();
            sorted.windows(2).all(|pair| !matches!(pair, [one, next] if one == next))
        };
        self.variables().find_map(|(_, variable)| match &variable.value {
            VariableValue::Order(order) if distinct(order) => Some(order.as_slice()),
            _ => None,
        })
    }

    fn boot_variables(&self) -> impl Iterator<Item = Fact> {
        self.variables().filter_map(|(event, variable)| {
            let VariableValue::Option { description, path } = &variable.value else { return None };
            boot_option(&variable.name)?;
            Some(Fact::Map(vec![
                ("name", variable.name.clone().into()),
                ("name_measured", (event.proof() == Proof::Whole).into()),
                ("description", description.clone().into()),
                ("path", path.join("/").into()),
                ("digest", event.digest.into()),
            ]))
        })
    }

    fn boot_applications(&self) -> impl Iterator<Item = Fact> {
        let started = |event: &&ReplayedEvent| event.event_type == EV_EFI_BOOT_SERVICES_APPLICATION;
        self.of(Register::Rtmr1).filter(started).map(|event| event.digest.into())
    }

    fn kernel_command_lines(&self) -> impl Iterator<Item = Fact> {
        self.of(Register::Rtmr2).filter_map(|event| match event.details() {
            Some(Details::KernelCommandLine(text)) => Some(Fact::from(text.clone())),
            _ => None,
        })
    }

    /// Linux's EFI stub measures what it is given and writes a name beside the digest.
    fn tagged(&self, tag: u32) -> impl Iterator<Item = Fact> {
        let of_tag =
            move |event: &&ReplayedEvent| matches!(event.label(), Details::Tagged { id, .. } if *id == tag);
        self.of(Register::Rtmr2).filter(of_tag).map(|event| event.digest.into())
    }

    /// The attestation agent writes to RTMR3. A boot loader measures files of the host's disk into RTMR2, so that an entry
    /// there may be the host's.
    fn aael(&self) -> impl Iterator<Item = Fact> {
        self.of(Register::Rtmr3).filter_map(|event| {
            let Some(Details::Aael { domain, operation, content }) = event.details() else { return None };
            Some(Fact::Map(vec![
                ("register", Fact::text(event.register.as_str())),
                ("domain", domain.clone().into()),
                ("operation", operation.clone().into()),
                ("content", content.clone().into()),
            ]))
        })
    }

    fn runtime(&self) -> impl Iterator<Item = Fact> {
        self.of(Register::Rtmr3).filter_map(|event| {
            let Some(Details::Runtime { name, payload }) = event.details() else { return None };
            Some(Fact::Map(vec![("name", name.clone().into()), ("payload", Fact::hex(payload))]))
        })
    }
}

/// What is left for words and digests.
struct Room {
    left: usize,
    truncated: bool,
}

impl Room {
    /// As many of `items` as there is room for, from the first on.
    fn list(&mut self, items: impl Iterator<Item = Fact>) -> Fact {
        let mut kept = Vec::new();
        for item in items {
            let Some(left) = self.left.checked_sub(size(&item)).filter(|_| kept.len() < MAX_LISTED) else {
                self.truncated = true;
                break;
            };
            self.left = left;
            kept.push(item);
        }
        Fact::List(kept)
    }
}

/// About the bytes that a value has in JSON.
fn size(fact: &Fact) -> usize {
    match fact {
        Fact::Text(text) => text.chars().map(escaped).fold(4, usize::saturating_add),
        Fact::Hex(bytes) => bytes.len().saturating_mul(2).saturating_add(4),
        Fact::List(items) => items.iter().map(size).fold(2, usize::saturating_add),
        Fact::Map(members) => {
            let member =
                |(name, value): &(&str, Fact)| name.len().saturating_add(4).saturating_add(size(value));
            members.iter().map(member).fold(2, usize::saturating_add)
        }
        Fact::None | Fact::Bool(_) | Fact::Number(_) | Fact::Time(_) => 24,
    }
}

/// Bytes of a character in JSON.
const fn escaped(character: char) -> usize {
    match character {
        '"' | '\\' => 2,
        '\0'..'\u{20}' => 6,
        other => other.len_utf8(),
    }
}

fn number(count: usize) -> Fact {
    u64::try_from(count).unwrap_or(u64::MAX).into()
}

/// Claims travel in a token, and a token in the head of a request.
const MAX_TEXT: usize = 16 << 10;
/// Entries of one list.
const MAX_LISTED: usize = 64;
/// Tags of Linux's EFI stub (drivers/firmware/efi/libstub/efistub.h).
const LOAD_OPTIONS: u32 = 0x8F3B_22ED;
const INITRD: u32 = 0x8F3B_22EC;
