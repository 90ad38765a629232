//! Whole trips over real processes and real evidence.
