//! Checks of SEV-SNP evidence.

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[];
