//! The attesters of real hardware.
//!
//! Order of detection: configfs-tsm first, whose provider says whether it is SNP (`sev_guest`) or TDX (`tdx_guest`);
//! then `/dev/sev-guest`, which older kernels have alone. `--tee` picks the first of that TEE.

mod certificates;
mod detect;
mod event_log;
mod files;
mod sev_guest;
mod tsm;

use std::path::Path;

use crate::attester::{Attester, Attesters};

pub use detect::{Detected, Interface, detect};
pub use sev_guest::SevGuest;
pub use tsm::Tsm;

/// The attesters of this machine, best first; empty on a machine without such hardware.
pub fn attesters() -> Attesters {
    let mut found: Vec<Box<dyn Attester>> = Vec::new();
    if let Some(tsm) = Tsm::detect(Path::new(TSM_ROOT), Path::new(CCEL))? {
        found.push(Box::new(tsm));
    }
    if Path::new(sev_guest::DEVICE).exists() {
        found.push(Box::new(SevGuest::new()));
    }
    Ok(found)
}

/// Linux, Documentation/ABI/testing/configfs-tsm-report.
const TSM_ROOT: &str = "/sys/kernel/config/tsm/report";

/// The event log that the firmware left behind the ACPI table CCEL.
const CCEL: &str = "/sys/firmware/acpi/tables/data/CCEL";
