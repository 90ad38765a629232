//! Files and options to the values that the verifier takes.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use endorsements::Loaded;
use reference_values::{Key, ReferenceValues, Value, parse_expectation};
use verifier::error::ParseError;
use verifier::evidence::{EvidenceInput, Tee};
use verifier::expected::{Expect, Expected};
use verifier::policy::{Policy, RevocationRule};
use verifier::time::UnixTime;

use crate::args::{Revocation, VerifyArgs};
use crate::system;

/// The evidence file's bytes.
pub(crate) fn evidence(path: &Path) -> anyhow::Result<Vec<u8>> {
    system::read(path, MAX_FILE)
}

/// The evidence, with the event log that was kept apart from it, or why there is none.
///
/// # Errors
/// A file that cannot be read, and two event logs: one of them would have to be passed over.
pub(crate) fn decoded(
    args: &VerifyArgs,
    tee: Option<Tee>,
) -> anyhow::Result<Result<EvidenceInput, ParseError>> {
    let input = EvidenceInput::decode(&evidence(&args.evidence)?, tee);
    let Some(path) = &args.event_log else { return Ok(input) };
    let log = system::read(path, MAX_FILE)?;
    match input.and_then(|input| input.with_event_log(log)) {
        Err(twice @ ParseError::EventLogTwice) => Err(twice).context("--event-log"),
        other => Ok(other),
    }
}

/// The endorsements of all paths; without any, an empty set.
pub(crate) fn endorsements(paths: &[PathBuf]) -> anyhow::Result<Loaded> {
    let loaded = endorsements::load(paths).context("cannot read the endorsements")?;
    for skipped in &loaded.skipped {
        eprintln!("vouchsafe: passed over {}: {}", skipped.name, skipped.reason);
    }
    Ok(loaded)
}

/// The named TEE, if one was named.
pub(crate) fn tee(name: Option<&str>) -> anyhow::Result<Option<Tee>> {
    let tee: Option<Tee> = name.map(str::parse).transpose().context("--tee")?;
    match tee {
        Some(Tee::Sample | Tee::SampleDevice) => {
            bail!("--tee: sample evidence proves nothing and has no verdict")
        }
        other => Ok(other),
    }
}

/// The instant of verification.
pub(crate) fn instant(at: Option<&str>) -> anyhow::Result<UnixTime> {
    match at {
        Some(text) => UnixTime::parse_rfc3339(text).context("--at"),
        None => system::now(),
    }
}

/// The policy file's policy, or the production profile; `--revocation` overrides either.
pub(crate) fn policy(args: &VerifyArgs) -> anyhow::Result<Policy> {
    let mut policy = policy_file(args.policy.as_deref())?;
    match args.revocation {
        Some(Revocation::Required) => policy.revocation = RevocationRule::Required,
        Some(Revocation::IfAvailable) => policy.revocation = RevocationRule::IfAvailable,
        None => {}
    }
    Ok(policy)
}

/// The policy file's policy, or the production profile.
pub(crate) fn policy_file(path: Option<&Path>) -> anyhow::Result<Policy> {
    let Some(path) = path else { return Ok(Policy::default()) };
    let text = system::read_text(path, MAX_FILE)?;
    toml::from_str(&text).with_context(|| format!("--policy {}", path.display()))
}

/// What the evidence is compared with.
pub(crate) struct Asked {
    /// The bindings.
    pub(crate) expected: Expected,
    /// The entries of all files: alternatives.
    pub(crate) reference_values: ReferenceValues,
    /// Every other `--expect`: all must match.
    pub(crate) expectations: Vec<(Key, Value)>,
}

/// Reads the reference values and sorts the expectations into bindings and values.
pub(crate) fn asked(args: &VerifyArgs) -> anyhow::Result<Asked> {
    let mut reference_values = ReferenceValues::default();
    for path in &args.reference_values {
        let text = system::read_text(path, MAX_FILE)?;
        let file = ReferenceValues::parse_toml(&text).and_then(|set| reference_values.merge(set));
        reference_values = file.with_context(|| format!("--reference-values {}", path.display()))?;
    }
    let mut expected = Expected::nothing();
    let mut expectations = Vec::new();
    for text in &args.expect {
        match parse_expectation(text).with_context(|| format!("--expect {text}"))? {
            (Key::ReportData, Value::Bytes(bytes)) => {
                let data = bytes.try_into().ok().context("--expect report-data: 64 bytes")?;
                once(&mut expected.report_data, data, "report-data")?;
            }
            (Key::HostData, Value::Bytes(bytes)) => once(&mut expected.host_data, bytes, "host-data")?,
            other => expectations.push(other),
        }
    }
    Ok(Asked { expected, reference_values, expectations })
}

/// A binding has one value: asked twice, no evidence could meet both, and dropping either would ask for less.
fn once<T>(place: &mut Expect<T>, value: T, key: &str) -> anyhow::Result<()> {
    match std::mem::replace(place, Expect::Equals(value)) {
        Expect::NotChecked => Ok(()),
        Expect::Equals(_) => bail!("--expect {key}: given more than once"),
    }
}

/// Evidence, policies and reference values are far smaller; the verifier has its own limits beneath this one.
const MAX_FILE: u64 = 0x100_0000;
