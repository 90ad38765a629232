//! The records and their one encoding.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The form of a record, written into each.
pub const SCHEMA: &str = "vouchsafe.decision/2";

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The instant of the decision, in seconds since 1970-01-01T00:00:00Z.
    pub at: i64,
    /// The version of the verifier and broker that decided.
    pub software: String,
    /// What was decided.
    pub decision: Body,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Body {
    /// Evidence was judged.
    Attestation(Box<Attestation>),
    /// A secret was released.
    Release(Release),
    /// A secret was asked for, with a token that holds, and the resource policy did not allow it.
    Denial(Denial),
    /// A token for a cloud's identity service was issued.
    Federation(Federation),
}

/// Evidence was judged: every input by its content, and the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// The TEE that the guest named.
    pub tee: String,
    /// The evidence as it came.
    pub evidence: Digest,
    /// The runtime data (nonce, key, device evidence) in the form that was hashed into the report data.
    pub runtime_data: Digest,
    /// The init-data text, when the guest sent one.
    pub init_data: Option<Digest>,
    /// The hash algorithm of the runtime data.
    pub hash: String,
    /// The report data that was expected: 64 bytes in hexadecimal.
    pub report_data: String,
    /// The host data that was expected, in hexadecimal, when init-data was sent.
    pub host_data: Option<String>,
    /// Everything that came from the operator and not from the guest.
    pub inputs: Digest,
    /// Whether the evidence is genuine and bound to this session.
    pub verified: bool,
    /// The tier: `affirming`, `warning`, `contraindicated` or `none`.
    pub tier: String,
    /// The checks that failed, by id.
    pub failed: Vec<String>,
    /// The whole verdict as JSON.
    pub verdict: Digest,
    /// The epoch of the settings under which it was judged.
    pub epoch: u64,
    /// The entry of the reference values that the evidence matches as a whole, where one does.
    pub reference_value: Option<String>,
    /// The whole claims set of the result, without this record's id; a token has of it what it has room for. None where
    /// the evidence is not believed: then there is no token.
    pub claims: Option<Digest>,
    /// What the operator's attestation policy said of the same evidence, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appraisal: Option<Appraisal>,
    /// The devices whose evidence came along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<Device>,
}

/// The answer of an attestation policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Appraisal {
    /// The id under which it was asked.
    pub id: String,
    /// Its text; the inputs name it too, with the reference values that it could ask for.
    pub policy: Digest,
    /// Its answer as JSON.
    pub said: Digest,
    /// The tier of its claims joined with ours: the one that the token has.
    pub tier: String,
}

/// The evidence of one device, judged beside the CPU's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// The submodule of the token.
    pub name: String,
    /// The kind of evidence.
    pub tee: String,
    /// The evidence as it came.
    pub evidence: Digest,
    /// The runtime data (nonce, key) in the form that was hashed into its report data.
    pub runtime_data: Digest,
    /// The report data that was expected: 64 bytes in hexadecimal.
    pub report_data: String,
    /// Whether the evidence is bound to this session, and as genuine as its kind can be.
    pub verified: bool,
    /// The tier.
    pub tier: String,
    /// The checks that failed, by id.
    pub failed: Vec<String>,
    /// The whole verdict as JSON.
    pub verdict: Digest,
    /// What the operator's attestation policy said of it, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appraisal: Option<Appraisal>,
}

/// A secret left the broker, sealed to a key that the evidence covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The id of the attestation that the token came from; none where a foreign issuer judged the evidence.
    pub attestation: Option<Digest>,
    /// The configured name of the foreign issuer of the token; none where the token is this broker's.
    pub foreign_issuer: Option<String>,
    /// The epoch of the settings under which this was decided.
    pub epoch: u64,
    /// The token that was shown: of this broker's the SHA-256 of its signing input (RFC 7515, section 2), so that all signatures
    /// that hold for it have one name; of a foreign issuer's that of the whole, which is kept.
    pub token: Digest,
    /// What was asked for, as `kbs:///repository/type/tag`.
    pub resource: String,
    /// Which version of the secret left; none for what has no versions, and in records of before versions were recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The answer that left, sealed: the SHA-256 of its body. It is not kept. None in records of before it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Digest>,
    /// The text of the policy that allowed it.
    pub resource_policy: Digest,
    /// The key that the secret was sealed to, as JSON.
    pub tee_key: Digest,
    /// The method of the request.
    pub method: String,
    /// The query of the request.
    pub query: BTreeMap<String, String>,
    /// The rule that allowed it.
    pub rule: String,
}

/// A secret stayed in the broker: the resource policy did not allow it, or was stopped before it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Denial {
    /// The id of the attestation that the token came from; none where a foreign issuer judged the evidence.
    pub attestation: Option<Digest>,
    /// The configured name of the foreign issuer of the token; none where the token is this broker's.
    pub foreign_issuer: Option<String>,
    /// The epoch of the settings under which this was decided.
    pub epoch: u64,
    /// The token that was shown: of this broker's the SHA-256 of its signing input (RFC 7515, section 2), so that all signatures
    /// that hold for it have one name; of a foreign issuer's that of the whole, which is kept.
    pub token: Digest,
    /// What was asked for, as `kbs:///repository/type/tag`.
    pub resource: String,
    /// The text of the policy that did not allow it.
    pub resource_policy: Digest,
    /// Why, in one word: `not-allowed`, `timed-out`, …
    pub reason: String,
    /// What more there is to say, in lines of a bounded number and length.
    pub detail: Vec<String>,
    /// The method of the request.
    pub method: String,
    /// The query of the request.
    pub query: BTreeMap<String, String>,
}

/// A token for a cloud's identity service left the broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Federation {
    /// The id of the attestation that the shown token came from.
    pub attestation: Digest,
    /// The epoch of the settings under which this was decided.
    pub epoch: u64,
    /// The token that was shown: the SHA-256 of its signing input.
    pub token: Digest,
    /// The token that was issued.
    pub issued: Digest,
    /// Its `jti`.
    pub id: String,
    /// Its `sub`.
    pub subject: String,
    /// Its `aud`.
    pub audience: String,
    /// Its `exp`.
    pub expires: i64,
    /// The `kid` of the key that signed it.
    pub key: String,
}

/// The operator's inputs of a decision; one set serves all decisions made under it, and is stored once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSet {
    /// The appraisal policy as JSON, with every default written out.
    pub policy: Digest,
    /// The reference values as read.
    pub reference_values: Vec<Named>,
    /// The endorsements that were at hand, by name, in the order in which they were read.
    pub endorsements: Vec<Named>,
    /// The roots trusted beside the vendors' own.
    pub danger_roots: Vec<Named>,
    /// The uploaded attestation policies, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attestation_policies: Vec<Named>,
    /// The uploaded reference values that those may ask for, as one JSON object; at most one, and none without a policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policy_reference_values: Vec<Named>,
}

/// A named input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The name under which it was given, such as a file name.
    pub name: String,
    /// Its content.
    pub content: Digest,
}

/// The bytes are not a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not JSON of this form.
    #[error("not a decision record: {0}")]
    Form(String),
    /// Another version of the form.
    #[error("record schema: expected {SCHEMA}, found {actual:?}")]
    Schema {
        /// What the record says.
        actual: String,
    },
    /// The same content has another, canonical, encoding.
    #[error("not the canonical encoding")]
    NotCanonical,
}

impl Record {
    /// A record of evidence judged at `at` (seconds since 1970) by `software`.
    pub fn attestation(at: i64, software: &str, attestation: Attestation) -> Self {
        Self::new(at, software, Body::Attestation(Box::new(attestation)))
    }

    /// A record of a release at `at` (seconds since 1970) by `software`.
    pub fn release(at: i64, software: &str, release: Release) -> Self {
        Self::new(at, software, Body::Release(release))
    }

    /// A record of a denial at `at` (seconds since 1970) by `software`.
    pub fn denial(at: i64, software: &str, denial: Denial) -> Self {
        Self::new(at, software, Body::Denial(denial))
    }

    /// A record of a federation token issued at `at` (seconds since 1970) by `software`.
    pub fn federation(at: i64, software: &str, federation: Federation) -> Self {
        Self::new(at, software, Body::Federation(federation))
    }

    /// The one encoding: compact JSON, members in the order of the types.
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// The id of the decision: the SHA-256 of its encoding.
    pub fn id(&self) -> Digest {
        Digest::of(&self.encode())
    }

    /// Reads a record; only the encoding that [`Record::encode`] writes is read.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let record: Self =
            serde_json::from_slice(bytes).map_err(|error| RecordError::Form(error.to_string()))?;
        if record.schema != SCHEMA {
            return Err(RecordError::Schema { actual: record.schema });
        }
        if record.encode() != bytes {
            return Err(RecordError::NotCanonical);
        }
        Ok(record)
    }

    /// Everything that it names whose content is kept, and what each is called. A token of this broker's is named by its
    /// digest alone: whoever reads records must not be able to use it.
    pub fn contents(&self) -> Vec<(&'static str, Digest)> {
        match &self.decision {
            Body::Attestation(attestation) => {
                let mut contents = vec![
                    ("evidence", attestation.evidence),
                    ("runtime-data", attestation.runtime_data),
                    (INPUTS, attestation.inputs),
                    ("verdict", attestation.verdict),
                ];
                contents.extend(attestation.init_data.map(|digest| ("init-data", digest)));
                contents.extend(attestation.claims.map(|digest| ("claims", digest)));
                contents.extend(attestation.appraisal.iter().flat_map(Appraisal::contents));
                contents.extend(attestation.devices.iter().flat_map(Device::contents));
                contents
            }
            Body::Release(Release { foreign_issuer, token, resource_policy, tee_key, .. }) => {
                let mut contents = vec![("resource-policy", *resource_policy), ("tee-key", *tee_key)];
                contents.extend(foreign_issuer.iter().map(|_| ("token", *token)));
                contents.extend(self.rests_on().map(|digest| (ATTESTATION, digest)));
                contents
            }
            Body::Denial(Denial { foreign_issuer, token, resource_policy, .. }) => {
                let mut contents = vec![("resource-policy", *resource_policy)];
                contents.extend(foreign_issuer.iter().map(|_| ("token", *token)));
                contents.extend(self.rests_on().map(|digest| (ATTESTATION, digest)));
                contents
            }
            Body::Federation(federation) => vec![(ATTESTATION, federation.attestation)],
        }
    }

    /// The attestation that a release, a denial or a token for a cloud rests on.
    pub fn rests_on(&self) -> Option<Digest> {
        match &self.decision {
            Body::Attestation(_) => None,
            Body::Release(release) => release.attestation,
            Body::Denial(denial) => denial.attestation,
            Body::Federation(federation) => Some(federation.attestation),
        }
    }

    /// What was asked for, as `kbs:///repository/type/tag`.
    pub fn resource(&self) -> Option<&str> {
        match &self.decision {
            Body::Attestation(_) | Body::Federation(_) => None,
            Body::Release(release) => Some(&release.resource),
            Body::Denial(denial) => Some(&denial.resource),
        }
    }

    fn new(at: i64, software: &str, decision: Body) -> Self {
        Self { schema: SCHEMA.to_owned(), at, software: software.to_owned(), decision }
    }
}

impl Appraisal {
    fn contents(&self) -> [(&'static str, Digest); 2] {
        [("attestation-policy", self.policy), ("appraisal", self.said)]
    }
}

impl Device {
    fn contents(&self) -> Vec<(&'static str, Digest)> {
        let own = [
            ("device-evidence", self.evidence),
            ("device-runtime-data", self.runtime_data),
            ("device-verdict", self.verdict),
        ];
        own.into_iter().chain(self.appraisal.iter().flat_map(Appraisal::contents)).collect()
    }
}

impl InputSet {
    /// The one encoding: compact JSON, members in the order of the type.
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a set; only the encoding that [`InputSet::encode`] writes is read.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let set: Self =
            serde_json::from_slice(bytes).map_err(|error| RecordError::Form(error.to_string()))?;
        if set.encode() != bytes {
            return Err(RecordError::NotCanonical);
        }
        Ok(set)
    }

    /// Everything that it names.
    pub fn contents(&self) -> Vec<(&'static str, Digest)> {
        let mut contents = vec![("policy", self.policy)];
        for (what, named) in [
            ("reference-values", &self.reference_values),
            ("endorsement", &self.endorsements),
            ("danger-root", &self.danger_roots),
            ("attestation-policy", &self.attestation_policies),
            ("policy-reference-values", &self.policy_reference_values),
        ] {
            contents.extend(named.iter().map(|named| (what, named.content)));
        }
        contents
    }
}

fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // Safe: these types hold strings, numbers, booleans and lists; none of them can fail to be written.
    serde_json::to_vec(value).unwrap_or_default()
}

/// What [`Record::contents`] calls the operator's inputs: an [`InputSet`], which names more.
pub const INPUTS: &str = "inputs";
/// What [`Record::contents`] calls the record of an attestation, which names more.
pub const ATTESTATION: &str = "attestation";

#[cfg(test)]
mod tests;
