//! Bounds of what a request may cost: records, memory, verifications.

use super::*;

#[actix_web::test]
async fn without_room_evidence_that_is_not_affirmed_gets_a_refusal_and_no_token() {
    let bench = Bench::with_store("no-room", ALLOW_ALL, Store::in_memory(root_key(), 0));
    let (cookie, nonce) = bench.auth().await;
    let answer = bench.attest(&cookie, good(&nonce, &new_key())).await;
    let (status, kind, detail) = answer.error();
    assert_eq!((status, kind.as_str()), (401, "AttestationError"));
    let refusal = Refusal::parse(&detail);
    let summary =
        "the evidence is not affirmed, and the broker's room for records of such evidence is used up";
    assert_eq!((refusal.summary.as_str(), refusal.decision), (summary, None));
    let newest = bench.broker.refusals.summary().newest;
    let rules: Vec<&str> = newest.iter().map(|entry| entry.rule).collect();
    assert_eq!(rules, ["limits.denied_records_mib"]);
    assert_eq!(bench.get(cookie_header(&cookie)).await.kind(), (401, "TokenNotFound".to_owned()));
}

#[actix_web::test]
async fn evidence_is_taken_up_to_its_size_and_not_beyond() {
    let bench = Bench::new("evidence-size", ALLOW_ALL);
    for (size, status) in [(4096, StatusCode::OK), (4097, StatusCode::PAYLOAD_TOO_LARGE)] {
        let (cookie, nonce) = bench.auth().await;
        let public = new_key().public().to_json().unwrap();
        let mut message = message(&nonce, &public, &public);
        let evidence = message.tee_evidence.primary_evidence.get();
        let rest = evidence.strip_prefix('{').unwrap();
        let fixed = evidence.len() + "\"padding\":\"\",".len();
        let text = format!("{{\"padding\":\"{}\",{rest}", "x".repeat(size - fixed));
        assert_eq!(text.len(), size);
        message.tee_evidence.primary_evidence = RawJson::parse(&text).unwrap();
        assert_eq!(bench.attest(&cookie, bytes(&message)).await.status, status);
    }
}

#[actix_web::test]
async fn a_request_for_a_challenge_is_read_up_to_its_own_limit() {
    let bench = Bench::new("auth-size", ALLOW_ALL);
    for (size, status) in [(16 << 10, 200), ((16 << 10) + 1, 413)] {
        let mut body = serde_json::to_vec(&Request::new(Tee::Sample)).unwrap();
        body.resize(size, b' ');
        let answer = bench.send(TestRequest::post().uri("/kbs/v0/auth").set_payload(body)).await;
        assert_eq!(answer.status.as_u16(), status);
    }
}

#[actix_web::test]
async fn refuses_what_is_malformed_or_too_large_before_anything_else() {
    let bench = Bench::new("malformed", ALLOW_ALL);
    let (cookie, nonce) = bench.auth().await;
    let body = good(&nonce, &new_key());
    let truncated = body[..body.len() - 1].to_vec();
    assert_eq!(bench.attest(&cookie, truncated).await.kind(), (400, "SerdeError".to_owned()));
    assert_eq!(bench.attest(&cookie, vec![b' '; 65_537]).await.kind(), (413, "SerdeError".to_owned()));
    assert_eq!(bench.attest(&cookie, vec![b' '; 65_536]).await.kind(), (400, "SerdeError".to_owned()));
    let request = TestRequest::post().uri("/kbs/v0/attest").set_payload(body.clone());
    assert_eq!(bench.send(request).await.kind(), (401, "AttestationError".to_owned()));
    let answer = bench.attest("55acf39d83b54d46ad608d47a03428a9", body).await;
    assert_eq!(answer.kind(), (401, "AttestationError".to_owned()));
}
