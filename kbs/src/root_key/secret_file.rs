//! A short secret in a file that others must not read: a PIN, a token.
#![expect(clippy::disallowed_methods, reason = "reading files of secrets is this module's work")]

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zeroize::Zeroizing;

/// Why a file of a secret is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretFileError {
    /// The operating system refused.
    #[error("{path}: {kind}")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        kind: io::ErrorKind,
    },
    /// Others may read it.
    #[error("{path} has mode {mode:o}; others may read it or the group may write it: `chmod 600 {path}`")]
    Mode {
        /// The file.
        path: String,
        /// Its mode.
        mode: u32,
    },
    /// It does not hold one line of visible characters.
    #[error("{path} is not one line of visible ASCII characters, at most {limit}")]
    Form {
        /// The file.
        path: String,
        /// The greatest length in bytes.
        limit: usize,
    },
}

/// Reads the one line of a file, without what surrounds it.
pub(super) fn read(path: &Path) -> Result<Zeroizing<String>, SecretFileError> {
    let name = || path.display().to_string();
    let failed = |error: io::Error| SecretFileError::Read { path: name(), kind: error.kind() };
    let file = File::open(path).map_err(failed)?;
    // Of the open file, so that what is checked is what is read.
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & OPEN_TO_OTHERS != 0 {
        return Err(SecretFileError::Mode { path: name(), mode });
    }
    // With room for all that is read: a vector that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT.saturating_mul(2)));
    let limit = u64::try_from(LIMIT).unwrap_or(u64::MAX);
    file.take(limit.saturating_add(SURROUNDINGS)).read_to_end(&mut bytes).map_err(failed)?;
    let line = bytes.trim_ascii();
    let fits = (1..=LIMIT).contains(&line.len()) && line.iter().all(u8::is_ascii_graphic);
    match std::str::from_utf8(line) {
        Ok(text) if fits => Ok(Zeroizing::new(text.to_owned())),
        _ => Err(SecretFileError::Form { path: name(), limit: LIMIT }),
    }
}

/// Tokens of Vault have about a hundred bytes, its batch tokens a few hundred and more with many policies.
const LIMIT: usize = 4096;
/// A line end and some spaces.
const SURROUNDINGS: u64 = 16;
/// Anything for others; writing for the group.
const OPEN_TO_OTHERS: u32 = 0o027;

#[cfg(test)]
mod tests;
