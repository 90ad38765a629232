use super::*;

fn release() -> Record {
    Record::release(
        1_775_000_000,
        "0.1.0",
        Release {
            attestation: Some(Digest::of(b"a")),
            foreign_issuer: None,
            epoch: 7,
            token: Digest::of(b"t"),
            resource: "kbs:///r/t/n".to_owned(),
            version: Some(3),
            answer: Some(Digest::of(b"answer")),
            resource_policy: Digest::of(b"p"),
            tee_key: Digest::of(b"k"),
            method: "GET".to_owned(),
            query: [("part".to_owned(), "1".to_owned())].into(),
            rule: "data.policy.allow".to_owned(),
        },
    )
}

fn attestation() -> Record {
    Record::attestation(
        1_775_000_000,
        "0.1.0",
        Attestation {
            tee: "snp".to_owned(),
            evidence: Digest::of(b"evidence"),
            runtime_data: Digest::of(b"runtime"),
            init_data: None,
            hash: "sha384".to_owned(),
            report_data: "00".repeat(64),
            host_data: None,
            inputs: Digest::of(b"inputs"),
            verified: true,
            tier: "affirming".to_owned(),
            failed: vec![],
            verdict: Digest::of(b"verdict"),
            epoch: 7,
            reference_value: Some("model-server 1.0".to_owned()),
            claims: Some(Digest::of(b"claims")),
            appraisal: None,
            devices: vec![],
        },
    )
}

fn denial() -> Record {
    Record::denial(
        1_775_000_000,
        "0.1.0",
        Denial {
            attestation: Some(Digest::of(b"a")),
            foreign_issuer: None,
            epoch: 7,
            token: Digest::of(b"t"),
            resource: "kbs:///r/t/n".to_owned(),
            resource_policy: Digest::of(b"p"),
            reason: "timed-out".to_owned(),
            detail: vec!["the policy was stopped after 500 ms".to_owned()],
            method: "GET".to_owned(),
            query: [].into(),
        },
    )
}

fn federation() -> Record {
    Record::federation(
        1_775_000_000,
        "0.1.0",
        Federation {
            attestation: Digest::of(b"a"),
            epoch: 7,
            token: Digest::of(b"t"),
            issued: Digest::of(b"i"),
            id: "00".repeat(16),
            subject: "tenant:default:workload:model-server 1.0".to_owned(),
            audience: "sts.amazonaws.com".to_owned(),
            expires: 1_775_000_300,
            key: "k".to_owned(),
        },
    )
}

/// A release for the token of a foreign issuer.
fn foreign_release() -> Record {
    let mut record = release();
    if let Body::Release(release) = &mut record.decision {
        release.attestation = None;
        release.foreign_issuer = Some("trustee".to_owned());
    }
    record
}

#[test]
fn a_record_survives_its_encoding() {
    for record in [release(), foreign_release(), attestation(), denial(), federation()] {
        assert_eq!(Record::decode(&record.encode()), Ok(record));
    }
}

#[test]
fn rejects_another_encoding_of_the_same_record() {
    let mut bytes = release().encode();
    bytes.push(b'\n');
    assert_eq!(Record::decode(&bytes), Err(RecordError::NotCanonical));
}

#[test]
fn rejects_another_schema() {
    let mut record = release();
    record.schema = "vouchsafe.decision/1".to_owned();
    assert_eq!(
        Record::decode(&record.encode()),
        Err(RecordError::Schema { actual: "vouchsafe.decision/1".to_owned() })
    );
}

#[test]
fn a_set_of_inputs_is_read_in_its_one_encoding_alone_and_names_everything() {
    let named = |name: &str| Named { name: name.to_owned(), content: Digest::of(name.as_bytes()) };
    let set = InputSet {
        policy: Digest::of(b"p"),
        reference_values: vec![named("r")],
        endorsements: vec![named("e"), named("f")],
        danger_roots: vec![named("d")],
        attestation_policies: vec![named("a")],
        policy_reference_values: vec![named("v")],
    };
    assert_eq!(InputSet::decode(&set.encode()), Ok(set.clone()));
    let mut padded = set.encode();
    padded.push(b' ');
    assert_eq!(InputSet::decode(&padded), Err(RecordError::NotCanonical));
    let wanted = [
        ("policy", "p"),
        ("reference-values", "r"),
        ("endorsement", "e"),
        ("endorsement", "f"),
        ("danger-root", "d"),
        ("attestation-policy", "a"),
        ("policy-reference-values", "v"),
    ];
    assert_eq!(set.contents(), wanted.map(|(what, content)| (what, Digest::of(content.as_bytes()))));
}

#[test]
fn a_record_names_all_that_is_kept_of_it_and_no_token() {
    let names = |record: Record| -> Vec<&str> { record.contents().iter().map(|(what, _)| *what).collect() };
    assert_eq!(names(attestation()), ["evidence", "runtime-data", INPUTS, "verdict", "claims"]);
    assert_eq!(names(release()), ["resource-policy", "tee-key", ATTESTATION]);
    // No attestation of ours stands behind the token of a foreign issuer: it is kept itself.
    assert_eq!(names(foreign_release()), ["resource-policy", "tee-key", "token"]);
    assert_eq!(names(denial()), ["resource-policy", ATTESTATION]);
    assert_eq!(names(federation()), [ATTESTATION]);
    let mut with_device = attestation();
    let Body::Attestation(attested) = &mut with_device.decision else { panic!("no attestation") };
    let said = |text: &[u8]| Appraisal {
        id: "default_cpu".to_owned(),
        policy: Digest::of(b"policy"),
        said: Digest::of(text),
        tier: "affirming".to_owned(),
    };
    attested.appraisal = Some(said(b"cpu"));
    attested.devices = vec![Device {
        name: "gpu0".to_owned(),
        tee: "sampledevice".to_owned(),
        evidence: Digest::of(b"e"),
        runtime_data: Digest::of(b"r"),
        report_data: String::new(),
        verified: true,
        tier: "none".to_owned(),
        failed: vec![],
        verdict: Digest::of(b"v"),
        appraisal: Some(said(b"gpu")),
    }];
    let parts = ["attestation-policy", "appraisal"];
    let device = ["device-evidence", "device-runtime-data", "device-verdict"];
    let wanted =
        [&["evidence", "runtime-data", INPUTS, "verdict", "claims"][..], &parts, &device, &parts].concat();
    assert_eq!(names(with_device), wanted);
    assert_eq!((attestation().rests_on(), denial().rests_on()), (None, Some(Digest::of(b"a"))));
    assert_eq!((attestation().resource(), release().resource()), (None, Some("kbs:///r/t/n")));
}

#[test]
fn rejects_an_unknown_member() {
    let text = String::from_utf8(release().encode()).unwrap();
    let text = text.replacen("{\"schema\"", "{\"note\":1,\"schema\"", 1);
    let Err(RecordError::Form(reason)) = Record::decode(text.as_bytes()) else {
        panic!("a record with an unknown member was read");
    };
    assert!(reason.starts_with("unknown field `note`"), "{reason}");
}

#[test]
fn a_digest_is_read_in_lower_case_only() {
    let text = Digest::of(b"").to_string();
    assert_eq!(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(text.parse(), Ok(Digest::of(b"")));
    assert_eq!(text.to_uppercase().parse::<Digest>(), Err(crate::NotADigest));
    assert_eq!(text.get(1..).unwrap().parse::<Digest>(), Err(crate::NotADigest));
}
