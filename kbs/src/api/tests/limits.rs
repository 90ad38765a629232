//! What a stranger may ask, and what a guest with a session waits for.

use std::net::SocketAddr;

use super::*;
use crate::gate::Held;

const AUTH: &str = "/kbs/v0/auth";
const ATTEST: &str = "/kbs/v0/attest";
/// One address may ask twice and then once a second.
const TWO_AT_ONCE: &str = "auth_per_address_per_second = 1\nauth_per_address_burst = 2\n";

fn too_many(whose: &str) -> (u16, String, String) {
    (429, "AttestationError".to_owned(), format!("too many requests {whose}; try again in 1 s"))
}

fn from(request: TestRequest, address: &str) -> TestRequest {
    request.peer_addr(SocketAddr::new(address.parse().unwrap(), 1))
}

fn auth() -> TestRequest {
    TestRequest::post().uri(AUTH).set_payload(serde_json::to_vec(&Request::new(Tee::Sample)).unwrap())
}

#[actix_web::test]
async fn an_address_that_asks_too_often_is_told_when_to_come_back_before_its_body_is_read() {
    let (bench, time) = Bench::with_limits("limits-auth", TWO_AT_ONCE);
    let malformed = || TestRequest::post().uri(AUTH).set_payload("{");
    for _ in 0..2 {
        assert_eq!(bench.send(from(malformed(), "192.0.2.1")).await.status, StatusCode::BAD_REQUEST);
    }
    let answer = bench.send(from(malformed(), "192.0.2.1")).await;
    assert_eq!((answer.error(), answer.retry_after.as_deref()), (too_many("from this address"), Some("1")));
    assert_eq!(bench.send(from(auth(), "192.0.2.2")).await.status, StatusCode::OK);
    time.store(1000, Ordering::SeqCst);
    assert_eq!(bench.send(from(auth(), "192.0.2.1")).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn all_addresses_together_have_a_limit_too() {
    let (bench, _) = Bench::with_limits("limits-all", "auth_per_second = 1\nauth_burst = 2\n");
    for address in ["192.0.2.1", "192.0.2.2"] {
        assert_eq!(bench.send(from(auth(), address)).await.status, StatusCode::OK);
    }
    let answer = bench.send(from(auth(), "192.0.2.3")).await;
    assert_eq!((answer.error(), answer.retry_after.as_deref()), (too_many("in all"), Some("1")));
}

/// Every kind of request that shows nothing that holds.
fn junk(expired: &str) -> Vec<TestRequest> {
    let get = || TestRequest::get().uri(RESOURCE);
    let post = || TestRequest::post().uri(ATTEST).set_payload("{");
    vec![
        get(),
        get().insert_header(cookie_header("nonsense")),
        get().insert_header(cookie_header(expired)),
        get().insert_header(bearer("a.b.c")),
        post(),
        post().insert_header(cookie_header("nonsense")),
        post().insert_header(cookie_header(expired)),
    ]
}

#[actix_web::test]
async fn junk_counts_and_a_session_or_token_from_the_same_address_does_not() {
    let (bench, _) = Bench::with_limits("limits-junk", TWO_AT_ONCE);
    bench.store_secret().await;
    let (expired, _) = bench.auth().await;
    bench.pass(300);
    let address = "192.0.2.1";
    let first = bench.send(from(auth(), address)).await;
    let cookie = first.cookie.unwrap();
    let key = new_key();
    let body = good(&Challenge::parse(&first.body).unwrap().nonce, &key);
    // One was taken for the challenge; the first of the junk takes the other.
    assert_eq!(bench.send(from(TestRequest::get().uri(RESOURCE), address)).await.kind().0, 401);
    for request in junk(&expired) {
        assert_eq!(bench.send(from(request, address)).await.error(), too_many("from this address"));
    }
    // A neighbour behind the same address: its session, and its token, which has to be told from junk.
    let attest = TestRequest::post().uri(ATTEST).insert_header(cookie_header(&cookie)).set_payload(body);
    let token = bench.send(from(attest, address)).await.token();
    for head in [cookie_header(&cookie), bearer(&token)] {
        let get = TestRequest::get().uri(RESOURCE).insert_header(head);
        assert_eq!(bench.send(from(get, address)).await.status, StatusCode::OK);
    }
    // With a session even a new challenge is had.
    let again = auth().insert_header(cookie_header(&cookie));
    assert_eq!(bench.send(from(again, address)).await.status, StatusCode::OK);
    // From elsewhere the junk is told what it always was.
    for (number, request) in junk(&expired).into_iter().enumerate() {
        let answer = bench.send(from(request, &format!("198.51.100.{number}"))).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{number}");
    }
}

#[actix_web::test]
async fn a_cookie_that_was_never_attested_earns_nothing() {
    let (bench, _) = Bench::with_limits("limits-earned", TWO_AT_ONCE);
    bench.store_secret().await;
    let address = "192.0.2.1";
    let cookie = bench.send(from(auth(), address)).await.cookie.unwrap();
    let get = |with: &str| {
        let get = TestRequest::get().uri(RESOURCE).insert_header(cookie_header(with));
        from(get.insert_header(bearer("a.b.c")), address)
    };
    // The first counts, with junk beside it or not.
    assert_eq!(bench.send(get(&cookie)).await.kind().0, 401);
    for _ in 0..3 {
        assert_eq!(bench.send(get(&cookie)).await.error(), too_many("from this address"));
        let alone = TestRequest::get().uri(RESOURCE).insert_header(cookie_header(&cookie));
        assert_eq!(bench.send(from(alone, address)).await.error(), too_many("from this address"));
        let again = auth().insert_header(cookie_header(&cookie));
        assert_eq!(bench.send(from(again, address)).await.error(), too_many("from this address"));
    }
    // It still is what an attestation begins with; then it is a session.
    let first = bench.send(from(auth(), "192.0.2.2")).await;
    let cookie = first.cookie.unwrap();
    let body = good(&Challenge::parse(&first.body).unwrap().nonce, &new_key());
    let attest = TestRequest::post().uri(ATTEST).insert_header(cookie_header(&cookie)).set_payload(body);
    bench.send(from(attest, address)).await.token();
    for _ in 0..3 {
        assert_eq!(bench.send(get(&cookie)).await.status, StatusCode::OK);
        let again = auth().insert_header(cookie_header(&cookie));
        assert_eq!(bench.send(from(again, address)).await.status, StatusCode::OK);
    }
}

#[actix_web::test]
async fn a_challenge_is_answered_wrongly_so_often_and_then_one_begins_anew() {
    let (bench, _) = Bench::with_limits("limits-misses", "");
    let attest = |cookie: &str, body: Vec<u8>| {
        TestRequest::post().uri(ATTEST).insert_header(cookie_header(cookie)).set_payload(body)
    };
    let (cookie, challenge) = bench.auth().await;
    let key = new_key();
    // No JSON, another session's nonce, evidence that is bound to another key, and no key at all.
    let (_, other) = bench.auth().await;
    let right = good(&challenge, &key);
    let text = String::from_utf8(right.clone()).unwrap();
    let of_another_key = text.replacen("\"kty\"", "\"kid\":\"another\",\"kty\"", 1);
    assert_ne!(of_another_key, text);
    let keyless = text.replacen("\"kty\"", "\"other\"", 1);
    let wrong = [b"{".to_vec(), good(&other, &key), of_another_key.into_bytes(), keyless.into_bytes()];
    for (number, body) in wrong.into_iter().enumerate() {
        let answer = bench.send(attest(&cookie, body)).await;
        assert!(answer.status.is_client_error(), "{number}: {}", answer.status);
        assert!(!answer.error().2.contains("too often"), "{number}");
    }
    // Now nobody reads what answers it, and a neighbour's challenge is none the worse for it.
    let answer = bench.send(attest(&cookie, right)).await;
    assert_eq!(answer.kind().0, 401);
    assert!(
        answer.error().2.contains("answered wrongly too often: begin with /auth"),
        "{:?}",
        answer.error()
    );
    let (cookie, challenge) = bench.auth().await;
    bench.send(attest(&cookie, good(&challenge, &key))).await.token();
}

#[actix_web::test]
async fn tokens_from_an_address_that_sent_junk_wait_for_each_other_and_for_nobody_else() {
    let (bench, _) = Bench::with_limits("limits-suspects", TWO_AT_ONCE);
    let gate = &bench.broker.gate;
    let (junk, good) = (Some("192.0.2.1".parse().unwrap()), Some("192.0.2.2".parse().unwrap()));
    assert!(std::ptr::eq(gate.token_lane(junk), gate.token_lane(good)));
    for _ in 0..2 {
        let get = TestRequest::get().uri(RESOURCE).insert_header(bearer("a.b.c"));
        assert_eq!(bench.send(from(get, "192.0.2.1")).await.kind().0, 401);
    }
    assert!(!std::ptr::eq(gate.token_lane(junk), gate.token_lane(good)));
    let _slot = gate.token_lane(junk).try_enter().unwrap();
    assert_eq!(gate.token_lane(junk).free(), 0);
    assert_eq!(gate.token_lane(good).free(), 4);
}

#[actix_web::test]
async fn tokens_that_are_no_admins_count_and_an_admins_does_not() {
    let (bench, _) = Bench::with_limits("limits-admin", TWO_AT_ONCE);
    let address = "192.0.2.1";
    let put = |token: &str| {
        let request = TestRequest::post().uri(RESOURCE).insert_header(bearer(token)).set_payload(SECRET);
        from(request, address)
    };
    for _ in 0..2 {
        assert_eq!(bench.send(put("a.b.c")).await.kind(), (401, "AdminAuthAccess".to_owned()));
    }
    assert_eq!(bench.send(put("a.b.c")).await.error(), too_many("from this address"));
    let ask =
        |token: &str| from(TestRequest::get().uri("/v1/refusals").insert_header(bearer(token)), address);
    assert_eq!(bench.send(ask("a.b.c")).await.status, StatusCode::TOO_MANY_REQUESTS);
    let token = bench.admin_token();
    assert_eq!(bench.send(put(&token)).await.status, StatusCode::OK);
    assert_eq!(bench.send(ask(&token)).await.status, StatusCode::OK);
    // While another one from there is looked at, it waits outside.
    let _turn = bench.broker.gate.turn(Some(address.parse().unwrap())).unwrap();
    assert_eq!(bench.send(put(&token)).await.error(), too_many("from this address"));
}

/// A guest that attested, with what it needs for a release, and another one that is about to.
async fn two_guests(bench: &Bench) -> (String, (String, Vec<u8>)) {
    bench.store_secret().await;
    let (cookie, nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    let (other, nonce) = bench.auth().await;
    (cookie, (other, good(&nonce, &new_key())))
}

#[actix_web::test]
async fn releases_do_not_wait_for_attestations_however_many_there_are() {
    let (bench, _) = Bench::with_limits("limits-lanes", "queue = 1\n");
    let (released, (cookie, body)) = two_guests(&bench).await;
    let (more_cookie, more_nonce) = bench.auth().await;
    let lane = &bench.broker.gate.attestations;
    let slot = lane.try_enter().unwrap();
    let others = async {
        while lane.places() > 0 {
            tokio::task::yield_now().await;
        }
        // No place is left: the next attestation is told so at once.
        let answer = bench.attest(&more_cookie, good(&more_nonce, &new_key())).await;
        let full = "too many requests are waiting; try again".to_owned();
        assert_eq!(answer.error(), (503, "AttestationError".to_owned(), full));
        assert_eq!(answer.retry_after.as_deref(), Some("5"));
        for _ in 0..10 {
            assert_eq!(bench.get(cookie_header(&released)).await.status, StatusCode::OK);
        }
        drop(slot);
    };
    // The one that waited gets its turn.
    let (waited, ()) = tokio::join!(bench.attest(&cookie, body), others);
    waited.token();
}

#[actix_web::test]
async fn a_request_with_a_session_waits_so_long_and_then_may_come_again() {
    let (bench, _) = Bench::with_limits("limits-wait", "queue_seconds = 1\nreleases = 1\n");
    let (released, (cookie, body)) = two_guests(&bench).await;
    let gate = &bench.broker.gate;
    let slots = [gate.attestations.try_enter().unwrap(), gate.releases.try_enter().unwrap()];
    let (attested, got) =
        tokio::join!(bench.attest(&cookie, body.clone()), bench.get(cookie_header(&released)));
    for answer in [attested, got] {
        let words = "the turn of this request did not come in 1 s; try again".to_owned();
        assert_eq!(answer.error(), (503, "AttestationError".to_owned(), words));
        assert_eq!(answer.retry_after.as_deref(), Some("5"));
    }
    drop(slots);
    bench.attest(&cookie, body).await.token();
    assert_eq!(bench.get(cookie_header(&released)).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn bodies_take_so_much_memory_and_releases_need_none_of_it() {
    let (bench, _) = Bench::with_limits("limits-memory", "queue_seconds = 1\nbody_memory_mib = 4\n");
    let (released, (cookie, body)) = two_guests(&bench).await;
    let gate = &bench.broker.gate;
    let neighbour = |last: u8| gate.bodies.held(Some(std::net::IpAddr::from([192, 0, 2, last])));
    let mut all: Vec<Held> = (0..4).map(neighbour).collect();
    // One address has its share, and nobody else misses anything.
    gate.bodies.cover(&mut all[0], 1 << 20, &mut gate.patience()).await.unwrap();
    assert!(gate.bodies.cover(&mut all[0], (1 << 20) + 1, &mut gate.patience()).await.is_err());
    bench.attest(&cookie, body.clone()).await.token();
    let (_, (cookie, body)) = two_guests(&bench).await;
    for held in &mut all[1..] {
        gate.bodies.cover(held, 1 << 20, &mut gate.patience()).await.unwrap();
    }
    let answer = bench.attest(&cookie, body.clone()).await;
    let words = "too many bodies are in memory; try again".to_owned();
    assert_eq!(answer.error(), (503, "AttestationError".to_owned(), words));
    assert_eq!(bench.get(cookie_header(&released)).await.status, StatusCode::OK);
    drop(all);
    bench.attest(&cookie, body).await.token();
}

#[actix_web::test]
async fn one_session_has_so_many_requests_in_progress() {
    let (bench, _) = Bench::with_limits("limits-session", "");
    let (_, (cookie, body)) = two_guests(&bench).await;
    let nonce = crate::session::Challenge::from_cookie(
        &cookie,
        &bench.broker.challenge_keys,
        UnixTime::from_secs(START),
    );
    let nonce = nonce.unwrap().nonce();
    let mut aboard: Vec<_> = (0..4).map(|_| bench.broker.flights.board(nonce).unwrap()).collect();
    let words = "this session has too many requests in progress; try again".to_owned();
    let answer = bench.attest(&cookie, body.clone()).await;
    assert_eq!(answer.error(), (503, "AttestationError".to_owned(), words));
    aboard.pop();
    bench.attest(&cookie, body).await.token();
}
