//! The clock, the terminal and the files of this process.
#![expect(
    clippy::disallowed_methods,
    reason = "the shell's one place for the clock, the environment and files"
)]

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use verifier::time::UnixTime;

/// The wall clock, read once for each command.
pub(crate) fn now() -> anyhow::Result<UnixTime> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    Ok(UnixTime::from_secs(i64::try_from(since.as_secs()).context("the clock is out of range")?))
}

/// A monotonic instant, for benchmarks and progress.
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// Whether results may be coloured: a terminal, and NO_COLOR is not set.
pub(crate) fn colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The terminal's width in columns as the shell exports it, or a page's.
pub(crate) fn width() -> u16 {
    std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(120)
}

/// A whole file, refused beyond `limit` bytes before it is read.
pub(crate) fn read(path: &Path, limit: u64) -> anyhow::Result<Vec<u8>> {
    let size = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
    anyhow::ensure!(size <= limit, "{} has {size} bytes, at most {limit} are read", path.display());
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A text file of at most `limit` bytes.
pub(crate) fn read_text(path: &Path, limit: u64) -> anyhow::Result<String> {
    String::from_utf8(read(path, limit)?).with_context(|| format!("{} is not UTF-8", path.display()))
}

/// Writes a result to stdout. A reader that went away (`| head`) is no error: the exit code still tells the verdict.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot write to stdout"),
        _ => Ok(()),
    }
}
