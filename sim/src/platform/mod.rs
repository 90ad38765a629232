//! A simulated machine with everything that belongs to it: the hardware, its vendor's root, its endorsements.

mod file;
mod guest;
mod machine;
mod setup;

pub use guest::{Evidence, GuestConfig, HostCertificate};
pub use machine::{AmdHardware, IntelHardware, Machine, Tee};
pub use setup::{MACHINE_FILE, Platform, PlatformFile};

#[cfg(test)]
mod tests;
