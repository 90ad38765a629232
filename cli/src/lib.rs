//! The vouchsafe command: verify, bench, demo.
