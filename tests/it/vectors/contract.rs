//! The contract of `vectors/`: what a line says, and how it is judged from nothing else.

use std::collections::BTreeMap;

use reference_values::{ReferenceValues, parse_expectation};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::endorsements::Endorsements;
use verifier::evidence::Tee;
use verifier::expected::{Expect, Expected};
use verifier::time::UnixTime;
use verifier::trust::Scope;
use verifier::verdict::{Context, Verdict, assess};

/// One line of `cases.jsonl`; `vectors/README.md` says what each member means.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vector {
    pub(super) id: String,
    /// Names of the same case in other tests.
    pub(super) also: Vec<String>,
    /// What the case is, in words.
    pub(super) title: String,
    pub(super) at: String,
    pub(super) vendor: String,
    pub(super) tee: String,
    pub(super) form: String,
    pub(super) evidence: String,
    pub(super) endorsements: Vec<Endorsement>,
    pub(super) roots: Vec<String>,
    pub(super) report_data: Option<String>,
    pub(super) host_data: Option<String>,
    /// A file of reference values, TOML.
    pub(super) reference_values: Option<String>,
    pub(super) expectations: Vec<String>,
    pub(super) appraise: String,
    /// What differs from the production profile.
    pub(super) policy: Value,
    pub(super) expect: Outcome,
    /// Who else must refuse what is not verified.
    pub(super) scope: Option<String>,
    /// The members of `expect` that a test states.
    pub(super) stated: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Endorsement {
    pub(super) role: String,
    pub(super) name: String,
    pub(super) sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outcome {
    pub(super) verified: bool,
    pub(super) exit_code: u8,
    pub(super) tier: String,
    pub(super) hardware: i8,
    pub(super) configuration: i8,
    pub(super) executables: i8,
    pub(super) tcb_status: Option<String>,
    pub(super) tcb_date: Option<String>,
    pub(super) advisories: Vec<String>,
    /// The rule that ended the verification.
    pub(super) error: Option<String>,
    /// Every failed check, in order.
    pub(super) failed: Vec<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Blob {
    pub(super) sha256: String,
    pub(super) base64: String,
}

impl Outcome {
    pub(super) fn of(verdict: &Verdict) -> Self {
        Self {
            verified: verdict.verified,
            exit_code: verdict.exit_code(),
            tier: verdict.tier.as_str().to_owned(),
            hardware: verdict.trust_vector.hardware,
            configuration: verdict.trust_vector.configuration,
            executables: verdict.trust_vector.executables,
            tcb_status: verdict.tcb.status.map(str::to_owned),
            tcb_date: verdict.tcb.date.map(|date| date.to_string()),
            advisories: verdict.tcb.advisories.clone(),
            error: verdict.error.as_ref().map(|error| error.kind.to_owned()),
            failed: verdict.failed().map(|check| check.id.to_owned()).collect(),
        }
    }
}

impl Vector {
    /// The verdict, from nothing but what the vector and its blobs say.
    pub(super) fn judge(&self, blobs: &BTreeMap<String, Vec<u8>>) -> Verdict {
        let mut endorsements = Endorsements::new();
        for Endorsement { name, sha256, .. } in &self.endorsements {
            endorsements.add(name, &blobs[sha256]).unwrap();
        }
        let mut anchors = Anchors::vendor().unwrap();
        for (number, root) in self.roots.iter().enumerate() {
            anchors.danger_add(&format!("danger_vector_{number}"), &blobs[root]).unwrap();
        }
        let bytes = |text: &Option<String>| text.as_ref().map(|text| hex::decode(text).unwrap());
        let report_data = bytes(&self.report_data).map(|bytes| bytes.try_into().unwrap());
        let reference_values = self.reference_values.as_ref();
        let reference_values = reference_values.map(|text| ReferenceValues::parse_toml(text).unwrap());
        let expectations: Vec<_> =
            self.expectations.iter().map(|text| parse_expectation(text).unwrap()).collect();
        let context = Context {
            endorsements: &endorsements,
            anchors: &anchors,
            expected: &Expected {
                report_data: report_data.map_or(Expect::NotChecked, Expect::Equals),
                host_data: bytes(&self.host_data).map_or(Expect::NotChecked, Expect::Equals),
            },
            wanted: Wanted {
                reference_values: &reference_values.unwrap_or_default(),
                expectations: &expectations,
            },
            policy: &serde_json::from_value(self.policy.clone()).unwrap(),
            scope: if self.appraise == "hardware" { Scope::Hardware } else { Scope::Full },
        };
        let tee = self.tee.parse::<Tee>().unwrap();
        assess(&blobs[&self.evidence], Some(tee), &context, UnixTime::parse_rfc3339(&self.at).unwrap())
    }

    pub(super) fn blobs(&self) -> impl Iterator<Item = &String> {
        let files = self.endorsements.iter().map(|given| &given.sha256);
        files.chain(&self.roots).chain([&self.evidence])
    }
}
