//! Rules for Intel's platforms, under TDX and SGX alike.

use serde::{Deserialize, Serialize};

use crate::dcap::TcbStatus;

/// Which of Intel's TCB statuses are good enough.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TcbPolicy {
    /// Accepted merged statuses; an empty list accepts nothing. `SWHardeningNeeded` is accepted when every advisory of
    /// the level is in `accept_advisories`, and not for being listed here. `Revoked` and `NoMatch` are never accepted.
    pub accept: Vec<TcbStatus>,
    /// Advisories known to be mitigated in the software that runs.
    pub accept_advisories: Vec<String>,
    /// The oldest `tcbEvaluationDataNumber` accepted, of TCB info and QE identity alike: a floor against old collateral.
    pub min_evaluation_number: u32,
    /// Days after the TCB level's date during which `OutOfDate` is still accepted: the time to update a fleet.
    pub out_of_date_grace_days: u32,
}

impl Default for TcbPolicy {
    fn default() -> Self {
        Self {
            accept: vec![TcbStatus::UpToDate],
            accept_advisories: Vec::new(),
            min_evaluation_number: 0,
            out_of_date_grace_days: 0,
        }
    }
}
