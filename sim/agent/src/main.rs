//! The guest agent with simulated hardware: for tests and demonstrations only.

fn main() {}
