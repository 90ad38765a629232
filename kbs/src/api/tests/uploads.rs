//! Policies and reference values that admins set, and who may set and read them.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::*;
use crate::roles::Role;

const DENY_ALL: &str = "package policy\nallow := false";

impl Bench {
    fn token_of(&self, role: &str) -> String {
        let exp = self.time.load(Ordering::SeqCst) + 60;
        self.admin.sign(&json!({"alg": "EdDSA"}), &json!({"exp": exp, "role": role}))
    }

    async fn upload(&self, path: &str, body: &Value) -> Answer {
        let uri = format!("/kbs/v0/{path}");
        let request = TestRequest::post().uri(&uri).insert_header(bearer(&self.admin_token()));
        self.send(request.set_payload(body.to_string())).await
    }

    async fn read(&self, path: &str) -> Answer {
        let uri = format!("/kbs/v0/{path}");
        self.send(TestRequest::get().uri(&uri).insert_header(bearer(&self.admin_token()))).await
    }
}

impl Bench {
    /// The cookie of a guest that attested.
    async fn attested(&self) -> String {
        let (cookie, nonce) = self.auth().await;
        self.attest(&cookie, good(&nonce, &new_key())).await.token();
        cookie
    }
}

fn policy_body(text: &str) -> Value {
    json!({"policy": URL_SAFE_NO_PAD.encode(text)})
}

fn values_body(values: &Value) -> Value {
    json!({"version": "0.1.0", "type": "sample", "payload": STANDARD.encode(values.to_string())})
}

fn json_of(answer: &Answer) -> Value {
    assert_eq!((answer.status, answer.content_type.as_deref()), (StatusCode::OK, Some("application/json")));
    serde_json::from_slice(&answer.body).unwrap()
}

#[actix_web::test]
async fn an_uploaded_policy_decides_instead_of_the_configured_one_and_after_a_restart() {
    let scratch = Scratch::new("api-upload-store");
    let file = scratch.path.join("store.redb");
    let open = || Store::open(&file, root_key(), 1 << 20, 0).unwrap();
    let bench = Bench::with_store("upload-policy", DENY_ALL, open());
    bench.store_secret().await;
    let cookie = bench.attested().await;
    assert_eq!(bench.get(cookie_header(&cookie)).await.kind(), (403, "PolicyDeny".to_owned()));
    assert_eq!(json_of(&bench.read("resource-policy").await), json!([]));
    let answer = bench.upload("resource-policy", &policy_body(ALLOW_ALL)).await;
    assert_eq!((answer.status, answer.body.as_slice()), (StatusCode::OK, b"".as_slice()));
    assert_eq!(json_of(&bench.read("resource-policy").await), json!(["resource-policy"]));
    // A token of before the change opens nothing any more.
    assert_eq!(bench.get(cookie_header(&cookie)).await.kind(), (401, "TokenVerifierError".to_owned()));
    let cookie = bench.attested().await;
    assert_eq!(bench.get(cookie_header(&cookie)).await.status, StatusCode::OK);
    let bench = bench.restart(open);
    assert_eq!(bench.get(cookie_header(&cookie)).await.status, StatusCode::OK);
    // What is refused leaves what was there.
    let answer = bench.upload("resource-policy", &policy_body("package policy\nallow if {\n")).await;
    let (status, kind, detail) = answer.error();
    assert_eq!((status, kind.as_str()), (400, "ParsePolicyError"));
    assert!(detail.starts_with("line 3, column 1: "), "{detail}");
    assert_eq!(bench.get(cookie_header(&cookie)).await.status, StatusCode::OK);
    assert_eq!(bench.upload("resource-policy", &policy_body(DENY_ALL)).await.status, StatusCode::OK);
    let cookie = bench.attested().await;
    assert_eq!(bench.get(cookie_header(&cookie)).await.kind(), (403, "PolicyDeny".to_owned()));
}

#[actix_web::test]
async fn reference_values_are_read_back_by_names_with_slashes_and_without() {
    let bench = Bench::new("upload-values", DENY_ALL);
    let values = json!({"svn": 3, "images/a b": ["aa", "bb"]});
    let answer = bench.upload("reference-value", &values_body(&values)).await;
    assert_eq!((answer.status, answer.body.as_slice()), (StatusCode::OK, b"".as_slice()));
    assert_eq!(answer.content_type.as_deref(), Some("application/json"));
    assert_eq!(json_of(&bench.read("reference-value/svn").await), json!(3));
    assert_eq!(json_of(&bench.read("reference-value/images/a%20b").await), json!(["aa", "bb"]));
    assert_eq!(json_of(&bench.read("reference-value").await), values);
    let answer = bench.read("reference-value/absent").await;
    assert_eq!(answer.kind(), (404, "RvpsError".to_owned()));
    // Null takes one away.
    assert_eq!(
        bench.upload("reference-value", &values_body(&json!({"svn": null}))).await.status,
        StatusCode::OK
    );
    assert_eq!(bench.read("reference-value/svn").await.kind(), (404, "RvpsError".to_owned()));
    let mut corim = values_body(&values);
    corim["type"] = json!("corim");
    assert_eq!(bench.upload("reference-value", &corim).await.kind(), (400, "RvpsError".to_owned()));
}

#[actix_web::test]
async fn each_role_reaches_its_endpoints_and_no_other() {
    let config = CONFIG.replace(
        "public_key",
        "roles = [\"admin\", \"secret-writer\", \"policy-author\", \"reader\", \"auditor\"]\npublic_key",
    );
    let bench = Bench::under("roles", ALLOW_ALL, Store::in_memory(root_key(), 1 << 20), &config);
    let policy = policy_body(ALLOW_ALL).to_string();
    let attestation = json!({
        "policy_id": "default_cpu",
        "policy": URL_SAFE_NO_PAD.encode("package policy\ntrust_claims := {\"executables\": 3}"),
    })
    .to_string();
    let values = values_body(&json!({"svn": 1})).to_string();
    let digest = "0".repeat(64);
    let (decision, blob) = (format!("/v1/decisions/{digest}"), format!("/v1/blobs/{digest}"));
    // Method, path, body, the answer to whoever may, and who may: admin, secret-writer, policy-author, reader, auditor.
    let table = [
        (Method::POST, RESOURCE, "x", 200, [true, true, false, false, false]),
        (Method::DELETE, RESOURCE, "", 200, [true, true, false, false, false]),
        (Method::POST, "/kbs/v0/resource-policy", &policy, 200, [true, false, true, false, false]),
        (Method::POST, "/kbs/v0/attestation-policy", &attestation, 200, [true, false, true, false, false]),
        (Method::POST, "/kbs/v0/reference-value", &values, 200, [true, false, true, false, false]),
        (Method::GET, "/kbs/v0/resource-policy", "", 200, [true, false, true, true, true]),
        (Method::GET, "/kbs/v0/attestation-policy", "", 200, [true, false, true, true, true]),
        (Method::GET, "/kbs/v0/reference-value/svn", "", 200, [true, false, true, true, true]),
        (Method::GET, "/kbs/v0/reference-value", "", 200, [true, false, true, true, true]),
        (Method::GET, "/v1/refusals", "", 200, [true, false, false, false, true]),
        (Method::GET, &decision, "", 404, [true, false, false, false, true]),
        (Method::GET, &blob, "", 404, [true, false, false, false, true]),
    ];
    for (method, path, body, answered, may) in table {
        for (role, may) in Role::ALL.into_iter().zip(may) {
            // A secret that is to be deleted is there.
            if method == Method::DELETE {
                bench.store_secret().await;
            }
            let request = TestRequest::default().method(method.clone()).uri(path);
            let request = request.insert_header(bearer(&bench.token_of(role.as_str())));
            let answer = bench.send(request.set_payload(body.to_owned())).await;
            let expected = if may { answered } else { 403 };
            assert_eq!(answer.status.as_u16(), expected, "{method} {path} as {role}");
            if !may && path.starts_with("/kbs/v0") {
                assert_eq!(answer.kind(), (403, "AdminAuthAccess".to_owned()));
            }
        }
        // Nobody, and a role that there is not.
        for token in [None, Some(bench.token_of("root"))] {
            let request = TestRequest::default().method(method.clone()).uri(path);
            let request = match &token {
                Some(token) => request.insert_header(bearer(token)),
                None => request,
            };
            let answer = bench.send(request.set_payload(body.to_owned())).await;
            assert_eq!(answer.status.as_u16(), 401, "{method} {path} as nobody");
        }
    }
}

#[actix_web::test]
async fn uploads_have_their_sizes_and_methods_and_the_protocols_errors() {
    let bench = Bench::new("upload-errors", DENY_ALL);
    for path in ["resource-policy", "attestation-policy", "reference-value"] {
        let uri = format!("/kbs/v0/{path}");
        let put = TestRequest::put().uri(&uri).insert_header(bearer(&bench.admin_token()));
        assert_eq!(bench.send(put).await.kind(), (405, "InvalidRequestPath".to_owned()), "{path}");
        let large = TestRequest::post().uri(&uri).insert_header(bearer(&bench.admin_token()));
        let answer = bench.send(large.set_payload(vec![b' '; (1 << 20) + 1])).await;
        assert_eq!(answer.kind(), (413, "SerdeError".to_owned()), "{path}");
        assert_eq!(bench.upload(path, &json!([])).await.kind(), (400, "SerdeError".to_owned()), "{path}");
    }
    let delete = TestRequest::delete().uri("/kbs/v0/reference-value/a");
    assert_eq!(bench.send(delete).await.kind(), (405, "InvalidRequestPath".to_owned()));
}
