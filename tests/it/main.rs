//! The system tests: one binary, one module a subject.

mod dependencies;
mod fixtures;
