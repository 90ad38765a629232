//! EV_IPL: what boot loaders measure.

use crate::crypto::sha384;
use crate::event_log::content::{Details, Proof};
use crate::event_log::text::{printable, utf16_terminated};

/// Reads what GRUB, shim and systemd's stub write.
///
/// GRUB measures a command without the word that it writes before it (`grub-core/lib/tpm.c`, `grub_tpm_verify_string`),
/// and a file's content under the file's name. systemd's stub measures the command line as it stands in the event
/// (`src/boot/measure.c`, `tpm_log_load_options`), and sections under their names.
pub(super) fn read(data: &[u8], digest: &[u8; 48]) -> (Details, Proof) {
    for (label, kind) in LABELS {
        let Some(rest) = data.strip_prefix(*label) else { continue };
        let text = rest.split(|byte| *byte == 0).next().unwrap_or_default();
        let Ok(words) = core::str::from_utf8(text) else { return (Details::Opaque, Proof::None) };
        let proof = if sha384(text) == *digest { Proof::Value } else { Proof::None };
        let words = words.to_owned();
        return match kind {
            Kind::Command => (Details::BootCommand(words), proof),
            Kind::Kernel => (Details::KernelCommandLine(words), proof),
        };
    }
    let proof = if sha384(data) == *digest { Proof::Whole } else { Proof::None };
    match (utf16_terminated(data), proof) {
        // A section's name is not measured as it stands here, so this is a command line.
        (Some(text), Proof::Whole) if !text.is_empty() => (Details::KernelCommandLine(text), proof),
        (Some(text), _) if !text.is_empty() => (Details::Text(text), proof),
        _ => (printable(data).map_or(Details::Opaque, |text| Details::Text(text.to_owned())), proof),
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Command,
    Kernel,
}

/// The words before what is measured: upstream's, then those of a distribution's older patches.
const LABELS: &[(&[u8], Kind)] = &[
    (b"grub_cmd: ", Kind::Command),
    (b"kernel_cmdline: ", Kind::Kernel),
    (b"module_cmdline: ", Kind::Command),
    (b"grub_cmd ", Kind::Command),
    (b"grub_kernel_cmdline ", Kind::Kernel),
];
