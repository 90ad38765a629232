//! The body of an attestation.

use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use decision_log::Digest;
use kbs_protocol::{Attestation, HashAlgorithm, InitData, TeePublicKey};
use reference_values::ReferenceValues;
use serde_json::json;
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::endorsements::Endorsements;
use verifier::evidence::Tee;
use verifier::expected::{Expect, Expected};
use verifier::policy::Policy;
use verifier::result::{Device, Parts, Profile, ResultContext, Session, encode_parts};
use verifier::trust::Scope;
use verifier::verdict::{Context, Verdict, assess};

use super::full_store::store_over;
use super::memory::Memory;
use super::{Counter, NOW, p256_der, tokens};
use crate::attest::{Attempt, Bound, bind, check_key, check_size};
use crate::session::Challenge;
use crate::signing::SigningKey;
use crate::signing_keys::SigningKeys;
use crate::token::{OwnToken, issue};

static ANCHORS: LazyLock<Anchors> = LazyLock::new(|| Anchors::vendor().expect("the pinned roots parse"));
static SIGNING: LazyLock<(Arc<SigningKey>, SigningKeys)> = LazyLock::new(|| {
    let key = Arc::new(SigningKey::from_der(&p256_der(7)).expect("a key"));
    let store = Arc::new(store_over(Arc::new(Memory::default())));
    let keys = SigningKeys::provided(store, tokens::RULES, Arc::clone(&key), NOW);
    (key, keys)
});

/// A body, and in the place of a body the parts of one: device evidence, init-data and key, each on a line of its own after
/// a first byte that is no JSON's. Whatever is taken has room in a token, and that token holds.
pub fn attest_body(bytes: &[u8]) {
    let (how, body) = match bytes.split_first() {
        Some((how, rest)) if *how < 0x80 && *how != b'{' => (*how, parts(rest)),
        _ => (0, Some(bytes.to_vec())),
    };
    let Some(body) = body else { return };
    let Ok(message) = Attestation::parse(&body) else { return };
    let tee = [Tee::Sample, Tee::Snp, Tee::Tdx, Tee::Sgx][usize::from(how) % 4];
    let hashes = [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512, HashAlgorithm::Sm3];
    let hash = hashes[usize::from(how >> 2) % 4];
    let challenge = Challenge::new(tee, hash, NOW.plus_secs(300), &mut Counter(0));
    let attempt = Attempt { challenge, body, message, source: None };
    if check_size(&attempt).is_err() || check_key(&attempt.message.runtime_data.tee_pubkey).is_err() {
        return;
    }
    if TeePublicKey::parse(&attempt.message.runtime_data.tee_pubkey).is_err() {
        return;
    }
    let without = bind(&attempt, false).map_err(|error| error.to_string());
    let Ok(bound) = bind(&attempt, true).map_err(|error| error.to_string()) else { return };
    assert!(bound.devices.len() <= 1, "a class of devices stands twice");
    assert!(without.is_err() == !bound.devices.is_empty(), "device evidence that is not taken");
    assert!(bound.init_data.is_some() == bound.host_data.is_some());
    if tee == Tee::Sample && attempt.message.runtime_data.nonce.len() <= NONCE {
        token_of(&bound);
    }
}

/// The way of evidence that is believed, to the token and back.
fn token_of(bound: &Bound) {
    let evidence = json!({"svn": "1", "report_data": STANDARD.encode(bound.report_data)});
    let verdict = judge(&evidence.to_string(), Tee::Sample, &bound.expected);
    assert!(verdict.error.is_none() && verdict.verified, "{:?}", verdict.error);
    // Device evidence of another session is refused; here it is put right.
    let verdicts: Vec<Verdict> = bound
        .devices
        .iter()
        .map(|device| {
            let report_data = Expect::Equals(device.report_data);
            let expected = Expected { report_data, host_data: Expect::NotChecked };
            let judged = judge(device.evidence.get(), device.tee, &expected);
            if judged.error.is_none() {
                return judged;
            }
            let evidence = json!({"svn": "1", "report_data": STANDARD.encode(device.report_data)});
            judge(&evidence.to_string(), device.tee, &expected)
        })
        .collect();
    let devices: Vec<Device<'_>> = bound
        .devices
        .iter()
        .zip(&verdicts)
        .map(|(device, verdict)| Device {
            name: device.name,
            verdict,
            runtime_data: &device.runtime_data,
            policy: None,
        })
        .collect();
    let session = Session {
        audience: tokens::ISSUER,
        runtime_data: bound.runtime_data.get(),
        init_data_claims: bound.init_data.as_ref().map(|read| read.claims()),
        decision: None,
        epoch: Some(tokens::EPOCH),
    };
    let context = ResultContext {
        issuer: Some(tokens::ISSUER),
        expires: Some(NOW.plus_secs(300)),
        reference_values: [0; 32],
        expectations: &[],
        session: Some(session),
    };
    let results = Parts { policy: None, devices: &devices };
    let kept = encode_parts(&verdict, Profile::Trustee, &context, &results).expect("a result");
    let (key, keys) = &*SIGNING;
    let token = issue(key, &kept, &Digest::of(b"decision").to_string());
    let token = token.unwrap_or_else(|error| panic!("no token about what was believed: {error}"));
    let own = OwnToken::verify(keys, &token, tokens::ISSUER, tokens::EPOCH, NOW);
    let own = own.unwrap_or_else(|error| panic!("a token that does not hold: {error}"));
    assert!(own.with_result(&kept).is_ok(), "a token that is not about its record");
}

fn judge(evidence: &str, tee: Tee, expected: &Expected) -> Verdict {
    let context = Context {
        endorsements: &Endorsements::new(),
        anchors: &ANCHORS,
        expected,
        wanted: Wanted { reference_values: &ReferenceValues::default(), expectations: &[] },
        policy: &Policy { danger_accept_sample: true, ..Policy::default() },
        scope: Scope::Full,
    };
    assess(evidence.as_bytes(), Some(tee), &context, NOW)
}

/// A body of these parts.
fn parts(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut lines = str::from_utf8(bytes).ok()?.splitn(3, '\u{c}');
    let (devices, key, init_data) = (lines.next()?, lines.next()?, lines.next());
    let key = if key.is_empty() { tokens::tee_jwk().to_string() } else { key.to_owned() };
    let init_data = init_data.map(|body| InitData { format: "toml".to_owned(), body: body.to_owned() });
    // The key is put in as text: it may be JSON or not.
    let body = format!(
        r#"{{"init-data":{},"runtime-data":{{"nonce":"n","tee-pubkey":{key}}},"tee-evidence":{{"primary_evidence":{{}},"additional_evidence":{}}}}}"#,
        serde_json::to_string(&init_data).ok()?,
        serde_json::to_string(devices).ok()?,
    );
    Some(body.into_bytes())
}

/// Characters of a nonce; any other than the challenge's is refused.
const NONCE: usize = 44;
