//! How much a policy may take.

use std::time::Duration;

/// What one evaluation may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time. A page of rules takes less than a millisecond.
    pub time: Duration,
    /// Bytes that built-in functions may produce, all together.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_millis(500), memory: 32 << 20 }
    }
}

/// Bytes of a policy's text: a policy is a page or two.
pub const POLICY_BYTES: usize = 0x4_0000;
/// Bytes of the claims that a policy is asked about, as [`crate::rego`] weighs them. A token with the event log of a
/// guest and eight GPUs has some hundred kilobytes, and a request's body at most two megabytes.
pub(crate) const INPUT_BYTES: usize = 32 << 20;
/// Rules of a Rego policy, and of a declarative one.
pub(crate) const RULES: usize = 1000;
/// How deep rules may nest in one another: levels of expressions, loops and rules on the longest path. Trustee's
/// longest default policy has 30.
pub(crate) const LEVELS: usize = 512;
