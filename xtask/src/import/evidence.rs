//! The index of evidence: what each folder holds and what it must verify to.

use anyhow::{Context, bail};
use serde_json::{Map, Value};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::manifest::Verdict;
use super::sources::Sources;

/// The TEEs whose evidence is imported, by the first part of a folder's path.
const TEES: &[&str] = &["snp", "tdx", "sgx"];

/// The folder of event logs, each of which belongs to a quote.
const EVENT_LOGS: &str = "tdx-eventlog";

/// Members of the index that tell where files lay in the source folder; the manifest tells it instead.
const OF_THE_SOURCE: &[&str] = &["source", "kind", "vek_files", "vek_kind", "collateral_kind"];

/// Without collateral a quote is verified this long after its PCK certificate was issued.
const WITHOUT_COLLATERAL: Duration = Duration::days(30);

/// One folder of evidence.
pub(crate) struct Evidence {
    /// Path of the folder: `snp/snp-120d77b213-milan-v2-vcek`.
    pub(crate) dir: String,
    facts: Map<String, Value>,
}

impl Evidence {
    /// The entries of `index.json` of the imported TEEs.
    pub(crate) fn read_index(sources: &Sources) -> anyhow::Result<Vec<Self>> {
        Self::read(sources, is_imported)
    }

    /// The entries of `index.json` of event logs.
    pub(crate) fn read_event_logs(sources: &Sources) -> anyhow::Result<Vec<Self>> {
        Self::read(sources, |dir| dir.split('/').next() == Some(EVENT_LOGS))
    }

    /// What an event log is for.
    ///
    /// # Errors
    /// The index does not state its quote.
    pub(crate) fn log_of(&self) -> anyhow::Result<String> {
        Ok(format!("the event log of {}: {}", self.text("quote")?, self.text("expected")?))
    }

    fn read(sources: &Sources, wanted: impl Fn(&str) -> bool) -> anyhow::Result<Vec<Self>> {
        let entries: Vec<Map<String, Value>> = sources.json("index.json")?;
        let mut evidence = Vec::new();
        for facts in entries {
            let dir = facts.get("dir").and_then(Value::as_str).context("an entry without dir")?.to_owned();
            if wanted(&dir) {
                evidence.push(Self { dir, facts });
            }
        }
        Ok(evidence)
    }

    /// When the file at `path` takes part in a verification, and what that must come to.
    ///
    /// # Errors
    /// A fact that the index should state is absent.
    pub(crate) fn verdicts_of(&self, path: &str) -> anyhow::Result<Vec<Verdict>> {
        let expected = self.text("expected")?;
        let cases = self.facts.get("cases").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if cases.is_empty() {
            return Ok(vec![Verdict {
                at: self.instant()?,
                expected: expected.to_owned(),
                tcb_status: None,
            }]);
        }
        let mut verdicts = Vec::new();
        for case in cases {
            let member = |name| {
                case.get(name).and_then(Value::as_str).with_context(|| format!("a case without {name}"))
            };
            let folder = format!("{}/{}/", self.dir, member("collateral")?);
            let of_a_collateral_set = path.starts_with(&format!("{}/collateral-", self.dir));
            if of_a_collateral_set && !path.starts_with(&folder) {
                continue;
            }
            let (at, merged) = (member("at")?.to_owned(), member("merged")?.to_owned());
            verdicts.push(Verdict { at, expected: expected.to_owned(), tcb_status: Some(merged) });
        }
        Ok(verdicts)
    }

    /// The instant of an entry without cases.
    fn instant(&self) -> anyhow::Result<String> {
        if let Some(at) = self.facts.get("at").and_then(Value::as_str) {
            return Ok(at.to_owned());
        }
        let issued =
            OffsetDateTime::parse(self.text("pck_not_before")?, &Rfc3339).context("pck_not_before")?;
        let at = issued.checked_add(WITHOUT_COLLATERAL).context("pck_not_before is too late")?;
        Ok(at.format(&Rfc3339)?)
    }

    fn text(&self, name: &str) -> anyhow::Result<&str> {
        self.facts.get(name).and_then(Value::as_str).with_context(|| format!("{}: no {name}", self.dir))
    }
}

/// The index as it is committed: without the source's own paths, and with an instant for every entry.
pub(crate) fn as_committed(evidence: &[Evidence]) -> Vec<Value> {
    evidence.iter().map(|entry| without_source(&Value::Object(entry.facts.clone()))).collect()
}

/// The negatives of the imported TEEs.
///
/// # Errors
/// A negative without `dir`.
pub(crate) fn negatives(sources: &Sources) -> anyhow::Result<Vec<Value>> {
    let all: Vec<Value> = sources.json("negatives.json")?;
    let mut imported = Vec::new();
    for negative in all {
        let Some(dir) = negative.get("dir").and_then(Value::as_str) else { bail!("a negative without dir") };
        if is_imported(dir) {
            imported.push(negative);
        }
    }
    Ok(imported)
}

fn is_imported(dir: &str) -> bool {
    dir.split('/').next().is_some_and(|tee| TEES.contains(&tee))
}

fn without_source(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, _)| !OF_THE_SOURCE.contains(&name.as_str()));
            Value::Object(kept.map(|(name, member)| (name.clone(), without_source(member))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_source).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
