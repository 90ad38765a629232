//! The process: randomness, the monotonic clock, memory that goes nowhere.
#![expect(clippy::disallowed_methods, reason = "the shell's clock, and whether there is swap")]

use std::time::{Duration, Instant};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use rustix::mm::MlockAllFlags;
use rustix::process::{DumpableBehavior, Resource, Rlimit};

/// The operating system's randomness; a system without any ends the process.
pub fn system_rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// This moment, of no date.
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// Waits.
pub(crate) fn sleep(time: Duration) {
    std::thread::sleep(time);
}

/// Makes sure that memory with secrets in it is never written to a core file nor to swap, nor readable by a debugger of this
/// user; what could not be made sure of and matters here.
///
/// Nothing depends on it: where the system refuses, the agent works as before and says so.
pub(crate) fn protect_memory() -> Option<String> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let _ = rustix::process::setrlimit(Resource::Core, none);
    let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let reason = lock_memory().err()?;
    let swaps = std::fs::read_to_string(SWAPS).unwrap_or_default();
    has_swap(&swaps).then(|| {
        format!("warning: this machine has swap, and memory cannot be kept out of it ({reason}); secrets may reach a disk")
    })
}

/// All memory, as it comes to be used. Where there is a limit nothing is locked: what comes after it would not be had at all.
fn lock_memory() -> Result<(), String> {
    if let Some(limit) = rustix::process::getrlimit(Resource::Memlock).current {
        return Err(format!("the limit of locked memory is {limit} bytes; LimitMEMLOCK=infinity lifts it"));
    }
    let all = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    rustix::mm::mlockall(all).map_err(|error| error.to_string())
}

/// The file has a line of headings.
fn has_swap(swaps: &str) -> bool {
    swaps.lines().nth(1).is_some()
}

/// Linux, proc(5).
const SWAPS: &str = "/proc/swaps";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swap_is_what_stands_below_the_headings() {
        let headings = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
        assert!(!has_swap("") && !has_swap(headings));
        assert!(has_swap(&format!("{headings}/dev/vda2 partition 1048572 0 -2\n")));
    }

    #[test]
    fn protected_memory_leaves_no_core_file() {
        // Whatever the system lets a test lock.
        let _ = protect_memory();
        let core = rustix::process::getrlimit(Resource::Core);
        assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
        assert_eq!(rustix::process::dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
    }
}
