//! Checks that every TEE has.

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[];
