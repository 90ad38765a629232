//! The verifier for WebAssembly hosts: browsers, Node, edge workers, and every runtime that loads a module.
//!
//! The module imports nothing: no clock, no randomness, no network. A host writes a JSON [`Request`] into its memory, calls
//! `vouchsafe_verify` and reads the answer: the verdict as `vouchsafe verify --json` prints it (`vouchsafe.verify/1`), or
//! `{"error": "…"}` where the request itself is wrong. `vouchsafe.mjs` does that for JavaScript.

mod abi;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reference_values::{ReferenceValues, parse_expectation};
use serde::Deserialize;
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::endorsements::Endorsements;
use verifier::evidence::Tee;
use verifier::expected::{Expect, Expected};
use verifier::policy::Policy;
use verifier::time::UnixTime;
use verifier::trust::Scope;
use verifier::verdict::{Context, Verdict, assess};

/// What a host asks; names and defaults are those of `vouchsafe verify`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The evidence, base64.
    evidence: String,
    /// `snp`, `tdx` or `sgx`; without it the form of the bytes chooses the parser.
    tee: Option<String>,
    /// What vendors say of it.
    #[serde(default)]
    endorsements: Vec<Given>,
    /// The instant of verification, RFC 3339. The module has no clock.
    at: String,
    /// What the tier is asked of.
    #[serde(default)]
    appraise: Appraise,
    /// What must be equal, each as `name=HEX`: `report-data`, `host-data`, `launch-digest`, `mr-td`, `rtmr1` and so on.
    #[serde(default)]
    expect: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    name: String,
    /// Base64.
    content: String,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Appraise {
    Hardware,
    #[default]
    Full,
}

/// Why a request cannot be judged.
#[derive(Debug, thiserror::Error)]
enum RequestError {
    #[error("the request is not of its form: {0}")]
    Form(#[from] serde_json::Error),
    #[error("{what} is not base64")]
    Base64 { what: String },
    #[error("{what}: {reason}")]
    Value { what: String, reason: String },
}

/// Judges one request; a pure function of its bytes.
pub fn verify_json(request: &[u8]) -> Vec<u8> {
    let answer = judge(request).and_then(|verdict| Ok(serde_json::to_vec(&verdict)?));
    answer.unwrap_or_else(|error| serde_json::json!({"error": error.to_string()}).to_string().into_bytes())
}

fn judge(request: &[u8]) -> Result<Verdict, RequestError> {
    let request: Request = serde_json::from_slice(request)?;
    let evidence = decode("the evidence", &request.evidence)?;
    let tee = request.tee.as_deref().map(str::parse::<Tee>).transpose();
    let tee = tee.map_err(|error| value("tee", &error))?;
    let at = UnixTime::parse_rfc3339(&request.at).map_err(|error| value("at", &error))?;
    let mut endorsements = Endorsements::new();
    for given in &request.endorsements {
        let content = decode(&given.name, &given.content)?;
        endorsements.add(&given.name, &content).map_err(|error| value(&given.name, &error))?;
    }
    let (expected, expectations) = asked(&request.expect)?;
    let context = Context {
        endorsements: &endorsements,
        anchors: &Anchors::vendor().map_err(|error| value("the pinned roots", &error))?,
        expected: &expected,
        wanted: Wanted { reference_values: &ReferenceValues::default(), expectations: &expectations },
        policy: &Policy::default(),
        scope: match request.appraise {
            Appraise::Hardware => Scope::Hardware,
            Appraise::Full => Scope::Full,
        },
    };
    Ok(assess(&evidence, tee, &context, at))
}

type Expectations = Vec<(reference_values::Key, reference_values::Value)>;

/// Bindings, and what is compared in the appraisal.
fn asked(expect: &[String]) -> Result<(Expected, Expectations), RequestError> {
    let (mut expected, mut others) = (Expected::nothing(), Vec::new());
    for text in expect {
        match text.split_once('=') {
            Some(("report-data", digits)) if expected.report_data == Expect::NotChecked => {
                let bytes = hex::decode(digits).ok().and_then(|bytes| bytes.try_into().ok());
                let bytes =
                    bytes.ok_or_else(|| value("report-data", &"128 hexadecimal digits are wanted"))?;
                expected.report_data = Expect::Equals(bytes);
            }
            Some(("host-data", digits)) if expected.host_data == Expect::NotChecked => {
                let bytes = hex::decode(digits).map_err(|error| value("host-data", &error))?;
                expected.host_data = Expect::Equals(bytes);
            }
            Some((name @ ("report-data" | "host-data"), _)) => return Err(value(name, &"it stands twice")),
            _ => others.push(parse_expectation(text).map_err(|error| value(text, &error))?),
        }
    }
    Ok((expected, others))
}

fn decode(what: &str, text: &str) -> Result<Vec<u8>, RequestError> {
    STANDARD.decode(text).map_err(|_| RequestError::Base64 { what: what.to_owned() })
}

fn value(what: &str, reason: &impl ToString) -> RequestError {
    RequestError::Value { what: what.to_owned(), reason: reason.to_string() }
}
