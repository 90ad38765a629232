//! Real quotes over HTTP: genuine and somebody else's, or nobody's.

use super::*;

/// A real TDX quote, made for somebody else at this instant.
const QUOTE: &[u8] =
    include_bytes!("../../../../fixtures/tdx/quote-5225f6d79f-v4-body2-90c06f000000/quote.bin");
const QUOTE_AT: i64 = 1_773_584_633;

async fn attest_with_quote(bench: &Bench, quote: &[u8]) -> (u16, String, Refusal) {
    bench.time.store(QUOTE_AT, Ordering::SeqCst);
    let body = serde_json::to_vec(&Request::new(Tee::Tdx)).unwrap();
    let answer = bench.send(TestRequest::post().uri("/kbs/v0/auth").set_payload(body)).await;
    let nonce = Challenge::parse(&answer.body).unwrap().nonce;
    let key = new_key().public().to_json().unwrap();
    let mut message = message(&nonce, &key, &key);
    let evidence = json!({"quote": STANDARD.encode(quote), "cc_eventlog": null});
    message.tee_evidence.primary_evidence = RawJson::of(&evidence).unwrap();
    let (status, kind, detail) = bench.attest(&answer.cookie.unwrap(), bytes(&message)).await.error();
    (status, kind, Refusal::parse(&detail))
}

#[actix_web::test]
async fn a_genuine_quote_of_somebody_else_is_refused_and_recorded() {
    let bench = Bench::new("relayed", ALLOW_ALL);
    let (status, kind, refusal) = attest_with_quote(&bench, QUOTE).await;
    assert_eq!((status, kind.as_str()), (401, "AttestationError"));
    assert_eq!(refusal.checks, ["tdx.binding.report-data"]);
    let id: Digest = refusal.decision.unwrap().parse().unwrap();
    let record = Record::decode(&bench.broker.store.record(&id).unwrap().unwrap()).unwrap();
    let Body::Attestation(attestation) = record.decision else { panic!("not an attestation") };
    assert_eq!((attestation.verified, attestation.tier.as_str()), (false, "none"));
    assert_eq!(attestation.failed, ["tdx.binding.report-data"]);
    assert_eq!(bench.broker.refusals.summary().refused, 0);
}

#[actix_web::test]
async fn a_quote_that_no_root_vouches_for_is_refused_and_leaves_no_record() {
    let bench = Bench::new("forged", ALLOW_ALL);
    let mut forged = QUOTE.to_vec();
    forged[200] ^= 1;
    let (status, kind, refusal) = attest_with_quote(&bench, &forged).await;
    assert_eq!((status, kind.as_str()), (401, "AttestationError"));
    assert_eq!((refusal.checks.len(), refusal.decision), (1, None));
    assert_eq!(bench.broker.refusals.summary().refused, 1);
    let evidence = json!({"quote": STANDARD.encode(&forged), "cc_eventlog": null});
    let kept = bench.broker.store.blob(&Digest::of(RawJson::of(&evidence).unwrap().get().as_bytes()));
    assert_eq!(kept, Ok(None));
}
