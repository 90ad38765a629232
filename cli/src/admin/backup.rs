//! A broker's store as one file, taken while it runs.

use std::fs::OpenOptions;
use std::io::{BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use aws_lc_rs::digest::{Context, SHA256};

use super::failure::Failure;

/// Writes a backup that comes from `from` to a new file; bytes, and their SHA-256. The file is whole under its name, or
/// there is none.
pub(super) fn write(from: &mut dyn Read, to: &Path) -> anyhow::Result<(u64, String)> {
    if to.exists() {
        bail!("{} exists already", to.display());
    }
    let mut unfinished = to.as_os_str().to_owned();
    unfinished.push(".part");
    let unfinished = PathBuf::from(unfinished);
    let done = copy(from, &unfinished).and_then(|found| {
        std::fs::rename(&unfinished, to)?;
        Ok(found)
    });
    done.inspect_err(|_| {
        let _ = std::fs::remove_file(&unfinished);
    })
}

fn copy(from: &mut dyn Read, to: &Path) -> anyhow::Result<(u64, String)> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(to);
    let mut file = BufWriter::new(file.with_context(|| to.display().to_string())?);
    let mut hash = Context::new(&SHA256);
    let mut bytes = 0_u64;
    // The last bytes that came: at the end they are the SHA-256 of all before them.
    let mut held: Vec<u8> = Vec::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = from.read(&mut chunk).map_err(Failure::answer)?;
        if count == 0 {
            break;
        }
        let new = chunk.get(..count).unwrap_or_default();
        if bytes == 0 && !new.starts_with(MAGIC) {
            bail!(Failure::answer("what came is no backup"));
        }
        file.write_all(new)?;
        bytes = bytes.saturating_add(u64::try_from(count)?);
        held.extend_from_slice(new);
        let body = held.len().saturating_sub(DIGEST);
        hash.update(held.get(..body).unwrap_or_default());
        held.drain(..body);
    }
    let digest = hash.finish();
    if held != digest.as_ref() {
        bail!(Failure::answer("the backup did not come to its end: try again"));
    }
    file.flush()?;
    file.get_ref().sync_all()?;
    Ok((bytes, hex::encode(digest)))
}

const CHUNK: usize = 64 << 10;
const DIGEST: usize = 32;
/// What a backup begins with.
const MAGIC: &[u8] = b"vouchsafe export ";
