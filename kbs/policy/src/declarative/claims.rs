//! What a rule looks at in a token: our own, and any other in the form of Trustee's.

use serde_json::{Map, Value};

use super::values::{Tee, Tier};

/// The claims of a token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claims<'a> {
    submods: Option<&'a Map<String, Value>>,
    evidence: Option<&'a Value>,
}

impl<'a> Claims<'a> {
    pub(super) fn of(claims: &'a Value) -> Self {
        let submods = claims.get("submods").and_then(Value::as_object);
        let cpu = submods.and_then(|submods| submods.get(CPU));
        Self { submods, evidence: cpu.and_then(|cpu| cpu.get(EVIDENCE)) }
    }

    /// The annotated evidence of the CPU.
    pub(super) fn evidence(&self) -> Option<&'a Value> {
        self.evidence
    }

    /// What the init-data says, where it was sent and the evidence carries its digest.
    pub(super) fn init_data(&self) -> Option<&'a Value> {
        let evidence = self.evidence?;
        let bound =
            evidence.get("init_data").and_then(Value::as_str).is_some_and(|digest| !digest.is_empty());
        evidence.get("init_data_claims").filter(|claims| bound && claims.is_object())
    }

    /// Whether every submodule is of this tier or better; the first that is not.
    pub(super) fn tier(&self, least: Tier) -> Result<(), String> {
        let Some(submods) = self.submods.filter(|submods| submods.contains_key(CPU)) else {
            return Err(CPU.to_owned());
        };
        for (name, submod) in submods {
            let status = submod.get("ear.status").and_then(Value::as_str);
            if !status.is_some_and(|status| least.is_reached_by(status)) {
                return Err(name.chars().take(NAME_CHARS).collect());
            }
        }
        Ok(())
    }

    /// Whether the evidence is of this TEE.
    pub(super) fn is_of(&self, tee: Tee) -> bool {
        self.evidence.and_then(|evidence| evidence.get(tee.as_str())).is_some_and(Value::is_object)
    }

    /// Whether any submodule is of simulated or sample hardware. What is not told by its form counts as such.
    pub(super) fn may_be_simulated(&self) -> bool {
        self.submods.is_none_or(|submods| submods.values().any(is_simulated))
    }
}

/// Whether any part of a result is of simulated or sample hardware. What is not told by its form counts as such.
pub fn may_be_simulated(claims: &Value) -> bool {
    Claims::of(claims).may_be_simulated()
}

fn is_simulated(submod: &Value) -> bool {
    let Some(evidence) = submod.get(EVIDENCE).and_then(Value::as_object) else { return true };
    let sample = SAMPLES.iter().any(|name| evidence.contains_key(*name));
    let root = submod.get("ear.vouchsafe").and_then(|ours| ours.get("danger_root"));
    sample || root.is_some_and(|root| !root.is_null())
}

const CPU: &str = "cpu0";
const EVIDENCE: &str = "ear.veraison.annotated-evidence";
/// Members of the evidence under which Trustee and we put what proves nothing.
const SAMPLES: [&str; 2] = ["sample", "sampledevice"];
/// Characters of a submodule's name in a denial.
const NAME_CHARS: usize = 64;
