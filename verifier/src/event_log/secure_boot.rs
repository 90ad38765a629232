//! What a log proves of secure boot, whatever it says.

use crate::crypto::sha384;
use crate::event_log::content::{Details, Proof};
use crate::event_log::log::Register;
use crate::event_log::replay::{ReplayedEvent, ReplayedLog};
use crate::event_log::variable::{GLOBAL, SECURE_BOOT, VariableValue};

impl ReplayedLog {
    /// Whether the firmware enforced signatures on what it started; none where the log does not prove it.
    ///
    /// A log may call an event what it likes, so "off" is looked for by its digests, anywhere in RTMR0 and under any
    /// name. "On" counts only before the first separator, since what runs later can extend the register too.
    pub fn secure_boot(&self) -> Option<bool> {
        let off = [sha384(&measured(&[])), sha384(&measured(&[0]))];
        if self.of(Register::Rtmr0).any(|event| off.contains(&event.digest)) {
            return Some(false);
        }
        let separators = SEPARATORS.map(|value| sha384(&value.to_le_bytes()));
        let firmware = self.of(Register::Rtmr0).take_while(|event| !separators.contains(&event.digest));
        // A digest of the value alone, one byte, would prove nothing of the name beside it.
        let mut whole = firmware.filter(|event| event.proof() == Proof::Whole);
        let on = |event: &ReplayedEvent| {
            matches!(event.details(), Some(Details::Variable(variable))
                if variable.name == SECURE_BOOT && variable.value == VariableValue::Flag(true))
        };
        whole.any(on).then_some(true)
    }
}

/// UEFI_VARIABLE_DATA of `SecureBoot` with this value.
fn measured(value: &[u8]) -> Vec<u8> {
    let length = |count: usize| u64::try_from(count).unwrap_or(u64::MAX).to_le_bytes();
    let name = SECURE_BOOT.encode_utf16();
    let mut data = GLOBAL.to_vec();
    data.extend(length(name.clone().count()));
    data.extend(length(value.len()));
    data.extend(name.flat_map(u16::to_le_bytes));
    data.extend(value);
    data
}

/// EV_SEPARATOR holds 0 or 0xFFFFFFFF, and 1 after an error (section 10.4.1).
const SEPARATORS: [u32; 3] = [0, u32::MAX, 1];
