//! A clock that is wrong: nothing is attested and nothing released until it is right.

use super::*;

async fn ready(bench: &Bench) -> Answer {
    bench.send(TestRequest::get().uri("/readyz")).await
}

/// Every request that depends on the clock is refused with these words, and the process is well.
async fn refuses_all(bench: &Bench, cookie: &str, token: &str, body: &[u8], words: &str) {
    let auth = serde_json::to_vec(&Request::new(Tee::Sample)).unwrap();
    for answer in [
        bench.send(TestRequest::post().uri("/kbs/v0/auth").set_payload(auth)).await,
        bench.attest(cookie, body.to_vec()).await,
        bench.get(cookie_header(cookie)).await,
        bench.get(bearer(token)).await,
        bench.send(TestRequest::get().uri(RESOURCE)).await,
        ready(bench).await,
    ] {
        assert_eq!(answer.error(), (503, "PluginInternalError".to_owned(), words.to_owned()));
        assert_eq!(answer.retry_after.as_deref(), Some("5"));
    }
    // An admin's token ends by the clock like any other, and what an admin does is on record with its time.
    let admin = bearer(&bench.admin_token());
    let set =
        TestRequest::post().uri("/kbs/v0/resource-policy").set_payload(r#"{"policy":"cGFja2FnZSBwb2xpY3k"}"#);
    for (route, request) in [
        ("a secret", TestRequest::post().uri(RESOURCE).set_payload(SECRET)),
        ("its end", TestRequest::delete().uri(RESOURCE)),
        ("a policy", set),
        ("the refusals", TestRequest::get().uri("/v1/refusals")),
        ("the secrets", TestRequest::get().uri("/v1/secrets")),
        ("a key", TestRequest::post().uri("/v1/keys/token/rotate")),
        ("a backup", TestRequest::get().uri("/v1/backup")),
    ] {
        let answer = bench.send(request.insert_header(admin.clone())).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{route}");
        assert!(String::from_utf8_lossy(&answer.body).contains(words), "{route}");
    }
    assert_eq!(bench.send(TestRequest::get().uri("/healthz")).await.status, StatusCode::OK);
}

/// A bench with a secret and an attested guest: cookie, body and token.
async fn attested(name: &str) -> (Bench, String, Vec<u8>, String) {
    let bench = Bench::new(name, ALLOW_ALL);
    bench.store_secret().await;
    let (cookie, nonce) = bench.auth().await;
    let body = good(&nonce, &new_key());
    let token = bench.attest(&cookie, body.clone()).await.token();
    (bench, cookie, body, token)
}

async fn serves_all(bench: &Bench, cookie: &str, token: &str, body: &[u8]) {
    assert_eq!(ready(bench).await.status, StatusCode::OK);
    assert_eq!(bench.attest(cookie, body.to_vec()).await.token(), token);
    for head in [cookie_header(cookie), bearer(token)] {
        assert_eq!(bench.get(head).await.status, StatusCode::OK);
    }
}

#[actix_web::test]
async fn a_clock_that_goes_back_stops_attestations_and_releases_until_it_is_right() {
    let (bench, cookie, body, token) = attested("clock-back").await;
    bench.pass(10);
    serves_all(&bench, &cookie, &token, &body).await;
    bench.pass(-6);
    let words = "the broker's clock is wrong: it went back from 2026-03-31T23:33:30Z to 2026-03-31T23:33:24Z; its \
                 operator has to set it right";
    refuses_all(&bench, &cookie, &token, &body, words).await;
    bench.pass(1);
    serves_all(&bench, &cookie, &token, &body).await;
}

#[actix_web::test]
async fn a_clock_before_the_stores_record_stops_a_broker_that_is_started_anew() {
    let folder = Scratch::new("api-clock-record-store");
    let store = || Store::open(&folder.path.join("store"), root_key(), 1 << 20, 0).unwrap();
    let bench = Bench::with_store("clock-record", ALLOW_ALL, store());
    bench.store_secret().await;
    let (cookie, nonce) = bench.auth().await;
    let body = good(&nonce, &new_key());
    let token = bench.attest(&cookie, body.clone()).await.token();
    bench.pass(60);
    assert_eq!(bench.broker.compare_clock(), Ok(true));
    bench.pass(-31);
    let bench = bench.restart(store);
    assert_eq!(bench.broker.compare_clock(), Ok(false));
    let words = "the broker's clock is wrong: it says 2026-03-31T23:33:49Z, and its store has 2026-03-31T23:34:20Z on \
                 record; its operator has to set it right";
    refuses_all(&bench, &cookie, &token, &body, words).await;
    bench.pass(1);
    serves_all(&bench, &cookie, &token, &body).await;
}

#[actix_web::test]
async fn a_clock_that_is_not_near_the_stores_stops_attestations_and_releases_until_it_is() {
    let (bench, cookie, body, token) = attested("clock-store").await;
    let compare = |off: i64| {
        let now = bench.broker.clock.now();
        bench.broker.clock_guard.compare(now, Some(now.plus_secs(off)), None)
    };
    assert!(compare(31).is_err());
    let words = "the broker's clock or its store's is wrong: 2026-03-31T23:33:20Z here, 2026-03-31T23:33:51Z there; \
                 their operator has to set them right";
    refuses_all(&bench, &cookie, &token, &body, words).await;
    assert!(compare(30).is_ok());
    serves_all(&bench, &cookie, &token, &body).await;
}

#[actix_web::test]
async fn a_nonce_that_was_forgotten_while_the_clock_ran_ahead_is_not_spent_again() {
    let folder = Scratch::new("api-clock-ahead-store");
    let store = || Store::open(&folder.path.join("store"), root_key(), 1 << 20, 0).unwrap();
    let bench = Bench::with_store("clock-ahead", ALLOW_ALL, store());
    let (cookie, nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    let another = good(&nonce, &new_key());
    assert_eq!(bench.attest(&cookie, another.clone()).await.kind(), (401, "AttestationError".to_owned()));
    bench.pass(1000);
    crate::housekeeping::once(&bench.broker).unwrap();
    bench.pass(-1000);
    // Set right, and the operator says so.
    let now = UnixTime::from_secs(bench.time.load(Ordering::SeqCst));
    let bench = bench.restart(|| {
        let store = store();
        store.accept_clock(0, now).unwrap();
        store
    });
    assert_eq!(bench.attest(&cookie, another).await.kind(), (401, "AttestationError".to_owned()));
    let (cookie, nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &new_key())).await.token();
}
