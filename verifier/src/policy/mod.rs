//! The appraisal policy as data. Its default is the production profile. What switches a check off is called `danger_…`;
//! a laxer value of a rule (a lower floor, a longer list) is the operator's choice, and the verdict echoes it.

mod deny;
mod intel;
mod sgx;
mod snp;
mod snp_values;
mod tdx;
mod value;

use serde::{Deserialize, Serialize};

pub use deny::DenyPolicy;
pub(crate) use intel::TcbRules;
pub use intel::{FmspcRules, TcbPolicy};
pub use sgx::{EnclaveFlag, SgxPolicy};
pub use snp::{PerProduct, SnpFloor, SnpFloors, SnpPolicy};
pub use snp_values::{AbiVersion, AdvisoryError, AdvisoryName, Bits};
pub use tdx::{TdAttribute, TdxPolicy};
pub use value::{Id, Mask, Masked};

/// What the appraisal asks of evidence that was verified.
///
/// Unknown keys are refused, missing keys keep the production profile's values, and the verdict echoes the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Whether a CRL is demanded wherever the vendor publishes one.
    pub revocation: RevocationRule,
    /// Demand that the guest's init-data was sent and found in the register that the host fills at launch (HOST_DATA,
    /// MRCONFIGID, CONFIGID).
    pub require_init_data: bool,
    /// Intel's platforms and their TCB statuses (TDX, SGX).
    pub tcb: TcbPolicy,
    /// SEV-SNP.
    pub snp: SnpPolicy,
    /// TDX.
    pub tdx: TdxPolicy,
    /// SGX.
    pub sgx: SgxPolicy,
    /// What the operator has withdrawn by name.
    #[serde(skip_serializing_if = "DenyPolicy::is_empty")]
    pub deny: DenyPolicy,
    /// Judge evidence under a simulated root as if its root were a vendor's.
    pub danger_accept_simulated: bool,
    /// Read CoCo's `sample` evidence, which proves nothing; its result stays contraindicated.
    pub danger_accept_sample: bool,
}

impl Policy {
    /// The `danger_` keys that are set, by their paths (`snp.danger_allow_debug`): found by name, so that none is forgotten.
    pub fn dangers(&self) -> Vec<String> {
        let mut found = Vec::new();
        // Safe: plain data always has a JSON form.
        walk("", &serde_json::to_value(self).unwrap_or_default(), &mut found);
        found
    }
}

fn walk(path: &str, tree: &serde_json::Value, found: &mut Vec<String>) {
    for (name, value) in tree.as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let set = value.as_bool() == Some(true) || value.as_array().is_some_and(|list| !list.is_empty());
        if name.starts_with("danger_") && set {
            found.push(path.clone());
        }
        walk(&path, value, found);
    }
}

/// What becomes of a CRL that is absent, stale, not yet valid or without a next update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RevocationRule {
    /// The hardware is not affirmed without it.
    #[default]
    Required,
    /// It is shown as not checked.
    IfAvailable,
}
