//! What a token is made of besides the verdict on the CPU: device evidence, and the operator's attestation policy.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::*;

/// Claims that executables are approved where the sample's digest is a reference value, and nothing of the rest.
const BY_DIGEST: &str = "package policy\nimport rego.v1\ndefault executables := 33\n\
    executables := 3 if input.sample.launch_digest in query_reference_value(\"launch_digest\")\n\
    trust_claims := {\"executables\": executables, \"hardware\": 2, \"configuration\": 2}\n\
    extensions := [{\"name\": \"ear.test\", \"key\": -1, \"value\": input.sample.svn}]\n";

impl Bench {
    async fn set(&self, path: &str, body: Value) {
        let uri = format!("/kbs/v0/{path}");
        let request = TestRequest::post().uri(&uri).insert_header(bearer(&self.admin_token()));
        assert_eq!(self.send(request.set_payload(body.to_string())).await.status, StatusCode::OK, "{path}");
    }

    async fn set_policy(&self, id: &str, text: &str) {
        let policy = URL_SAFE_NO_PAD.encode(text);
        self.set("attestation-policy", json!({"type": "rego", "policy_id": id, "policy": policy})).await;
    }

    async fn set_values(&self, values: &Value) {
        let payload = STANDARD.encode(values.to_string());
        self.set("reference-value", json!({"version": "0.1.0", "type": "sample", "payload": payload})).await;
    }

    /// Attests with sample evidence and this device evidence; `bound` is what the device says it is bound to.
    async fn attest_with(&self, bound: impl Fn(&str, &RawJson) -> Vec<u8>) -> Answer {
        let (cookie, nonce) = self.auth().await;
        let key = new_key().public().to_json().unwrap();
        let evidence = json!({"svn": "2", "report_data": STANDARD.encode(bound(&nonce, &key))});
        let devices = json!({"sampledevice": evidence}).to_string();
        let mut message = message(&nonce, &key, &key);
        let digest = binding::primary_digest(HashAlgorithm::Sha384, &devices, &nonce, &key).unwrap();
        let evidence = json!({"svn": "1", "report_data": STANDARD.encode(digest.as_bytes())});
        message.tee_evidence =
            TeeEvidence { primary_evidence: RawJson::of(&evidence).unwrap(), additional_evidence: devices };
        self.attest(&cookie, bytes(&message)).await
    }

    async fn token_claims(&self) -> Value {
        let (cookie, nonce) = self.auth().await;
        claims(&self.attest(&cookie, good(&nonce, &new_key())).await.token())
    }

    fn record(&self, claims: &Value) -> decision_log::Attestation {
        let id = claims["submods"]["cpu0"]["ear.vouchsafe"]["decision"].as_str().unwrap();
        let record = self.broker.store.record(&id.parse().unwrap()).unwrap().unwrap();
        let Body::Attestation(attestation) = Record::decode(&record).unwrap().decision else {
            panic!("{id}")
        };
        *attestation
    }

    fn blob(&self, digest: Digest) -> Vec<u8> {
        self.broker.store.blob(&digest).unwrap().unwrap()
    }
}

fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

fn device_digest(nonce: &str, key: &RawJson) -> Vec<u8> {
    binding::device_digest(HashAlgorithm::Sha384, nonce, key).unwrap().as_bytes().to_vec()
}

#[actix_web::test]
async fn a_sample_device_is_a_contraindicated_submodule_and_on_record() {
    let bench = Bench::new("device", ALLOW_ALL);
    let claims = claims(&bench.attest_with(device_digest).await.token());
    let gpu = &claims["submods"]["gpu0"];
    assert_eq!(gpu["ear.status"], "contraindicated");
    let evidence = &gpu["ear.veraison.annotated-evidence"];
    assert_eq!(evidence["sampledevice"]["svn"], "2");
    assert_eq!(evidence["runtime_data_claims"].as_object().unwrap().len(), 2);
    let record = bench.record(&claims);
    let [device] = record.devices.as_slice() else { panic!("{:?}", record.devices) };
    assert_eq!((device.name.as_str(), device.tee.as_str()), ("gpu0", "sampledevice"));
    assert_eq!((device.verified, device.tier.as_str()), (true, "contraindicated"));
    assert_eq!(device.failed, ["appraise.sample"]);
    let verdict: Value = serde_json::from_slice(&bench.blob(device.verdict)).unwrap();
    assert_eq!(verdict["tee"], "sampledevice");
    assert!(bench.blob(device.evidence).starts_with(b"{\"report_data\":"));
    assert!(bench.blob(device.runtime_data).starts_with(b"{\"nonce\":"));
}

#[actix_web::test]
async fn device_evidence_that_is_bound_to_something_else_ends_the_attestation() {
    let bench = Bench::new("device-binding", ALLOW_ALL);
    // What the CPU's report covers is not what a device's does.
    let as_primary = |nonce: &str, key: &RawJson| {
        binding::primary_digest(HashAlgorithm::Sha384, "", nonce, key).unwrap().as_bytes().to_vec()
    };
    let of_other = |_: &str, key: &RawJson| device_digest("another", key);
    let short = |nonce: &str, key: &RawJson| device_digest(nonce, key)[..47].to_vec();
    for answer in [
        bench.attest_with(as_primary).await,
        bench.attest_with(of_other).await,
        bench.attest_with(short).await,
        bench.attest_with(|_, _| Vec::new()).await,
    ] {
        let (status, kind, detail) = answer.error();
        assert_eq!((status, kind.as_str()), (401, "AttestationError"));
        assert_eq!(Refusal::parse(&detail).checks, ["sample.binding.report-data"]);
    }
}

#[actix_web::test]
async fn an_attestation_policy_speaks_of_executables_by_uploaded_reference_values_and_never_lifts_a_sample() {
    let bench = Bench::new("appraisal", ALLOW_ALL);
    let vector = |claims: &Value| claims["submods"]["cpu0"]["ear.trustworthiness-vector"].clone();
    let without = bench.token_claims().await;
    assert_eq!((&vector(&without)["executables"], &vector(&without)["hardware"]), (&json!(0), &json!(96)));
    assert_eq!(bench.record(&without).appraisal, None);
    bench.set_policy("default_cpu", BY_DIGEST).await;
    // No reference value yet: the policy does not recognise it.
    let unknown = bench.token_claims().await;
    assert_eq!(vector(&unknown)["executables"], 33);
    bench.set_values(&json!({"launch_digest": ["abcde"]})).await;
    let known = bench.token_claims().await;
    let cpu = &known["submods"]["cpu0"];
    assert_eq!(vector(&known)["executables"], 3);
    assert_eq!((&vector(&known)["hardware"], &cpu["ear.status"]), (&json!(96), &json!("contraindicated")));
    assert_eq!(cpu["ear.test"], "1");
    // Both the policy and the values that it asked are inputs of the decision.
    let record = bench.record(&known);
    let appraisal = record.appraisal.unwrap();
    let digest = Digest::of(BY_DIGEST.as_bytes());
    assert_eq!((appraisal.id.as_str(), appraisal.policy), ("default_cpu", digest));
    assert_eq!(appraisal.tier, "contraindicated");
    let said: Value = serde_json::from_slice(&bench.blob(appraisal.said)).unwrap();
    assert_eq!(said["trust_claims"]["executables"], 3);
    let inputs: decision_log::InputSet = serde_json::from_slice(&bench.blob(record.inputs)).unwrap();
    assert_eq!(inputs.attestation_policies.len(), 1);
    assert_eq!(bench.blob(inputs.attestation_policies[0].content), BY_DIGEST.as_bytes());
    assert_eq!(bench.blob(inputs.policy_reference_values[0].content), br#"{"launch_digest":["abcde"]}"#);
    assert_ne!(bench.record(&unknown).inputs, record.inputs);
}

#[actix_web::test]
async fn a_device_has_the_policy_of_its_own_class() {
    let bench = Bench::new("appraisal-gpu", ALLOW_ALL);
    let gpu = "package policy\ntrust_claims := {\"executables\": 33, \"hardware\": 97}\n";
    bench.set_policy("default_gpu", gpu).await;
    let claims = claims(&bench.attest_with(device_digest).await.token());
    let executables =
        |name: &str| claims["submods"][name]["ear.trustworthiness-vector"]["executables"].clone();
    assert_eq!((executables("cpu0"), executables("gpu0")), (json!(0), json!(33)));
    // Both are contraindicated: what our own verifier said stands.
    assert_eq!(claims["submods"]["gpu0"]["ear.trustworthiness-vector"]["hardware"], 96);
    let appraisal = bench.record(&claims).devices[0].appraisal.clone().unwrap();
    assert_eq!(appraisal.id, "default_gpu");
}

#[actix_web::test]
async fn a_policy_that_says_nothing_usable_gives_no_token_and_leaves_the_nonce() {
    let bench = Bench::new("appraisal-broken", ALLOW_ALL);
    for broken in [
        "package policy\ntrust_claims := {\"hardwear\": 2}",
        "package policy\ntrust_claims := {\"hardware\": 1000}",
        "package policy\ntrust_claims := 2",
        "package policy\nimport rego.v1\ntrust_claims := {\"hardware\": 2}\n\
         extensions := [{\"name\": \"x\", \"key\": 1, \"value\": numbers.range(1, 9000)}]",
    ] {
        bench.set_policy("default_cpu", broken).await;
        let (cookie, nonce) = bench.auth().await;
        let body = good(&nonce, &new_key());
        let answer = bench.attest(&cookie, body.clone()).await;
        let (status, kind, detail) = answer.error();
        assert_eq!((status, kind.as_str()), (401, "AttestationError"), "{broken}");
        assert_eq!(detail, "the attestation policy of this broker cannot judge this evidence");
        assert_eq!(bench.broker.refusals.summary().newest.last().unwrap().rule, "attestation-policy");
        bench.set_policy("default_cpu", BY_DIGEST).await;
        bench.attest(&cookie, body).await.token();
    }
}
