//! What operators store and see, and paths that there are not.

use super::*;

#[actix_web::test]
async fn only_an_admin_stores_and_deletes() {
    let bench = Bench::new("admin", ALLOW_ALL);
    let stranger =
        Signer::ed25519().sign(&json!({"alg": "EdDSA"}), &json!({"exp": START + 60, "role": "admin"}));
    for method in [Method::POST, Method::DELETE] {
        let request = || TestRequest::default().method(method.clone()).uri(RESOURCE).set_payload(SECRET);
        assert_eq!(bench.send(request()).await.kind(), (401, "AdminAuthAccess".to_owned()));
        let answer = bench.send(request().insert_header(bearer(&stranger))).await;
        assert_eq!(answer.kind(), (401, "AdminAuthAccess".to_owned()));
    }
    let admin = bench.admin_token();
    let post =
        |size| TestRequest::post().uri(RESOURCE).insert_header(bearer(&admin)).set_payload(vec![0; size]);
    assert_eq!(bench.send(post(1025)).await.kind(), (413, "SerdeError".to_owned()));
    assert_eq!(bench.send(post(1024)).await.status, StatusCode::OK);
    let delete = || TestRequest::delete().uri(RESOURCE).insert_header(bearer(&admin));
    assert_eq!(bench.send(delete()).await.status, StatusCode::OK);
    assert_eq!(bench.send(delete()).await.kind(), (404, "PluginInternalError".to_owned()));
}

#[actix_web::test]
async fn answers_every_other_path_and_method_in_the_protocols_form() {
    let bench = Bench::new("paths", ALLOW_ALL);
    let cases = [
        (Method::GET, "/kbs/v0/auth", 405, "InvalidRequestPath"),
        (Method::PUT, RESOURCE, 405, "InvalidRequestPath"),
        (Method::POST, "/healthz", 405, "InvalidRequestPath"),
        (Method::GET, "/", 404, "InvalidRequestPath"),
        (Method::GET, "/kbs/v0/nothing", 404, "InvalidRequestPath"),
        (Method::GET, "/kbs/v0/pkcs11/resource/a", 404, "PluginNotFound"),
        (Method::GET, "/kbs/v0/resource/a/b", 400, "InvalidRequestPath"),
        (Method::GET, "/kbs/v0/resource/a/b/c/d", 400, "InvalidRequestPath"),
        (Method::GET, "/kbs/v0/resource/a/../c", 400, "InvalidRequestPath"),
        (Method::GET, "/kbs/v0/resource/a//c", 400, "InvalidRequestPath"),
        (Method::GET, "/kbs/v0/resource/a/%2e%2e/c", 400, "InvalidRequestPath"),
    ];
    for (method, path, status, kind) in cases {
        let answer = bench.send(TestRequest::default().method(method).uri(path)).await;
        assert_eq!(answer.kind(), (status, kind.to_owned()), "{path}");
    }
    assert_eq!(bench.send(TestRequest::get().uri("/healthz")).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn operators_see_refusals_and_decisions_and_nobody_else_does() {
    let bench = Bench::new("operator", ALLOW_ALL);
    let id = Digest::of(b"nothing");
    for path in ["/v1/refusals".to_owned(), format!("/v1/decisions/{id}"), format!("/v1/blobs/{id}")] {
        let answer = bench.send(TestRequest::get().uri(&path)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(answer.content_type.as_deref(), Some("application/problem+json"));
    }
    let ask = |path: &str| TestRequest::get().uri(path).insert_header(bearer(&bench.admin_token()));
    let summary = bench.send(ask("/v1/refusals")).await;
    assert_eq!(summary.body, br#"{"refused":0,"without_session":0,"newest":[]}"#);
    assert_eq!(bench.send(ask(&format!("/v1/decisions/{id}"))).await.status, StatusCode::NOT_FOUND);
    assert_eq!(bench.send(ask("/v1/decisions/nonsense")).await.status, StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn what_was_stored_is_what_an_admin_sent() {
    let bench = Bench::new("stored", ALLOW_ALL);
    bench.store_secret().await;
    let stored = bench.broker.store.load(&crate::grant::tests::a_grant("models/key/llama")).unwrap();
    assert_eq!(stored.unwrap().secret().expose(), SECRET);
}
