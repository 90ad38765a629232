//! The vouchsafe command: verify, bench, demo.

fn main() {}
