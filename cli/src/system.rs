//! The clock, the terminal and the files of this process.
#![expect(
    clippy::disallowed_methods,
    reason = "the shell's one place for the clock, the environment and files"
)]

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, IsTerminal as _, Read as _, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use verifier::time::UnixTime;
use zeroize::Zeroizing;

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

/// How wide a table may be: as COLUMNS says, else as wide as the terminal is (`None`), else a page.
pub(crate) fn width() -> Option<u16> {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.or_else(|| (!std::io::stdout().is_terminal()).then_some(120))
}

/// The operating system's randomness, as the signing library wants it.
pub(crate) fn signing_rng() -> aws_lc_rs::rand::SystemRandom {
    aws_lc_rs::rand::SystemRandom::new()
}

/// A whole file, refused beyond `limit` bytes, whatever its size is said to be.
pub(crate) fn read(path: &Path, limit: u64) -> anyhow::Result<Vec<u8>> {
    rest(open(path)?, path, limit)
}

fn rest(file: File, path: &Path, limit: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let count = file.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    count.with_context(|| format!("cannot read {}", path.display()))?;
    anyhow::ensure!(u64::try_from(bytes.len())? <= limit, "{} has more than {limit} bytes", path.display());
    Ok(bytes)
}

/// A whole file as [`read`] gives it, or nothing where there is none.
pub(crate) fn read_if_there(path: &Path, limit: u64) -> anyhow::Result<Option<Vec<u8>>> {
    if path.try_exists().with_context(|| format!("cannot look for {}", path.display()))? {
        return read(path, limit).map(Some);
    }
    Ok(None)
}

/// Whether anything has this name, a link that leads nowhere too.
pub(crate) fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Makes a folder where there is none; nobody else may look into it.
pub(crate) fn make_folder(path: &Path) -> anyhow::Result<()> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("cannot make {}", path.display()))
}

/// Writes a file that is named by its content: where it is there already, it is the same or something is wrong.
pub(crate) fn write_content(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    match read_if_there(path, u64::try_from(content.len())?)? {
        None => write_new_private(path, content),
        Some(there) if there == content => Ok(()),
        Some(_) => anyhow::bail!("{} is there and has another content", path.display()),
    }
}

/// A text file of at most `limit` bytes.
pub(crate) fn read_text(path: &Path, limit: u64) -> anyhow::Result<String> {
    String::from_utf8(read(path, limit)?).with_context(|| format!("{} is not UTF-8", path.display()))
}

/// A secret's text, and the mode of the file that it was read from.
pub(crate) fn read_secret(path: &Path, limit: u64) -> anyhow::Result<(Zeroizing<String>, u32)> {
    let file = open(path)?;
    // Of the file that is read, so that no other can take its place in between.
    let metadata = file.metadata().with_context(|| format!("cannot look at {}", path.display()))?;
    let text = String::from_utf8(rest(file, path, limit)?);
    let text = Zeroizing::new(text.with_context(|| format!("{} is not UTF-8", path.display()))?);
    Ok((text, metadata.permissions().mode() & 0o777))
}

/// Writes a result to stdout. A reader that went away (`| head`) is no error: the exit code still tells the verdict.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot write to stdout"),
        _ => Ok(()),
    }
}

/// A file to read piece by piece.
pub(crate) fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Writes a secret into a new file that nobody else can read; what stands there is never replaced.
pub(crate) fn write_new_private(path: &Path, secret: &[u8]) -> anyhow::Result<()> {
    write_new(path, secret, 0o600)
}

/// Writes a new file; what stands there is never replaced.
pub(crate) fn write_new_public(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write_new(path, bytes, 0o644)
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let name = || format!("cannot write {}", path.display());
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(mode).open(path).with_context(name)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).with_context(name)
}

/// A file that gets its name when it is complete.
pub(crate) struct Whole {
    file: tempfile::NamedTempFile,
    path: PathBuf,
}

impl Whole {
    /// Begins beside its later place, which must be free.
    pub(crate) fn begin(path: &Path) -> anyhow::Result<Self> {
        anyhow::ensure!(!path.exists(), "{} exists already", path.display());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::NamedTempFile::new_in(folder);
        let file = file.with_context(|| format!("cannot write into {}", folder.display()))?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Appends.
    pub(crate) fn write_all(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.file.write_all(bytes).with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Makes it durable and gives it its name, unless something else took the name meanwhile.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        let name = || format!("cannot write {}", self.path.display());
        self.file.as_file().sync_all().with_context(name)?;
        self.file.persist_noclobber(&self.path).with_context(name)?;
        Ok(())
    }
}
