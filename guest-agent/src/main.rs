//! `vouchsafe-agent`: collects hardware evidence, asks a key broker for secrets, opens weights.

use std::process::ExitCode;

fn main() -> ExitCode {
    guest_agent::run(std::env::args_os(), guest_agent::hardware::attesters)
}
