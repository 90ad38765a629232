//! The cargo that runs this program.

use std::path::Path;
use std::process::Command;

/// Cargo in this folder, without backtraces: they cost time wherever errors are made on the way.
pub(crate) fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(folder).env_remove("RUST_BACKTRACE");
    command
}
