//! Rules for Intel's platforms, under TDX and SGX alike.

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::value::Id;
use crate::dcap::TcbStatus;

/// Which platforms, and which of Intel's TCB statuses, are good enough.
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
    /// Platform models that are not accepted whatever their TCB.
    pub deny_fmspcs: Vec<Id<6>>,
    /// Accepted platforms by the PPID of their PCK certificate; empty accepts every one.
    pub ppids: Vec<Id<16>>,
    /// Accepted platforms by the platform instance id of their PCK certificate; empty accepts every one. Where this list
    /// and `ppids` are given, a platform must be on both.
    pub platform_instances: Vec<Id<16>>,
    /// Rules for one platform model: what they name replaces what stands above.
    #[serde(deserialize_with = "unique")]
    pub fmspc: BTreeMap<Id<6>, FmspcRules>,
}

/// Rules for one platform model; what is absent follows the general rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct FmspcRules {
    /// In place of `accept`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept: Option<Vec<TcbStatus>>,
    /// In place of `accept_advisories`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_advisories: Option<Vec<String>>,
    /// In place of `min_evaluation_number`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_evaluation_number: Option<u32>,
    /// In place of `out_of_date_grace_days`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_of_date_grace_days: Option<u32>,
}

/// The rules that hold for one platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TcbRules<'a> {
    pub(crate) accept: &'a [TcbStatus],
    pub(crate) accept_advisories: &'a [String],
    pub(crate) min_evaluation_number: u32,
    pub(crate) out_of_date_grace_days: u32,
}

impl Default for TcbPolicy {
    fn default() -> Self {
        Self {
            accept: vec![TcbStatus::UpToDate],
            accept_advisories: Vec::new(),
            min_evaluation_number: 0,
            out_of_date_grace_days: 0,
            deny_fmspcs: Vec::new(),
            ppids: Vec::new(),
            platform_instances: Vec::new(),
            fmspc: BTreeMap::new(),
        }
    }
}

impl TcbPolicy {
    /// The general rules, with what the model's own replace.
    pub(crate) fn rules(&self, fmspc: [u8; 6]) -> TcbRules<'_> {
        let own = self.fmspc.get(&Id(fmspc));
        let number =
            |number: fn(&FmspcRules) -> Option<u32>, general| own.and_then(number).unwrap_or(general);
        TcbRules {
            accept: own.and_then(|own| own.accept.as_deref()).unwrap_or(&self.accept),
            accept_advisories: own
                .and_then(|own| own.accept_advisories.as_deref())
                .unwrap_or(&self.accept_advisories),
            min_evaluation_number: number(|own| own.min_evaluation_number, self.min_evaluation_number),
            out_of_date_grace_days: number(|own| own.out_of_date_grace_days, self.out_of_date_grace_days),
        }
    }
}

/// One model in two cases of its hexadecimal would have two sets of rules, of which one would be dropped.
fn unique<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Id<6>, FmspcRules>, D::Error> {
    let written = <BTreeMap<String, FmspcRules>>::deserialize(deserializer)?;
    let count = written.len();
    let mut rules = BTreeMap::new();
    for (name, own) in written {
        let mut bytes = [0; 6];
        hex::decode_to_slice(&name, &mut bytes)
            .map_err(|_| D::Error::custom("an FMSPC is 6 bytes in hexadecimal"))?;
        rules.insert(Id(bytes), own);
    }
    if rules.len() == count { Ok(rules) } else { Err(D::Error::custom("an FMSPC has rules twice")) }
}

#[cfg(test)]
mod tests;
