//! The event log of a TDX guest (UEFI 2.10 section 38.4, ACPI 6.5 table CCEL).

use std::path::Path;

use super::files::read_if_present;
use crate::attester::AttestError;

/// The log behind the ACPI table CCEL; none where the firmware left none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, AttestError> {
    Ok(read_if_present(path, LOG_BYTES)?.filter(|log| !log.is_empty()))
}

/// Firmware reserves 64 KiB (OVMF) to a few times that.
const LOG_BYTES: usize = 512 << 10;
