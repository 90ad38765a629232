use super::*;

fn release() -> Record {
    Record::release(
        1_775_000_000,
        "0.1.0",
        Release {
            attestation: Digest::of(b"a"),
            token: Digest::of(b"t"),
            resource: "kbs:///r/t/n".to_owned(),
            resource_policy: Digest::of(b"p"),
            tee_key: Digest::of(b"k"),
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
            attestation: Digest::of(b"a"),
            token: Digest::of(b"t"),
            resource: "kbs:///r/t/n".to_owned(),
            resource_policy: Digest::of(b"p"),
            reason: "timed-out".to_owned(),
            detail: vec!["the policy was stopped after 500 ms".to_owned()],
        },
    )
}

#[test]
fn a_record_survives_its_encoding() {
    for record in [release(), attestation(), denial()] {
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
    record.schema = "vouchsafe.decision/2".to_owned();
    assert_eq!(
        Record::decode(&record.encode()),
        Err(RecordError::Schema { actual: "vouchsafe.decision/2".to_owned() })
    );
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
