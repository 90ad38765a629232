//! A judged attestation becomes a durable decision, and then an answer.

use decision_log::{Attestation as AttestationRecord, Device as DeviceRecord, Digest, Record};
use kbs_protocol::{HashAlgorithm, Refusal};
use verifier::result::{
    Device as DeviceResult, EncodeError, Parts as Results, Profile, ResultContext, Session as Attested,
    encode_parts,
};
use verifier::time::UnixTime;
use verifier::trust::Tier;
use verifier::verdict::Verdict;

use super::appraisal::Judged;
use super::devices::Device;
use super::{Attempt, AttestError, Bound, Parts, failed, log_decision, note, refusal, repeat};
use crate::broker::{Broker, Snapshot};
use crate::init_data::ReadInitData;
use crate::store::{Answer, Concluded, Conclusion};
use crate::token::issue;

/// Records what was decided and answers it: the token, or why there is none.
pub(super) fn conclude(
    broker: &Broker,
    attempt: &Attempt,
    bound: &Bound,
    parts: &Parts,
    (snapshot, epoch): (&Snapshot, u64),
    now: UnixTime,
) -> Result<String, AttestError> {
    let evidence = attempt.message.tee_evidence.primary_evidence.get().as_bytes();
    let verdict = &parts.cpu.verdict;
    let verdict_json = json_of(verdict)?;
    let device_verdicts: Vec<Vec<u8>> =
        parts.devices.iter().map(|device| json_of(&device.verdict)).collect::<Result<_, _>>()?;
    let init_data = attempt.message.init_data.as_ref().map(|init_data| init_data.body.as_bytes());
    // The whole result is kept without the id of the record that names it; a token has of it what it has room for.
    let result = match parts.refused() {
        None => Some(result(broker, bound, parts, (snapshot, epoch), now)?),
        Some(_) => None,
    };
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
            epoch,
            reference_value: verdict.matched_reference().map(str::to_owned),
            claims: result.as_deref().map(Digest::of),
            appraisal: parts.cpu.record(),
            devices: device_records(bound, parts, &device_verdicts),
        },
    );
    let id = record.id().to_string();
    let answer = match (&result, parts.refused()) {
        (Some(result), None) => Answer::Token(issue(&*broker.token_keys.signer(now)?, result, &id)?),
        (_, refused) => Answer::Refused(refusal(refused.unwrap_or(verdict), Some(id.clone())).to_string()),
    };
    let mut blobs = vec![evidence, bound.runtime_data.get().as_bytes(), verdict_json.as_slice()];
    blobs.extend(init_data);
    for device in &bound.devices {
        blobs.extend([device.evidence.get().as_bytes(), device.runtime_data.as_bytes()]);
    }
    blobs.extend(device_verdicts.iter().map(Vec::as_slice));
    blobs.extend(std::iter::once(&parts.cpu).chain(&parts.devices).filter_map(Judged::said));
    blobs.extend(result.as_deref());
    let body = Digest::of(&attempt.body);
    let conclusion = Conclusion {
        nonce: attempt.challenge.nonce(),
        body,
        answer,
        affirming: parts.refused().is_none() && parts.tier() == Tier::Affirming,
        expires: attempt.challenge.expires(),
        record: &record,
        blobs: &blobs,
        inputs: &snapshot.inputs,
    };
    match broker.store.conclude(&conclusion)? {
        Concluded::Recorded(session) => {
            log_decision(attempt, verdict, parts.tier(), Some(&id));
            repeat(session, body)
        }
        Concluded::SpentBefore(session) => {
            broker.store.confirm()?;
            repeat(session, body)
        }
        Concluded::NoRoom => {
            note(broker, attempt, body, NO_ROOM, now);
            log_decision(attempt, verdict, parts.tier(), None);
            let summary = NO_ROOM_WORDS.to_owned();
            Err(AttestError::Refused(Refusal { summary, ..refusal(verdict, None) }))
        }
    }
}

fn json_of(verdict: &Verdict) -> Result<Vec<u8>, EncodeError> {
    serde_json::to_vec(verdict).map_err(|error| EncodeError { reason: error.to_string() })
}

fn device_records(bound: &Bound, parts: &Parts, verdicts: &[Vec<u8>]) -> Vec<DeviceRecord> {
    let judged = bound.devices.iter().zip(&parts.devices).zip(verdicts);
    let record = |((device, judged), verdict): ((&Device, &Judged), &Vec<u8>)| DeviceRecord {
        name: device.name.to_owned(),
        tee: device.tee.as_str().to_owned(),
        evidence: Digest::of(device.evidence.get().as_bytes()),
        runtime_data: Digest::of(device.runtime_data.as_bytes()),
        report_data: hex::encode(device.report_data),
        verified: judged.verdict.verified,
        tier: judged.verdict.tier.as_str().to_owned(),
        failed: failed(&judged.verdict),
        verdict: Digest::of(verdict),
        appraisal: judged.record(),
    };
    judged.map(record).collect()
}

/// The session that evidence is bound to, as the token tells of it.
pub(super) fn session_of<'a>(broker: &'a Broker, bound: &'a Bound, epoch: u64) -> Attested<'a> {
    Attested {
        // The broker alone relies on its tokens; a guest that shows one elsewhere shows whom it was made for.
        audience: &broker.config.issuer,
        runtime_data: bound.runtime_data.get(),
        init_data_claims: bound.init_data.as_ref().map(ReadInitData::claims),
        decision: None,
        epoch: Some(epoch),
    }
}

/// The whole result, as the record keeps it.
fn result(
    broker: &Broker,
    bound: &Bound,
    parts: &Parts,
    (snapshot, epoch): (&Snapshot, u64),
    now: UnixTime,
) -> Result<Vec<u8>, EncodeError> {
    let config = &broker.config;
    let life = i64::try_from(config.limits.token.as_secs()).unwrap_or(i64::MAX);
    let context = ResultContext {
        issuer: Some(&config.issuer),
        expires: Some(now.plus_secs(life)),
        reference_values: *snapshot.reference_values.as_bytes(),
        expectations: &[],
        session: Some(session_of(broker, bound, epoch)),
    };
    let judged = bound.devices.iter().zip(&parts.devices);
    let devices: Vec<DeviceResult<'_>> = judged
        .map(|(device, judged)| DeviceResult {
            name: device.name,
            verdict: &judged.verdict,
            runtime_data: &device.runtime_data,
            policy: judged.policy.as_ref(),
        })
        .collect();
    let results = Results { policy: parts.cpu.policy.as_ref(), devices: &devices };
    encode_parts(&parts.cpu.verdict, Profile::Trustee, &context, &results)
}

/// The rule in the ring of what was not recorded for want of room.
const NO_ROOM: &str = "limits.denied_records_mib";
const NO_ROOM_WORDS: &str =
    "the evidence is not affirmed, and the broker's room for records of such evidence is used up";
