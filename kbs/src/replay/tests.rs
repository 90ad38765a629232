use super::*;

fn compared(what: &str, recorded: &str, replayed: &str) -> Compared {
    Compared { what: what.to_owned(), recorded: recorded.to_owned(), replayed: replayed.to_owned() }
}

fn differing(recorded: &str, replayed: &str, versions: [&str; 2]) -> Vec<Compared> {
    let mut comparison = Comparison::between(versions[0], versions[1]);
    comparison.json("verdict", recorded.as_bytes(), replayed.as_bytes(), "/verifier/version");
    let (compared, _) = comparison.finish();
    compared.into_iter().filter(|compared| compared.recorded != compared.replayed).skip(1).collect()
}

const SAME: [&str; 2] = ["v 1", "v 1"];
const OTHER: [&str; 2] = ["v 1", "v 2"];

#[test]
fn what_differs_is_listed_by_its_path() {
    let found = differing(
        r#"{"tier":"none","checks":[{"id":"a"},{"id":"b"}],"tcb":{"status":null}}"#,
        r#"{"tier":"none","checks":[{"id":"a"},{"id":"c"},1],"tcb":{}}"#,
        SAME,
    );
    let wanted = [
        compared("verdict.checks[1].id", "\"b\"", "\"c\""),
        compared("verdict.checks[2]", "absent", "1"),
        compared("verdict.tcb.status", "null", "absent"),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn the_same_content_in_another_order_is_another_verdict_of_the_same_version() {
    let mut comparison = Comparison::between("v", "v");
    comparison.json("verdict", br#"{"a":1,"b":2}"#, br#"{"b":2,"a":1}"#, "/verifier/version");
    assert_eq!(comparison.finish().0.iter().filter(|one| one.recorded != one.replayed).count(), 1);
}

#[test]
fn the_version_may_be_another_where_another_version_decided_and_nothing_else_may() {
    let text =
        |version: &str, tier: &str| format!(r#"{{"tier":"{tier}","verifier":{{"version":"{version}"}}}}"#);
    let mut comparison = Comparison::between("v 1", "v 2");
    comparison.json("verdict", text("1", "a").as_bytes(), text("2", "a").as_bytes(), "/verifier/version");
    let (found, warnings) = comparison.finish();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].recorded, found[0].replayed);
    assert_eq!(warnings, [r#"decided by "v 1", and made again by "v 2""#]);

    let tier = compared("verdict.tier", "\"a\"", "\"b\"");
    assert_eq!(differing(&text("1", "a"), &text("2", "b"), OTHER), [tier]);
    // The same version does not call itself by another name.
    let version = compared("verdict.verifier.version", "\"1\"", "\"2\"");
    assert_eq!(differing(&text("1", "a"), &text("2", "a"), SAME), [version]);
}

#[test]
fn what_differs_beyond_what_is_shown_still_differs() {
    let mut comparison = Comparison::between("v", "v");
    let long = "x".repeat(1000);
    comparison.text("tier", &format!("{long}a"), &format!("{long}b"));
    let (found, _) = comparison.finish();
    assert_ne!(found[0].recorded, found[0].replayed);
    assert!(found[0].replayed.len() < 300);
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let release = decision_log::Release {
        attestation: Some(Digest::of(b"a")),
        foreign_issuer: None,
        epoch: 0,
        token: Digest::of(b"t"),
        resource: "kbs:///r/t/n".to_owned(),
        version: Some(1),
        answer: Some(Digest::of(b"answer")),
        resource_policy: Digest::of(b"p"),
        tee_key: Digest::of(b"k"),
        method: "GET".to_owned(),
        query: [].into(),
        rule: "r".to_owned(),
    };
    let record = Record::release(1, "v", release).encode();
    let only = |digest: &Digest| (*digest == Digest::of(b"p")).then(|| b"p".to_vec());
    let missing = [("attestation", b"a"), ("tee-key", b"k")];
    let missing = missing.map(|(what, content)| Missing { what, digest: Digest::of(content) });
    assert_eq!(replay(&record, only), Err(ReplayError::Missing(missing.to_vec())));
}

#[test]
fn a_content_is_held_to_the_digest_it_is_named_by_and_to_its_form() {
    let record = |attestation: &[u8]| {
        let denial = decision_log::Denial {
            attestation: Some(Digest::of(attestation)),
            foreign_issuer: None,
            epoch: 0,
            token: Digest::of(b"t"),
            resource: "kbs:///r/t/n".to_owned(),
            resource_policy: Digest::of(b"p"),
            reason: "not-allowed".to_owned(),
            detail: vec![],
            method: "GET".to_owned(),
            query: [].into(),
        };
        Record::denial(1, "v", denial).encode()
    };
    let (expected, actual) = (Digest::of(b"a"), Digest::of(b"another"));
    let found = replay(&record(b"a"), |_| Some(b"another".to_vec()));
    assert_eq!(found, Err(ReplayError::Content { what: "attestation", expected, actual }));
    // A denial rests on an attestation, and on nothing that rests on something else.
    let inner = record(b"a");
    let named = [inner.clone(), b"p".to_vec()];
    let find = |digest: &Digest| named.iter().find(|content| Digest::of(content) == *digest).cloned();
    let reason = "not the record of an attestation".to_owned();
    let refused = ReplayError::Form { what: "attestation", digest: Digest::of(&inner), reason };
    assert_eq!(replay(&record(&inner), find), Err(refused));
}

#[test]
fn what_is_no_record_is_refused() {
    let Err(ReplayError::Record(RecordError::Form(_))) = replay(b"{}", |_| None) else {
        panic!("an object without members was read as a record");
    };
}
