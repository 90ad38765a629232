//! Lines that a test leaves for the end of the run: what was tried, and what was skipped.

use std::io::Write;

/// Leaves `line` for the closing lines of `cargo xtask test`; without that command it shows where it is written.
///
/// The test runner hides what passing tests print. It hides the print macros only, so this writes to the stream itself.
///
/// # Panics
/// The output is closed.
#[expect(clippy::expect_used, reason = "a helper of tests")]
pub fn announce(line: &str) {
    // One write, so that lines of tests that run at the same time stay whole.
    std::io::stdout().lock().write_all(format!("\nsummary: {line}\n").as_bytes()).expect("an open output");
}
