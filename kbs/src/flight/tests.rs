use kbs_protocol::HashAlgorithm;
use verifier::evidence::Tee;
use verifier::time::UnixTime;

use super::*;
use crate::session::Challenge;
use crate::system::rng;

fn nonce() -> Nonce {
    Challenge::new(Tee::Snp, HashAlgorithm::Sha384, UnixTime::from_secs(0), &mut rng()).nonce()
}

#[tokio::test]
async fn the_second_of_one_nonce_waits_and_other_nonces_do_not() {
    let flights = Arc::new(Flights::default());
    let (one, other) = (nonce(), nonce());
    let first = flights.take_off(one).await;
    let second = {
        let flights = Arc::clone(&flights);
        tokio::spawn(async move { flights.take_off(one).await })
    };
    tokio::task::yield_now().await;
    assert!(!second.is_finished());
    drop(flights.take_off(other).await);
    drop(first);
    drop(second.await.unwrap());
    assert_eq!(flights.count(), 0);
}

#[tokio::test]
async fn a_waiter_that_gives_up_leaves_nothing_behind() {
    let flights = Arc::new(Flights::default());
    let one = nonce();
    let first = flights.take_off(one).await;
    let waiter = {
        let flights = Arc::clone(&flights);
        tokio::spawn(async move { flights.take_off(one).await })
    };
    tokio::task::yield_now().await;
    waiter.abort();
    let _ = waiter.await;
    drop(first);
    assert_eq!(flights.count(), 0);
}
