//! Evidence to a recorded decision: verified, appraised, made durable, answered.

use std::net::IpAddr;

use decision_log::Digest;
use kbs_protocol::binding::{self, BindingError};
use kbs_protocol::{Attestation, JsonError, KeyError, RawJson, Refusal, TeePublicKey};
use verifier::appraise::Wanted;
use verifier::evidence::Tee;
use verifier::expected::{Expect, Expected};
use verifier::result::{EncodeError, Session as Attested};
use verifier::time::UnixTime;
use verifier::trust::{Scope, Tier};
use verifier::verdict::{Context, Verdict, assess};

use crate::broker::{Broker, Snapshot};
use crate::init_data::{InitDataRefusal, LEVELS, ReadInitData, levels};
use crate::inputs::InputsError;
use crate::refusals::Entry;
use crate::session::{Challenge, SessionError};
use crate::signing::UnusableKey;
use crate::store::{Answer, Session, StoreError};
use crate::token::IssueError;

pub(crate) mod appraisal;
mod conclude;
pub(crate) mod devices;

use appraisal::{AppraisalError, Judged};
use conclude::{conclude, session_of};
use devices::{Device, DeviceError};

/// One request to be attested.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// The challenge that its cookie carries.
    pub challenge: Challenge,
    /// The body.
    pub body: Vec<u8>,
    /// Its content, parsed.
    pub message: Attestation,
    /// Where it came from.
    pub source: Option<IpAddr>,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttestError {
    /// The body is not an attestation.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The evidence is larger than any of its kind.
    #[error("primary_evidence has {actual} bytes; evidence of {tee} has at most {limit}")]
    EvidenceTooLarge {
        /// The TEE.
        tee: &'static str,
        /// The most bytes of JSON.
        limit: usize,
        /// The bytes that came.
        actual: usize,
    },
    /// The message answers another challenge.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The nonce was spent on another body.
    #[error("the nonce of this session is spent: begin with /auth")]
    AnotherBody,
    /// The key nests deeper than a result can carry it.
    #[error("tee-pubkey: nested {actual} levels deep, at most {limit} are taken")]
    KeyDepth {
        /// The most levels.
        limit: usize,
        /// The levels that came.
        actual: usize,
    },
    /// The key takes no secret.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The runtime data has no digest.
    #[error("runtime-data: {0}")]
    Binding(#[from] BindingError),
    /// The init-data cannot be used.
    #[error(transparent)]
    InitData(#[from] InitDataRefusal),
    /// Device evidence came along, and none is verified by this version.
    #[error("{0}")]
    Devices(Refusal),
    /// The evidence is not believed.
    #[error("{0}")]
    Refused(Refusal),
    /// The operator's attestation policy says nothing usable of the evidence; why stands in the log.
    #[error("the attestation policy of this broker cannot judge this evidence")]
    Appraisal(#[from] AppraisalError),
    /// The evidence may be good, and an endorsement is missing.
    #[error("{message}")]
    EndorsementMissing {
        /// What is missing.
        message: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The files of this broker are not those in force.
    #[error(transparent)]
    Inputs(InputsError),
    /// The result cannot be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The token cannot be issued.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// No key signs.
    #[error(transparent)]
    Sign(#[from] UnusableKey),
}

impl From<InputsError> for AttestError {
    fn from(error: InputsError) -> Self {
        match error {
            InputsError::Store(error) => Self::Store(error),
            error @ InputsError::NotInForce { .. } => Self::Inputs(error),
        }
    }
}

/// What the evidence must be bound to, and what is recorded of it.
pub(crate) struct Bound {
    pub devices: Vec<Device>,
    pub expected: Expected,
    pub report_data: [u8; 64],
    pub runtime_data: RawJson,
    pub init_data: Option<ReadInitData>,
    pub host_data: Option<Vec<u8>>,
}

/// Judges the evidence and makes the decision durable; the token, or why there is none. Blocks.
pub(crate) fn attest(broker: &Broker, attempt: &Attempt, now: UnixTime) -> Result<String, AttestError> {
    // 1. The evidence is no larger than evidence is, and the message answers this session's challenge.
    check_size(attempt)?;
    let nonce = attempt.challenge.nonce();
    if attempt.message.runtime_data.nonce != nonce.text() {
        return Err(SessionError::OtherNonce.into());
    }
    // 2. A nonce that was decided on gets its recorded answer, for the same body alone.
    let body = Digest::of(&attempt.body);
    if let Some(session) = broker.store.session(&nonce, now)? {
        broker.store.confirm()?;
        return repeat(session, body);
    }
    // 3. What the hardware must have signed.
    check_key(&attempt.message.runtime_data.tee_pubkey)?;
    TeePublicKey::parse(&attempt.message.runtime_data.tee_pubkey)?;
    let bound = bind(attempt, broker.config.appraisal.danger_accept_sample)
        .inspect_err(|error| note(broker, attempt, body, rule_of(error), now))?;
    // 4. Verification and appraisal.
    let (snapshot, settings) = broker.standing(now)?;
    let evidence = attempt.message.tee_evidence.primary_evidence.get();
    let verdict = judge(broker, evidence, attempt.challenge.tee(), &bound.expected, &snapshot, now);
    if let Some(message) = missing_endorsement(&verdict) {
        note(broker, attempt, body, rule_of_verdict(&verdict), now);
        tracing::info!(
            tee = attempt.challenge.tee().as_str(),
            missing = verdict.error.as_ref().map(|error| error.message.as_str()),
            "an endorsement is missing"
        );
        return Err(AttestError::EndorsementMissing { message });
    }
    // 5. What no anchor vouches for leaves no record.
    if !anchored(&verdict) {
        note(broker, attempt, body, rule_of_verdict(&verdict), now);
        log_decision(attempt, &verdict, verdict.tier, None);
        return Err(AttestError::Refused(refusal(&verdict, None)));
    }
    // 6. What the operator's policies say of it, and what the devices show.
    let epoch = settings.epoch();
    let parts =
        judge_parts(broker, attempt, &bound, verdict, (&snapshot, epoch), now).inspect_err(|error| {
            note(broker, attempt, body, rule_of(error), now);
            tracing::error!(%error, "an attestation policy cannot be used");
        })?;
    // 7. The decision becomes durable before it is answered.
    conclude(broker, attempt, &bound, &parts, (&snapshot, epoch), now)
}

/// The CPU's evidence and the devices', judged.
struct Parts {
    cpu: Judged,
    devices: Vec<Judged>,
}

impl Parts {
    /// The verdict on what gets no token, the CPU's before the devices'.
    fn refused(&self) -> Option<&Verdict> {
        let verdicts = std::iter::once(&self.cpu).chain(&self.devices).map(|part| &part.verdict);
        verdicts.into_iter().find(|verdict| !gets_token(verdict))
    }

    /// The worst tier of all parts.
    fn tier(&self) -> Tier {
        self.devices.iter().map(Judged::tier).fold(self.cpu.tier(), Tier::worse)
    }
}

/// Devices are looked at beside evidence that is believed alone.
fn judge_parts(
    broker: &Broker,
    attempt: &Attempt,
    bound: &Bound,
    verdict: Verdict,
    (snapshot, epoch): (&Snapshot, u64),
    now: UnixTime,
) -> Result<Parts, AttestError> {
    let believed = verdict.error.is_none();
    let session = session_of(broker, bound, epoch);
    let cpu = Judged::new(verdict, "cpu", &session, &snapshot.uploaded, now)?;
    let mut devices = Vec::new();
    for device in bound.devices.iter().filter(|_| believed) {
        let expected =
            Expected { report_data: Expect::Equals(device.report_data), host_data: Expect::NotChecked };
        let verdict = judge(broker, device.evidence.get(), device.tee, &expected, snapshot, now);
        let session = Attested { runtime_data: &device.runtime_data, init_data_claims: None, ..session };
        devices.push(Judged::new(verdict, device.class, &session, &snapshot.uploaded, now)?);
    }
    let tee = attempt.challenge.tee().as_str();
    tracing::debug!(tee, devices = devices.len(), "judged");
    Ok(Parts { cpu, devices })
}

pub(crate) fn check_size(attempt: &Attempt) -> Result<(), AttestError> {
    let tee = attempt.challenge.tee();
    let (limit, actual) = (evidence_limit(tee), attempt.message.tee_evidence.primary_evidence.get().len());
    if actual > limit {
        return Err(AttestError::EvidenceTooLarge { tee: tee.as_str(), limit, actual });
    }
    Ok(())
}

/// The key stands in the token twice, as it came: members that nobody reads must not fill it.
pub(crate) fn check_key(key: &RawJson) -> Result<(), AttestError> {
    let actual = levels(&key.read("tee-pubkey", KEY_LIMIT)?);
    if actual > LEVELS {
        return Err(AttestError::KeyDepth { limit: LEVELS, actual });
    }
    Ok(())
}

/// The most bytes that evidence has in JSON. It is recorded as it came, with whatever members nobody reads.
const fn evidence_limit(tee: Tee) -> usize {
    match tee {
        // A report of 1184 bytes and the host's certificates, every byte a number of up to three digits and a comma.
        Tee::Snp => 256 << 10,
        // A quote and an event log in base64: the largest area that firmware reserves for a log is 1 MiB.
        Tee::Tdx => 1536 << 10,
        // A quote in base64.
        Tee::Sgx => 128 << 10,
        // A digest in base64.
        Tee::Sample => 4 << 10,
        // No configuration takes these.
        _ => 0,
    }
}

fn repeat(session: Session, body: Digest) -> Result<String, AttestError> {
    if session.body != body {
        return Err(AttestError::AnotherBody);
    }
    match session.answer {
        Answer::Token(token) => Ok(token),
        Answer::Refused(detail) => Err(AttestError::Refused(Refusal::parse(&detail))),
    }
}

pub(crate) fn bind(attempt: &Attempt, accept_sample: bool) -> Result<Bound, AttestError> {
    let (message, challenge) = (&attempt.message, &attempt.challenge);
    let (text, runtime) = (message.tee_evidence.additional_evidence.as_str(), &message.runtime_data);
    let devices =
        devices::read(text, runtime, challenge.hash(), accept_sample).map_err(|error| match error {
            DeviceError::Refused(refusal) => AttestError::Devices(refusal),
            DeviceError::Binding(error) => error.into(),
        })?;
    let input = binding::primary_input(text, &runtime.nonce, &runtime.tee_pubkey)?;
    let report_data = binding::report_data(challenge.hash(), text, &runtime.nonce, &runtime.tee_pubkey)?;
    let init_data = message.init_data.as_ref().map(ReadInitData::read).transpose()?;
    let host_data = init_data.as_ref().map(|read| read.host_data(challenge.tee())).transpose()?;
    let expected = Expected {
        report_data: Expect::Equals(report_data),
        host_data: host_data.clone().map_or(Expect::NotChecked, Expect::Equals),
    };
    Ok(Bound { devices, expected, report_data, runtime_data: RawJson::parse(&input)?, init_data, host_data })
}

/// Which endorsement the folder lacks, in words for the guest. A folder that serves a fleet holds the endorsements of
/// other machines: that none of them fits means no more than that there are none, and which they are is the
/// operator's business.
fn missing_endorsement(verdict: &Verdict) -> Option<String> {
    let error = verdict.error.as_ref()?;
    if !verdict.endorsement_missing() && !error.kind.starts_with(UNFITTING) {
        return None;
    }
    let message = error.message.split(GIVEN_INSTEAD).next().unwrap_or_default();
    Some(message.to_owned())
}

fn judge(
    broker: &Broker,
    evidence: &str,
    tee: Tee,
    expected: &Expected,
    snapshot: &Snapshot,
    now: UnixTime,
) -> Verdict {
    let config = &broker.config;
    let context = Context {
        endorsements: &snapshot.loaded.endorsements,
        anchors: &config.anchors,
        expected,
        wanted: Wanted { reference_values: &config.reference_values, expectations: &[] },
        policy: &snapshot.appraisal,
        scope: Scope::Full,
    };
    assess(evidence.as_bytes(), Some(tee), &context, now)
}

/// Whether the signature over the evidence chains to an anchor: then its full inputs are kept, allowed or denied.
fn anchored(verdict: &Verdict) -> bool {
    // The report data is compared after the last signature over the evidence: where that was reached, they all held.
    // Sample evidence has no signature at all.
    let compared = |id: &str| id.ends_with(".binding.report-data") && !id.starts_with("sample.");
    verdict.verified || verdict.checks.iter().any(|check| compared(check.id))
}

/// What the guest may know: which checks failed, and under which id the operator finds the rest.
fn refusal(verdict: &Verdict, decision: Option<String>) -> Refusal {
    let mut checks = failed(verdict);
    if checks.is_empty() {
        checks.extend(verdict.error.as_ref().map(|error| error.kind.to_owned()));
    }
    let withdrawn = verdict.error.is_none() && verdict.withdrawn();
    let summary = if withdrawn { WITHDRAWN } else { "the evidence is not believed" };
    Refusal { summary: summary.to_owned(), checks, decision }
}

/// Whether a token may be made of it: evidence that is believed, of nothing that the operator has withdrawn. Whatever a
/// token of a withdrawn machine said of it, somebody's resource policy would not ask.
pub(crate) fn gets_token(verdict: &Verdict) -> bool {
    verdict.error.is_none() && !verdict.withdrawn()
}

/// The checks that failed, each once, in order.
pub(crate) fn failed(verdict: &Verdict) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for check in verdict.failed() {
        if !ids.iter().any(|id| id == check.id) {
            ids.push(check.id.to_owned());
        }
    }
    ids
}

fn note(broker: &Broker, attempt: &Attempt, body: Digest, rule: &'static str, now: UnixTime) {
    let entry = Entry { at: now, rule, body, size: attempt.body.len(), source: attempt.source };
    broker.refusals.note(entry);
}

fn rule_of_verdict(verdict: &Verdict) -> &'static str {
    verdict.error.as_ref().map_or("unverified", |error| error.kind)
}

fn rule_of(error: &AttestError) -> &'static str {
    match error {
        AttestError::Devices(_) => "devices.supported",
        AttestError::InitData(_) => "init-data",
        AttestError::Binding(_) | AttestError::Key(_) | AttestError::KeyDepth { .. } => "runtime-data",
        AttestError::Json(_) | AttestError::EvidenceTooLarge { .. } => "json",
        AttestError::Session(_) | AttestError::AnotherBody => "session",
        AttestError::Refused(_) | AttestError::EndorsementMissing { .. } => "evidence",
        AttestError::Appraisal(_) => "attestation-policy",
        AttestError::Store(_)
        | AttestError::Inputs(_)
        | AttestError::Encode(_)
        | AttestError::Issue(_)
        | AttestError::Sign(_) => "broker",
    }
}

/// One line per decision, with what was expected and found: for the operator alone.
fn log_decision(attempt: &Attempt, verdict: &Verdict, tier: Tier, decision: Option<&str>) {
    let failed: Vec<String> =
        verdict.failed().filter_map(|check| serde_json::to_string(check).ok()).collect();
    tracing::info!(
        decision,
        tee = attempt.challenge.tee().as_str(),
        source = attempt.source.map(tracing::field::display),
        verified = verdict.verified,
        tier = tier.as_str(),
        rule = verdict.error.as_ref().map(|error| error.kind),
        reason = verdict.error.as_ref().map(|error| error.message.as_str()),
        failed = failed.join(" "),
        "attestation decided"
    );
}

/// Bytes of a `tee-pubkey`: the largest, of ML-KEM-768, has about 1650.
const KEY_LIMIT: usize = 2048;
/// What the kinds of [`verifier::error::Missing::unfitting_kind`] begin with.
const UNFITTING: &str = "unfitting-";
/// To a guest whose machine or image was revoked.
const WITHDRAWN: &str = "the operator of this broker has revoked the machine or the image";
/// Before the list of what was given instead.
const GIVEN_INSTEAD: &str = "; given: ";
