//! Reference values: what good looks like, as types.
