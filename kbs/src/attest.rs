//! Evidence to a recorded decision: verified, appraised, made durable, answered.

use std::net::IpAddr;

use decision_log::{Attestation as AttestationRecord, Digest, Record};
use kbs_protocol::binding::{self, BindingError};
use kbs_protocol::{Attestation, HashAlgorithm, JsonError, KeyError, RawJson, Refusal, TeePublicKey};
use verifier::appraise::Wanted;
use verifier::evidence::Tee;
use verifier::expected::{Expect, Expected};
use verifier::result::{EncodeError, Profile, ResultContext, Session as Attested};
use verifier::time::UnixTime;
use verifier::trust::{Scope, Tier};
use verifier::verdict::{Context, Verdict, assess};

use crate::broker::{Broker, Snapshot};
use crate::init_data::{InitDataRefusal, ReadInitData};
use crate::refusals::Entry;
use crate::session::{Challenge, SessionError};
use crate::store::{Answer, Concluded, Conclusion, Session, StoreError};
use crate::token::UnusableKey;

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
    /// The key takes no secret.
    #[error("tee-pubkey: {0}")]
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
    /// The evidence may be good, and an endorsement is missing.
    #[error("{message}")]
    EndorsementMissing {
        /// What is missing.
        message: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The token cannot be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The token cannot be signed.
    #[error(transparent)]
    Sign(#[from] UnusableKey),
}

/// What the evidence must be bound to, and what is recorded of it.
struct Bound {
    expected: Expected,
    report_data: [u8; 64],
    runtime_data: RawJson,
    init_data: Option<ReadInitData>,
    host_data: Option<Vec<u8>>,
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
        return repeat(session, body);
    }
    // 3. What the hardware must have signed.
    TeePublicKey::parse(&attempt.message.runtime_data.tee_pubkey)?;
    let bound = bind(attempt).inspect_err(|error| note(broker, attempt, body, rule_of(error), now))?;
    // 4. Verification and appraisal.
    let snapshot = broker.snapshot()?;
    let verdict = judge(broker, attempt, &bound, &snapshot, now);
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
        log_decision(attempt, &verdict, None);
        return Err(AttestError::Refused(refusal(&verdict, None)));
    }
    // 6. The decision becomes durable before it is answered.
    conclude(broker, attempt, &bound, &verdict, &snapshot, now)
}

fn check_size(attempt: &Attempt) -> Result<(), AttestError> {
    let tee = attempt.challenge.tee();
    let (limit, actual) = (evidence_limit(tee), attempt.message.tee_evidence.primary_evidence.get().len());
    if actual > limit {
        return Err(AttestError::EvidenceTooLarge { tee: tee.as_str(), limit, actual });
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

fn bind(attempt: &Attempt) -> Result<Bound, AttestError> {
    let (message, challenge) = (&attempt.message, &attempt.challenge);
    let devices = message.tee_evidence.additional_evidence.as_str();
    if !devices.is_empty() {
        return Err(AttestError::Devices(device_refusal(devices)));
    }
    let runtime = &message.runtime_data;
    let input = binding::primary_input(devices, &runtime.nonce, &runtime.tee_pubkey)?;
    let report_data = binding::report_data(challenge.hash(), devices, &runtime.nonce, &runtime.tee_pubkey)?;
    let init_data = message.init_data.as_ref().map(ReadInitData::read).transpose()?;
    let host_data = init_data.as_ref().map(|read| read.host_data(challenge.tee())).transpose()?;
    let expected = Expected {
        report_data: Expect::Equals(report_data),
        host_data: host_data.clone().map_or(Expect::NotChecked, Expect::Equals),
    };
    Ok(Bound { expected, report_data, runtime_data: RawJson::parse(&input)?, init_data, host_data })
}

/// Names the device classes that came along, if the protocol has names for them.
fn device_refusal(devices: &str) -> Refusal {
    let map: Option<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(devices).ok();
    let known = map.into_iter().flatten().filter_map(|(name, _)| kbs_protocol::Tee::parse(&name).ok());
    let names: Vec<&str> = known.take(MAX_NAMED).map(kbs_protocol::Tee::as_str).collect();
    let summary = match names.as_slice() {
        [] => "device evidence of an unknown class is not verified by this broker".to_owned(),
        names => format!("device evidence of {} is not verified by this broker", names.join(", ")),
    };
    Refusal { summary, checks: vec!["devices.supported".to_owned()], decision: None }
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

fn judge(broker: &Broker, attempt: &Attempt, bound: &Bound, snapshot: &Snapshot, now: UnixTime) -> Verdict {
    let config = &broker.config;
    let context = Context {
        endorsements: &snapshot.loaded.endorsements,
        anchors: &config.anchors,
        expected: &bound.expected,
        wanted: Wanted { reference_values: &config.reference_values, expectations: &[] },
        policy: &config.appraisal,
        scope: Scope::Full,
    };
    let evidence = attempt.message.tee_evidence.primary_evidence.get().as_bytes();
    assess(evidence, Some(attempt.challenge.tee()), &context, now)
}

/// Whether the signature over the evidence chains to an anchor: then its full inputs are kept, allowed or denied.
fn anchored(verdict: &Verdict) -> bool {
    // The report data is compared after the last signature over the evidence: where that was reached, they all held.
    // Sample evidence has no signature at all.
    let compared = |id: &str| id.ends_with(".binding.report-data") && !id.starts_with("sample.");
    verdict.verified || verdict.checks.iter().any(|check| compared(check.id))
}

fn conclude(
    broker: &Broker,
    attempt: &Attempt,
    bound: &Bound,
    verdict: &Verdict,
    snapshot: &Snapshot,
    now: UnixTime,
) -> Result<String, AttestError> {
    let evidence = attempt.message.tee_evidence.primary_evidence.get().as_bytes();
    let verdict_json =
        serde_json::to_vec(verdict).map_err(|error| EncodeError { reason: error.to_string() })?;
    let init_data = attempt.message.init_data.as_ref().map(|init_data| init_data.body.as_bytes());
    let record = Record::attestation(
        now.secs(),
        concat!("vouchsafe-kbs ", env!("CARGO_PKG_VERSION")),
        AttestationRecord {
            tee: attempt.challenge.tee().as_str().to_owned(),
            evidence: Digest::of(evidence),
            runtime_data: Digest::of(bound.runtime_data.get().as_bytes()),
            init_data: init_data.map(Digest::of),
            hash: HashAlgorithm::as_str(attempt.challenge.hash()).to_owned(),
            report_data: hex::encode(bound.report_data),
            host_data: bound.host_data.as_ref().map(hex::encode),
            inputs: snapshot.inputs.digest(),
            verified: verdict.verified,
            tier: verdict.tier.as_str().to_owned(),
            failed: failed(verdict),
            verdict: Digest::of(&verdict_json),
        },
    );
    let id = record.id().to_string();
    let answer = match verdict.error {
        None => Answer::Token(token(broker, bound, verdict, snapshot, &id, now)?),
        Some(_) => Answer::Refused(refusal(verdict, Some(id.clone())).to_string()),
    };
    let mut blobs = vec![evidence, bound.runtime_data.get().as_bytes(), verdict_json.as_slice()];
    blobs.extend(init_data);
    let body = Digest::of(&attempt.body);
    let conclusion = Conclusion {
        nonce: attempt.challenge.nonce(),
        body,
        answer,
        affirming: verdict.error.is_none() && verdict.tier == Tier::Affirming,
        expires: attempt.challenge.expires(),
        record: &record,
        blobs: &blobs,
        inputs: &snapshot.inputs,
    };
    match broker.store.conclude(&conclusion)? {
        Concluded::Recorded(session) => {
            log_decision(attempt, verdict, Some(&id));
            repeat(session, body)
        }
        Concluded::SpentBefore(session) => repeat(session, body),
        Concluded::NoRoom => {
            note(broker, attempt, body, NO_ROOM, now);
            log_decision(attempt, verdict, None);
            let summary = NO_ROOM_WORDS.to_owned();
            Err(AttestError::Refused(Refusal { summary, ..refusal(verdict, None) }))
        }
    }
}

fn token(
    broker: &Broker,
    bound: &Bound,
    verdict: &Verdict,
    snapshot: &Snapshot,
    decision: &str,
    now: UnixTime,
) -> Result<String, AttestError> {
    let config = &broker.config;
    let life = i64::try_from(config.limits.token.as_secs()).unwrap_or(i64::MAX);
    let context = ResultContext {
        issuer: Some(&config.issuer),
        expires: Some(now.plus_secs(life)),
        reference_values: *snapshot.reference_values.as_bytes(),
        expectations: &[],
        session: Some(Attested {
            // The broker alone relies on its tokens; a guest that shows one elsewhere shows whom it was made for.
            audience: &config.issuer,
            runtime_data: bound.runtime_data.get(),
            init_data_claims: bound.init_data.as_ref().map(ReadInitData::claims),
            decision,
        }),
    };
    let claims = verifier::result::encode(verdict, Profile::Trustee, &context)?;
    Ok(broker.token_key.issue(&claims)?)
}

/// What the guest may know: which checks failed, and under which id the operator finds the rest.
fn refusal(verdict: &Verdict, decision: Option<String>) -> Refusal {
    let mut checks = failed(verdict);
    if checks.is_empty() {
        checks.extend(verdict.error.as_ref().map(|error| error.kind.to_owned()));
    }
    Refusal { summary: "the evidence is not believed".to_owned(), checks, decision }
}

fn failed(verdict: &Verdict) -> Vec<String> {
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
        AttestError::Binding(_) | AttestError::Key(_) => "runtime-data",
        AttestError::Json(_) | AttestError::EvidenceTooLarge { .. } => "json",
        AttestError::Session(_) | AttestError::AnotherBody => "session",
        AttestError::Refused(_) | AttestError::EndorsementMissing { .. } => "evidence",
        AttestError::Store(_) | AttestError::Encode(_) | AttestError::Sign(_) => "broker",
    }
}

/// One line per decision, with what was expected and found: for the operator alone.
fn log_decision(attempt: &Attempt, verdict: &Verdict, decision: Option<&str>) {
    let failed: Vec<String> =
        verdict.failed().filter_map(|check| serde_json::to_string(check).ok()).collect();
    tracing::info!(
        decision,
        tee = attempt.challenge.tee().as_str(),
        source = attempt.source.map(tracing::field::display),
        verified = verdict.verified,
        tier = verdict.tier.as_str(),
        rule = verdict.error.as_ref().map(|error| error.kind),
        reason = verdict.error.as_ref().map(|error| error.message.as_str()),
        failed = failed.join(" "),
        "attestation decided"
    );
}

/// What the kinds of [`verifier::error::Missing::unfitting_kind`] begin with.
const UNFITTING: &str = "unfitting-";
/// Before the list of what was given instead.
const GIVEN_INSTEAD: &str = "; given: ";
/// The rule in the ring of what was not recorded for want of room.
const NO_ROOM: &str = "limits.denied_records_mib";
const NO_ROOM_WORDS: &str =
    "the evidence is not affirmed, and the broker's room for records of such evidence is used up";
/// Device classes named in one refusal.
const MAX_NAMED: usize = 4;
