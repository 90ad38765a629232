//! A verdict made by hand and what it is written as; the maps of the TEEs are compared in `tests/it/results`.

mod ear;
mod policy;
mod short;
