//! Rules for SGX.

use serde::{Deserialize, Serialize};

/// Rules for SGX.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SgxPolicy {
    /// Accept an enclave that its host may debug.
    pub danger_allow_debug: bool,
}
