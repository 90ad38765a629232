//! Revocations over HTTP: who sets them, and what they end.

use serde_json::Value;

use super::*;

const CHIP: &str = "abababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab";

/// A request of an admin's: status and body.
async fn operate(bench: &Bench, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let request = TestRequest::default().method(method).uri(path).set_payload(body.to_string());
    let answer = bench.send(request.insert_header(bearer(&bench.admin_token()))).await;
    (answer.status.as_u16(), serde_json::from_slice(&answer.body).unwrap_or_default())
}

fn of_chip() -> Value {
    json!({"of": {"chip": CHIP}, "reason": "stolen"})
}

fn lift(name: &str) -> String {
    format!("/v1/revocations/{name}/lift")
}

#[actix_web::test]
async fn nobody_but_an_admin_sees_or_changes_revocations() {
    let bench = Bench::new("revocations-admin", ALLOW_ALL);
    for (method, path) in [
        (Method::GET, "/v1/revocations".to_owned()),
        (Method::POST, "/v1/revocations".to_owned()),
        (Method::POST, lift(&format!("chip-{CHIP}"))),
    ] {
        let request = TestRequest::default().method(method).uri(&path).set_payload(of_chip().to_string());
        assert_eq!(bench.send(request).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(bench.broker.store.revocations(), Ok(vec![]));
}

#[actix_web::test]
async fn a_revocation_and_its_lifting_are_kept_with_who_and_why_and_each_ends_older_tokens() {
    let bench = Bench::new("revocations-kept", ALLOW_ALL);
    bench.store_secret().await;
    let attested = async || {
        let (cookie, nonce) = bench.auth().await;
        bench.attest(&cookie, good(&nonce, &new_key())).await.token();
        assert_eq!(bench.get(cookie_header(&cookie)).await.status, StatusCode::OK);
        cookie
    };
    let cookie = attested().await;
    let (status, kept) = operate(&bench, Method::POST, "/v1/revocations", &of_chip()).await;
    let revoked = json!({"by": "operations", "at": START, "reason": "stolen"});
    assert_eq!((status, &kept), (200, &json!({"of": {"chip": CHIP}, "revoked": revoked})));
    assert_eq!(bench.get(cookie_header(&cookie)).await.kind(), (401, "TokenVerifierError".to_owned()));
    let policy = |bench: &Bench| {
        let snapshot = bench.broker.snapshot(UnixTime::from_secs(START)).unwrap();
        serde_json::to_value(&*snapshot.appraisal).unwrap()
    };
    assert_eq!(policy(&bench)["deny"], json!({"chip_ids": [CHIP]}));

    // CoCo's sample names no chip.
    let cookie = attested().await;
    let name = format!("chip-{CHIP}");
    let closed = json!({"reason": "found again"});
    let (status, kept) = operate(&bench, Method::POST, &lift(&name), &closed).await;
    let lifted = json!({"by": "operations", "at": START, "reason": "found again"});
    let whole = json!({"of": {"chip": CHIP}, "revoked": revoked, "lifted": lifted});
    assert_eq!((status, &kept), (200, &whole));
    assert_eq!(bench.get(cookie_header(&cookie)).await.kind(), (401, "TokenVerifierError".to_owned()));
    assert_eq!(policy(&bench).get("deny"), None);
    assert_eq!(operate(&bench, Method::POST, &lift(&name), &closed).await.0, 404);
    assert_eq!(operate(&bench, Method::GET, "/v1/revocations", &Value::Null).await, (200, json!([whole])));
}

#[actix_web::test]
async fn what_names_nothing_or_says_no_reason_is_refused() {
    let bench = Bench::new("revocations-form", ALLOW_ALL);
    for body in [
        json!({"of": {"chip": CHIP}, "reason": " "}),
        json!({"of": {"chip": CHIP}}),
        json!({"of": {"chip": &CHIP[2..]}, "reason": "r"}),
        json!({"of": {"serial": CHIP}, "reason": "r"}),
        json!({"of": {}, "reason": "r"}),
    ] {
        assert_eq!(operate(&bench, Method::POST, "/v1/revocations", &body).await.0, 400, "{body}");
    }
    assert_eq!(bench.broker.store.revocations(), Ok(vec![]));
}

#[actix_web::test]
async fn no_secret_leaves_after_a_change_was_acknowledged_that_ends_its_token() {
    // A policy that takes its time: the change comes while it is asked.
    let slow = "package policy\nimport rego.v1\n\
                allow if { count([x | x := numbers.range(1, 60000)[_]; x % 7 == 3]) > 0 }";
    let (bench, _) = Bench::with_limits("revocations-meanwhile", "policy_milliseconds = 10000");
    bench.store_secret().await;
    let (cookie, nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    let store = Arc::clone(&bench.broker.store);
    let policy = [(crate::store::SettingKind::ResourcePolicy, "resource-policy", Some(slow.as_bytes()))];
    store.change(&policy, "admin", UnixTime::from_secs(START)).unwrap();
    let (cookie, nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    // As long as it is let be, it releases.
    assert_eq!(bench.get(cookie_header(&cookie)).await.status, StatusCode::OK);
    let change = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let revoke = crate::revocations::NewRevocation {
            of: serde_json::from_value(json!({"chip": CHIP})).unwrap(),
            reason: "stolen".to_owned(),
        };
        actix_web::web::block(move || store.revoke(&revoke, "admin", UnixTime::from_secs(START)))
            .await
            .unwrap()
            .unwrap();
    };
    let (answer, ()) = tokio::join!(bench.get(cookie_header(&cookie)), change);
    assert_eq!(answer.kind(), (401, "TokenVerifierError".to_owned()));
}
