//! Holds and the deletion of records over HTTP.

use serde_json::Value;

use super::*;
use crate::acts::Reason;
use crate::holds::{NewHold, Scope};
use crate::housekeeping;

/// A request of the operator's: status and body.
async fn operate(bench: &Bench, method: Method, path: &str, body: &[u8]) -> (u16, Value) {
    let request = TestRequest::default().method(method).uri(path).set_payload(body.to_vec());
    let answer = bench.send(request.insert_header(bearer(&bench.admin_token()))).await;
    (answer.status.as_u16(), serde_json::from_slice(&answer.body).unwrap_or_default())
}

fn new_hold(on: Scope) -> Vec<u8> {
    serde_json::to_vec(&NewHold { on, reason: "case 7".to_owned() }).unwrap()
}

/// The id of an attestation.
async fn attested(bench: &Bench) -> String {
    let (cookie, nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    let denied = bench.get(cookie_header(&cookie)).await;
    Refusal::parse(&denied.error().2).decision.unwrap()
}

const DENY_ALL: &str = "package policy\nallow := false";

#[actix_web::test]
async fn nobody_but_an_admin_sees_or_changes_holds_and_records() {
    let bench = Bench::new("holds-admin", ALLOW_ALL);
    let id = Digest::of(b"a");
    for (method, path) in [
        (Method::GET, "/v1/holds".to_owned()),
        (Method::POST, "/v1/holds".to_owned()),
        (Method::POST, "/v1/holds/00/end".to_owned()),
        (Method::GET, format!("/v1/decisions/{id}")),
        (Method::DELETE, format!("/v1/decisions/{id}")),
    ] {
        let request =
            TestRequest::default().method(method).uri(&path).set_payload(new_hold(Scope::Decision(id)));
        assert_eq!(bench.send(request).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(bench.broker.store.holds(), Ok(vec![]));
}

#[actix_web::test]
async fn a_held_decision_is_kept_by_age_and_by_hand_until_the_hold_ends() {
    let bench = Bench::new("holds-kept", DENY_ALL);
    let attestation = attested(&bench).await;
    let [denial] = bench.broker.store.resting_on(&attestation.parse().unwrap())[..] else {
        panic!("one denial rests on the attestation")
    };
    let path = format!("/v1/decisions/{denial}");
    let (status, hold) = operate(&bench, Method::POST, "/v1/holds", &new_hold(Scope::Decision(denial))).await;
    assert_eq!((status, &hold["begun"]["by"]), (200, &Value::from("operations")));
    assert_eq!(operate(&bench, Method::DELETE, &path, b"").await.0, 409);
    bench.pass(600);
    let (status, problem) = operate(&bench, Method::DELETE, &path, b"").await;
    let name = hold["name"].as_str().unwrap();
    let detail = format!("the record is not deleted: the hold {name} is on decision {denial}");
    assert_eq!((status, &problem["detail"]), (409, &Value::from(detail)));
    let used = operate(&bench, Method::DELETE, &format!("/v1/decisions/{attestation}"), b"").await;
    let detail = "the record is not deleted: releases or denials rest on it";
    assert_eq!((used.0, &used.1["detail"]), (409, &Value::from(detail)));

    let end = serde_json::to_vec(&Reason { reason: "closed".to_owned() }).unwrap();
    let end_path = format!("/v1/holds/{name}/end");
    let (status, ended) = operate(&bench, Method::POST, &end_path, &end).await;
    assert_eq!((status, &ended["ended"]["reason"]), (200, &Value::from("closed")));
    assert_eq!(operate(&bench, Method::POST, &end_path, &end).await.0, 404);
    assert_eq!(operate(&bench, Method::DELETE, &path, b"").await.0, 204);
    let (status, left) = operate(&bench, Method::GET, &path, b"").await;
    assert_eq!((status, &left["by"], &left["at"]), (410, &"operations".into(), &START.into()));
    assert!(left["contents"].as_array().unwrap().contains(&Value::from(attestation.clone())), "{left}");
    assert_eq!(operate(&bench, Method::DELETE, &path, b"").await.0, 404);
    assert_eq!(operate(&bench, Method::DELETE, &format!("/v1/decisions/{attestation}"), b"").await.0, 204);
}

#[actix_web::test]
async fn a_hold_without_a_reason_or_of_another_form_is_refused() {
    let bench = Bench::new("holds-form", ALLOW_ALL);
    let on = Scope::Decision(Digest::of(b"a"));
    for (body, wanted) in [
        (serde_json::to_vec(&NewHold { on, reason: String::new() }).unwrap(), 400),
        (b"{}".to_vec(), 400),
        (b"{\"on\":{\"everything\":1},\"reason\":\"r\"}".to_vec(), 400),
        (vec![b' '; (16 << 10) + 1], 413),
    ] {
        assert_eq!(operate(&bench, Method::POST, "/v1/holds", &body).await.0, wanted);
    }
    // A mistyped id would hold nothing.
    let unknown = new_hold(Scope::Decision(Digest::of(b"a")));
    let (status, problem) = operate(&bench, Method::POST, "/v1/holds", &unknown).await;
    assert_eq!((status, &problem["detail"]), (404, &"nothing is recorded under this digest".into()));
    assert_eq!(bench.broker.store.holds(), Ok(vec![]));
}

#[actix_web::test]
async fn housekeeping_deletes_what_the_configuration_says() {
    let text = format!("{CONFIG}[records]\nmax_age_days = 2\n");
    let bench = Bench::new("holds-age", DENY_ALL);
    let attestation: Digest = attested(&bench).await.parse().unwrap();
    let Bench { broker, time, scratch, .. } = bench;
    let store = || broker.store.record(&attestation).unwrap().is_some();
    housekeeping::once(&broker).unwrap();
    time.fetch_add(2 * 86_400, Ordering::SeqCst);
    // Without a limit nothing goes.
    housekeeping::once(&broker).unwrap();
    assert!(store());
    let limited = config::parse(&text, &scratch.path).unwrap();
    assert_eq!(broker.store.retain(&limited.retention(), UnixTime::from_secs(START + 2 * 86_400 - 1)), Ok(0));
    assert_eq!(broker.store.retain(&limited.retention(), UnixTime::from_secs(START + 2 * 86_400)), Ok(2));
    assert!(!store());
}
