use std::time::Duration;

use kbs_protocol::HashAlgorithm;
use verifier::evidence::Tee;
use verifier::time::UnixTime;

use super::*;
use crate::session::Challenge;
use crate::system::rng;

fn nonce() -> Nonce {
    Challenge::new(Tee::Snp, HashAlgorithm::Sha384, UnixTime::from_secs(0), &mut rng()).nonce()
}

async fn take_off(flights: &Flights, nonce: Nonce) -> Flight {
    flights.board(nonce).unwrap().take_off(&mut Patience::new(Duration::from_secs(10))).await.unwrap()
}

#[tokio::test]
async fn the_second_of_one_nonce_waits_and_other_nonces_do_not() {
    let flights = Arc::new(Flights::default());
    let (one, other) = (nonce(), nonce());
    let first = take_off(&flights, one).await;
    let second = {
        let flights = Arc::clone(&flights);
        tokio::spawn(async move { take_off(&flights, one).await })
    };
    tokio::task::yield_now().await;
    assert!(!second.is_finished());
    drop(take_off(&flights, other).await);
    drop(first);
    drop(second.await.unwrap());
    assert_eq!(flights.count(), 0);
}

#[tokio::test]
async fn a_waiter_that_gives_up_leaves_nothing_behind() {
    let flights = Arc::new(Flights::default());
    let one = nonce();
    let first = take_off(&flights, one).await;
    let waiter = {
        let flights = Arc::clone(&flights);
        tokio::spawn(async move { take_off(&flights, one).await })
    };
    tokio::task::yield_now().await;
    waiter.abort();
    let _ = waiter.await;
    drop(first);
    assert_eq!(flights.count(), 0);
}

#[tokio::test]
async fn a_nonce_has_so_many_requests_in_progress_and_not_more() {
    let flights = Flights::default();
    let one = nonce();
    let first = take_off(&flights, one).await;
    let second = flights.board(one).unwrap();
    let others: Vec<Boarding> = (2..ABOARD).map(|_| flights.board(one).unwrap()).collect();
    assert_eq!(flights.board(one).err(), Some(Busy::Session));
    assert!(flights.board(nonce()).is_ok());
    let most = Duration::from_millis(20);
    assert_eq!(second.take_off(&mut Patience::new(most)).await.err(), Some(Busy::Waited(most)));
    drop(first);
    assert!(flights.board(one).is_ok());
    drop(others);
    assert_eq!(flights.count(), 0);
}
