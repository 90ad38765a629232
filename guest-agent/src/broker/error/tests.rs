use super::*;

fn answer(status: u16, body: &str) -> Answer {
    Answer { status, retry_after: None, cookies: Vec::new(), body: body.as_bytes().to_vec() }
}

fn error_body(kind: ErrorKind, detail: &str) -> String {
    serde_json::to_string(&ErrorInformation::new(kind, detail)).unwrap()
}

/// How an answer is sorted: the variant's name, and the text that people see.
fn sorted(step: Step, status: u16, body: &str) -> (&'static str, String) {
    let error = expect_ok(step, answer(status, body)).unwrap_err();
    let name = match &error {
        BrokerError::Refused(_) => "refused",
        BrokerError::NotFound(_) => "not found",
        BrokerError::Failed(_) => "failed",
        other => panic!("{other}"),
    };
    (name, error.to_string())
}

#[test]
fn an_answer_of_status_200_goes_on() {
    assert_eq!(expect_ok(Step::Auth, answer(200, "x")).unwrap(), answer(200, "x"));
}

#[test]
fn a_refusal_names_its_checks_and_its_decision() {
    let detail = "the evidence was refused [checks: snp.policy.debug, snp.tcb.floor] [decision: 01hzy]";
    assert_eq!(
        sorted(Step::Attest, 401, &error_body(ErrorKind::AttestationError, detail)),
        (
            "refused",
            "attest: the broker refused (HTTP 401, AttestationError)\n  \
             it says: the evidence was refused\n  \
             failed checks:\n    snp.policy.debug\n    snp.tcb.floor\n  \
             decision 01hzy: the operator finds every reason under this id"
                .to_owned()
        )
    );
}

#[test]
fn a_refusal_without_checks_says_where_the_reason_is() {
    assert_eq!(
        sorted(Step::Attest, 401, &error_body(ErrorKind::AttestationError, "RCAR attest failed")),
        (
            "refused",
            "attest: the broker refused (HTTP 401, AttestationError)\n  it says: RCAR attest failed\n  \
             the evidence or the handshake was refused; the reason is in the broker's log"
                .to_owned()
        )
    );
}

#[test]
fn a_denied_policy_is_told_from_refused_evidence() {
    for status in [401, 403] {
        let (name, text) =
            sorted(Step::Resource, status, &error_body(ErrorKind::PolicyDeny, "Access denied by policy"));
        assert_eq!(name, "refused");
        assert!(text.ends_with("the broker's policy does not release this resource to it"), "{text}");
    }
}

#[test]
fn an_absent_resource_is_404_here_and_401_at_trustee() {
    let body = error_body(ErrorKind::PluginInternalError, "no such resource");
    assert_eq!(
        sorted(Step::Resource, 404, &body),
        (
            "not found",
            "resource: the broker found nothing (HTTP 404, PluginInternalError)\n  it says: no such resource"
                .to_owned()
        )
    );
    let (name, text) = sorted(Step::Resource, 401, &body);
    assert_eq!(name, "refused");
    assert!(text.ends_with("this broker answers so when there is no such resource, too"), "{text}");
}

#[test]
fn a_404_before_the_resource_is_a_wrong_url() {
    for step in [Step::Auth, Step::Attest] {
        let (name, text) = sorted(step, 404, "<html>not here</html>");
        assert_eq!(name, "refused");
        assert!(text.ends_with("there is no key broker of this protocol under that URL"), "{text}");
    }
}

#[test]
fn a_status_that_the_same_request_gets_again_is_a_refusal_and_every_other_a_failure() {
    for status in [400, 405, 413, 415] {
        assert_eq!(sorted(Step::Resource, status, "").0, "refused", "{status}");
    }
    for status in [100, 204, 302, 402, 408, 409, 429, 500, 502, 503] {
        assert_eq!(sorted(Step::Resource, status, "").0, "failed", "{status}");
    }
}

#[test]
fn a_tee_that_the_broker_does_not_take_is_refused_in_the_brokers_words() {
    let detail = "this broker takes no evidence of that TEE";
    assert_eq!(
        sorted(Step::Auth, 400, &error_body(ErrorKind::AttestationError, detail)),
        ("refused", format!("auth: the broker refused (HTTP 400, AttestationError)\n  it says: {detail}"))
    );
}

#[test]
fn a_missing_endorsement_shows_the_brokers_words() {
    let body = r#"{"type":"https://example.org/problems/endorsement-missing","detail":"needed and not given: a VCEK"}"#;
    assert_eq!(
        sorted(Step::Attest, 503, body),
        (
            "failed",
            "attest: the broker failed (HTTP 503, endorsement-missing)\n  it says: needed and not given: a VCEK".to_owned()
        )
    );
}

#[test]
fn a_body_in_another_form_is_not_shown() {
    assert_eq!(
        sorted(Step::Resource, 401, "<html>proxy</html>"),
        (
            "refused",
            "resource: the broker refused (HTTP 401)\n  the answer carries no error body of the protocol"
                .to_owned()
        )
    );
}

#[test]
fn the_brokers_words_cannot_steer_a_terminal() {
    let (_, text) = sorted(Step::Resource, 500, &error_body(ErrorKind::SerdeError, "a\u{1b}[2J\nb\u{202e}c"));
    assert!(text.ends_with("it says: a\\u{1b}[2J b\\u{202e}c"), "{text}");
}

#[test]
fn the_brokers_words_are_cut() {
    let (_, text) = sorted(Step::Resource, 500, &error_body(ErrorKind::SerdeError, &"x".repeat(1001)));
    assert!(text.ends_with(&format!("says: {} …", "x".repeat(1000))), "{text}");
}

#[test]
fn only_a_missing_or_stale_token_asks_for_another_handshake() {
    let wants = |status, kind| {
        Answered::read(Step::Resource, &answer(status, &error_body(kind, ""))).wants_handshake()
    };
    let asked: Vec<_> = ErrorKind::ALL.into_iter().filter(|kind| wants(401, *kind)).collect();
    assert_eq!(asked, [ErrorKind::TokenNotFound, ErrorKind::TokenVerifierError]);
    assert!(!wants(403, ErrorKind::TokenNotFound));
    assert!(!Answered::read(Step::Resource, &answer(401, "")).wants_handshake());
}
