//! What an unmodified CoCo client sent to a Trustee, sent here: the answers have the same form, byte for byte where
//! nothing in them is random.

use super::*;

const RECORDED: &[u8] = include_bytes!("../../../../fixtures/kbs/coco-client-with-trustee.txt");

/// The first body in the recording that begins so, to the end of its line.
fn recorded(start: &str) -> String {
    let text = String::from_utf8_lossy(RECORDED);
    let line = text.lines().find(|line| line.starts_with(start));
    line.unwrap().to_owned()
}

#[actix_web::test]
async fn a_guest_without_a_session_is_told_what_trustee_tells_it() {
    let bench = Bench::new("recorded-first", ALLOW_ALL);
    let answer = bench.send(TestRequest::get().uri("/kbs/v0/resource/default/key/k2")).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(String::from_utf8(answer.body).unwrap(), recorded("{\"type\":"));
}

#[actix_web::test]
async fn the_challenge_and_its_cookie_have_trustees_form() {
    let bench = Bench::new("recorded-auth", ALLOW_ALL);
    let request = TestRequest::post().uri("/kbs/v0/auth").set_payload(recorded("{\"version\":"));
    let answer = bench.send(request).await;
    let nonce = Challenge::parse(&answer.body).unwrap().nonce;
    assert_eq!(
        String::from_utf8(answer.body).unwrap(),
        format!(r#"{{"nonce":"{nonce}","extra-params":""}}"#)
    );
    assert_eq!(nonce.len(), Challenge::parse(recorded("{\"nonce\":").as_bytes()).unwrap().nonce.len());
    let expected =
        format!("kbs-session-id={}; Expires=Tue, 31 Mar 2026 23:38:20 GMT", answer.cookie.unwrap());
    assert_eq!(answer.set_cookie, Some(expected));
}

#[actix_web::test]
async fn the_recorded_attestation_answers_another_challenge() {
    let bench = Bench::new("recorded-attest", ALLOW_ALL);
    let (cookie, _) = bench.auth().await;
    let answer = bench.attest(&cookie, recorded("{\"init-data\":").into_bytes()).await;
    let detail = "the nonce is not the one of this session's challenge".to_owned();
    assert_eq!(answer.error(), (401, "AttestationError".to_owned(), detail));
}
