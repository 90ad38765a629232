//! Events about UEFI variables: UEFI_VARIABLE_DATA (TCG PC Client Platform Firmware Profile 1.06, section 10.2.6).

use crate::event_log::text::{guid, read_utf16_terminated, utf16};
use crate::reader::Reader;

/// A UEFI variable as an event tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The GUID of its namespace, as text.
    pub guid: String,
    /// Its name.
    pub name: String,
    /// What it holds.
    pub value: VariableValue,
}

/// What a UEFI variable holds, as far as this version reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariableValue {
    /// `SecureBoot`: whether signatures are enforced; a variable that does not exist has no byte and is off.
    Flag(bool),
    /// `BootOrder`: numbers of boot options.
    Order(Vec<u16>),
    /// `Boot####`: the description of a boot option and the nodes of its path.
    Option {
        /// The words in a boot menu.
        description: String,
        /// The device path, in words.
        path: Vec<String>,
    },
    /// Anything else, by its size in bytes.
    Other(usize),
}

/// The variable, and the span of its value.
pub(super) fn read(data: &[u8]) -> Option<(Variable, &[u8])> {
    let mut reader = Reader::new("UEFI_VARIABLE_DATA", data);
    let namespace = reader.array().ok()?;
    let characters = usize::try_from(reader.u64_le().ok()?).ok()?;
    let size = usize::try_from(reader.u64_le().ok()?).ok()?;
    if characters > MAX_NAME {
        return None;
    }
    let name = utf16(reader.take(characters.checked_mul(2)?).ok()?)?;
    let value_bytes = reader.take(size).ok()?;
    reader.finish().ok()?;
    let value = if namespace == GLOBAL { global(&name, value_bytes) } else { None };
    let value = value.unwrap_or(VariableValue::Other(size));
    Some((Variable { guid: guid(namespace), name, value }, value_bytes))
}

/// The number of a boot option by its variable's name: `Boot` and four hexadecimal digits.
pub(super) fn boot_option(name: &str) -> Option<u16> {
    let digits = name.strip_prefix("Boot")?;
    let hexadecimal = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal.then(|| u16::from_str_radix(digits, 16).ok())?
}

fn global(name: &str, value: &[u8]) -> Option<VariableValue> {
    match name {
        SECURE_BOOT => match value {
            [] | [0] => Some(VariableValue::Flag(false)),
            [1] => Some(VariableValue::Flag(true)),
            _ => None,
        },
        BOOT_ORDER => {
            let (numbers, odd) = value.as_chunks::<2>();
            let order = numbers.iter().map(|number| u16::from_le_bytes(*number)).collect();
            odd.is_empty().then_some(VariableValue::Order(order))
        }
        name if boot_option(name).is_some() => load_option(value),
        _ => None,
    }
}

/// EFI_LOAD_OPTION (UEFI 2.10, section 3.1.3).
fn load_option(value: &[u8]) -> Option<VariableValue> {
    let mut reader = Reader::new("EFI_LOAD_OPTION", value);
    reader.u32_le().ok()?;
    let length = usize::from(reader.u16_le().ok()?);
    let description = read_utf16_terminated(&mut reader)?;
    let path = super::device_path::nodes(reader.take(length).ok()?).unwrap_or_default();
    Some(VariableValue::Option { description, path })
}

pub(super) const SECURE_BOOT: &str = "SecureBoot";
pub(super) const BOOT_ORDER: &str = "BootOrder";
/// 8be4df61-93ca-11d2-aa0d-00e098032b8c, EFI_GLOBAL_VARIABLE (UEFI 2.10, section 3.3).
pub(super) const GLOBAL: [u8; 16] =
    [0x61, 0xDF, 0xE4, 0x8B, 0xCA, 0x93, 0xD2, 0x11, 0xAA, 0x0D, 0x00, 0xE0, 0x98, 0x03, 0x2B, 0x8C];
/// Names in the wild have up to 30 characters.
const MAX_NAME: usize = 512;
