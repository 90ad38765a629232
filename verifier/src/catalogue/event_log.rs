//! Checks of a firmware event log.

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[];
