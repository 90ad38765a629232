//! Who did something to what is protected, when and why.

use serde::{Deserialize, Serialize};

/// Who did something, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// The name of the admin's key.
    pub by: String,
    /// When, in seconds since 1970.
    pub at: i64,
    /// Why.
    pub reason: String,
}

/// What an operator sends to take something back that he did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Why.
    pub reason: String,
}

/// A reason that is missing or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reason has 1 to {REASON_BYTES} bytes of printable text")]
pub struct ReasonError;

/// Whether a reason is one.
pub fn check_reason(reason: &str) -> Result<(), ReasonError> {
    let printable = !reason.trim().is_empty() && !reason.chars().any(char::is_control);
    if printable && reason.len() <= REASON_BYTES { Ok(()) } else { Err(ReasonError) }
}

/// Bytes of a reason: the name of a case and a sentence.
pub const REASON_BYTES: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_printable_text_up_to_its_length() {
        for (reason, wanted) in [
            ("case 7", Ok(())),
            (&"r".repeat(REASON_BYTES), Ok(())),
            (&"r".repeat(REASON_BYTES + 1), Err(ReasonError)),
            ("", Err(ReasonError)),
            (" ", Err(ReasonError)),
            ("case\n7", Err(ReasonError)),
        ] {
            assert_eq!(check_reason(reason), wanted, "{reason:?}");
        }
    }
}
