//! Reading the kernel's files: bounded, absent ones told apart from unreadable ones.
#![expect(clippy::disallowed_methods, reason = "reads the kernel's interfaces")]

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use crate::attester::AttestError;

/// The bytes of a file of at most `limit` bytes; none where there is no such file.
pub(super) fn read_if_present(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, AttestError> {
    let mut bytes = Vec::new();
    let more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    match File::open(path).and_then(|file| file.take(more).read_to_end(&mut bytes)) {
        Ok(_) if bytes.len() > limit => Err(AttestError::TooLarge { path: path.to_owned(), limit }),
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(AttestError::Kernel { action: "read", path: path.to_owned(), source }),
    }
}

/// The bytes of a file that has to be there.
pub(super) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, AttestError> {
    read_if_present(path, limit)?.ok_or_else(|| AttestError::Kernel {
        action: "read",
        path: path.to_owned(),
        source: ErrorKind::NotFound.into(),
    })
}

/// Writes an attribute in one call, as configfs wants it.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), AttestError> {
    let written = OpenOptions::new().write(true).open(path).and_then(|mut file| file.write_all(bytes));
    written.map_err(|source| AttestError::Kernel { action: "write", path: path.to_owned(), source })
}
