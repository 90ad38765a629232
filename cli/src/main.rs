//! The `vouchsafe` command: verify, bench, demo.

fn main() -> std::process::ExitCode {
    vouchsafe_cli::run(std::env::args_os())
}
