//! The same real evidence before our verifier and its peers, to be timed and counted.

mod measure;
mod subjects;

pub use measure::{Figure, Measured, interleaved};
pub use subjects::{Contender, contenders};
