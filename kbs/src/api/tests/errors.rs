//! Every answer of the protocol's paths that is not 200 has the protocol's error body, whatever went wrong.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_core::Stream;

use super::*;

/// A body that begins and never ends.
struct Endless;

impl Stream for Endless {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Pending
    }
}

/// What a row does, and what it is answered.
type Row = (&'static str, TestRequest, u16, &'static str);

async fn rows(bench: &Bench) -> Vec<Row> {
    let post = |path: &str| TestRequest::post().uri(path);
    let get = |path: &str| TestRequest::get().uri(path);
    let (cookie, nonce) = bench.auth().await;
    let (denied, denied_nonce) = bench.auth().await;
    bench.attest(&denied, good(&denied_nonce, &new_key())).await.token();
    let attest =
        |body: Vec<u8>| post("/kbs/v0/attest").insert_header(cookie_header(&cookie)).set_payload(body);
    let (mine, other) = (new_key().public().to_json().unwrap(), new_key().public().to_json().unwrap());
    let admin = bearer(&bench.admin_token());
    vec![
        ("a challenge for what is not JSON", post("/kbs/v0/auth").set_payload("{"), 400, "SerdeError"),
        (
            "a challenge of another version",
            post("/kbs/v0/auth").set_payload(r#"{"version":"0.3.0","tee":"snp","extra-params":""}"#),
            400,
            "AttestationError",
        ),
        ("too large a request", post("/kbs/v0/auth").set_payload(vec![b' '; 16_385]), 413, "SerdeError"),
        ("evidence without a session", post("/kbs/v0/attest").set_payload("{}"), 401, "AttestationError"),
        ("evidence that is not JSON", attest(b"{".to_vec()), 400, "SerdeError"),
        ("too large a body", attest(vec![b' '; 65_537]), 413, "SerdeError"),
        ("evidence for another key", attest(bytes(&message(&nonce, &mine, &other))), 401, "AttestationError"),
        ("a secret for nothing", get(RESOURCE), 401, "TokenNotFound"),
        ("a secret for junk", get(RESOURCE).insert_header(bearer("a.b.c")), 401, "TokenVerifierError"),
        ("a denial", get(RESOURCE).insert_header(cookie_header(&denied)), 403, "PolicyDeny"),
        ("a path that is none", get("/kbs/v0/resource/a/b"), 400, "InvalidRequestPath"),
        ("another plugin", get("/kbs/v0/pkcs11/resource/a"), 404, "PluginNotFound"),
        ("no path", get("/kbs/v0/nothing"), 404, "InvalidRequestPath"),
        ("another method", get("/kbs/v0/auth"), 405, "InvalidRequestPath"),
        ("another method for a secret", TestRequest::put().uri(RESOURCE), 405, "InvalidRequestPath"),
        ("an admin that is none", post(RESOURCE).set_payload("x"), 401, "AdminAuthAccess"),
        (
            "a secret that is not there",
            TestRequest::delete().uri("/kbs/v0/resource/a/b/c").insert_header(admin),
            404,
            "PluginInternalError",
        ),
    ]
}

#[actix_web::test]
async fn every_refusal_has_the_protocols_body() {
    let bench = Bench::new("errors", policy::ResourcePolicy::DEFAULT);
    for (name, request, status, kind) in rows(&bench).await {
        let answer = bench.send(request).await;
        assert_eq!(answer.kind(), (status, kind.to_owned()), "{name}");
        assert_eq!(answer.retry_after, None, "{name}");
    }
}

#[actix_web::test]
async fn a_body_that_never_ends_has_the_protocols_body_for_an_answer() {
    let (bench, _) = Bench::with_limits("errors-slow", "request_seconds = 1\n");
    let (cookie, _) = bench.auth().await;
    let app = init_service(App::new().app_data(bench.broker.clone()).configure(routes)).await;
    for path in ["/kbs/v0/auth", "/kbs/v0/attest"] {
        let request = TestRequest::post().uri(path).insert_header(cookie_header(&cookie)).to_request();
        let payload: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> = Box::pin(Endless);
        let (request, _) = request.replace_payload(Payload::Stream { payload });
        let response = app.call(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT, "{path}");
        let error = ErrorInformation::parse(&read_body(response).await).unwrap();
        assert_eq!(error.detail, "the body did not arrive in time", "{path}");
        assert!(error.error_type.ends_with("/errors/SerdeError"), "{path}");
    }
}

#[actix_web::test]
async fn who_must_wait_is_told_so_in_the_protocols_form() {
    let (bench, _) = Bench::with_limits("errors-wait", "auth_burst = 1\nauth_per_second = 1\nqueue = 1\n");
    let (cookie, nonce) = bench.auth().await;
    let limited = bench.send(TestRequest::get().uri(RESOURCE)).await;
    assert_eq!(
        (limited.kind(), limited.retry_after.as_deref()),
        ((429, "AttestationError".to_owned()), Some("1"))
    );
    bench.pass(-6);
    let wrong = bench.attest(&cookie, good(&nonce, &new_key())).await;
    assert_eq!(
        (wrong.kind(), wrong.retry_after.as_deref()),
        ((503, "PluginInternalError".to_owned()), Some("5"))
    );
}
