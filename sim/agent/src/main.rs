//! The guest agent with simulated hardware: for tests and demonstrations only.

use std::process::ExitCode;

fn main() -> ExitCode {
    sim_agent::run(std::env::args_os())
}
