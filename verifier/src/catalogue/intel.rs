//! Checks of TDX and SGX evidence.

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[];
