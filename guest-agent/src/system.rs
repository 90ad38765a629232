//! The process: randomness, the monotonic clock, no core dumps.
#![expect(clippy::disallowed_methods, reason = "the shell's clock")]

use std::time::{Duration, Instant};

use getrandom::SysRng;
use rand_core::UnwrapErr;
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

/// Makes sure that memory with secrets in it is never written to a core file, nor readable by a debugger of this user.
///
/// Nothing depends on it: where the system refuses, the agent works as before.
pub(crate) fn forbid_core_dumps() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let _ = rustix::process::setrlimit(Resource::Core, none);
    let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
}
