//! What the broker does by itself.

use super::*;
use crate::housekeeping;
use crate::session::{Challenge as Sealed, Nonce};
use crate::store::{KeyPurpose, StoreError};

fn nonce_of(bench: &Bench, cookie: &str) -> Nonce {
    let keys = &bench.broker.challenge_keys;
    Sealed::from_cookie(cookie, keys, UnixTime::from_secs(START)).unwrap().nonce()
}

#[actix_web::test]
async fn a_row_that_nobody_can_read_keeps_nothing_else_from_being_done() {
    let bench = Bench::new("housekeeping-row", ALLOW_ALL);
    let (cookie, nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    let spent = nonce_of(&bench, &cookie);
    bench.broker.store.forge_secret_version("models/key/broken");
    let keys = || bench.broker.store.kept_keys(KeyPurpose::Token).unwrap().len();
    assert_eq!(keys(), 1);
    // The time of the signing key is over, and that of the session.
    bench.pass(40 * 86_400);
    assert!(housekeeping::once(&bench.broker).is_err(), "the row is told of");
    assert_eq!(keys(), 2);
    let before = UnixTime::from_secs(START);
    assert_eq!(bench.broker.store.session(&spent, before), Ok(None));
}

#[actix_web::test]
async fn no_nonce_is_forgotten_while_a_replica_within_its_bound_takes_its_challenge() {
    let bench = Bench::new("housekeeping-skew", ALLOW_ALL);
    let (cookie, nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    let spent = nonce_of(&bench, &cookie);
    // A replica that is as far ahead of the store as may be purges; one that is as far behind takes the challenge until its
    // time is over.
    let skew = i64::from(config::MOST_SKEW_SECONDS);
    let life = i64::try_from(bench.broker.config.limits.session.as_secs()).unwrap();
    bench.pass(life - 1 + 2 * skew);
    housekeeping::once(&bench.broker).unwrap();
    bench.pass(-2 * skew);
    let now = UnixTime::from_secs(bench.time.load(Ordering::SeqCst));
    assert!(bench.broker.store.session(&spent, now).unwrap().is_some());
}

#[actix_web::test]
async fn whatever_is_missing_of_a_decision_is_found_out() {
    let bench = Bench::new("verify-missing", ALLOW_ALL);
    bench.store_secret().await;
    let (cookie, nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    assert_eq!(bench.get(cookie_header(&cookie)).await.status, StatusCode::OK);
    let store = &bench.broker.store;
    let found = store.verify().unwrap();
    assert_eq!((found.records, found.secrets), (2, 1));
    let count = store.without_each_content(|| {
        let found = store.verify();
        assert!(matches!(found, Err(StoreError::Missing { .. })), "{found:?}");
    });
    assert!(count > 8, "{count}");
    assert_eq!(store.verify(), Ok(found));
}
