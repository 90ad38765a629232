use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;

fn patience() -> Patience {
    Patience::new(Duration::from_secs(10))
}

/// One look at a future that may wait.
fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn who_waits_gets_the_slot_that_becomes_free_in_the_order_of_arrival() {
    let lane = Lane::new(1, 2);
    let slot = lane.enter(&mut patience()).await.unwrap();
    let (mut one, mut other) = (patience(), patience());
    let (mut first, mut second) = (pin!(lane.enter(&mut one)), pin!(lane.enter(&mut other)));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    drop(slot);
    assert!(poll(second.as_mut()).is_pending());
    let Poll::Ready(Ok(slot)) = poll(first.as_mut()) else { panic!("the first still waits") };
    drop(slot);
    assert!(poll(second.as_mut()).is_ready());
}

#[tokio::test]
async fn beyond_the_queue_there_is_no_wait_at_all() {
    let lane = Lane::new(1, 1);
    let slot = lane.enter(&mut patience()).await.unwrap();
    {
        let mut waits = patience();
        let mut waiting = pin!(lane.enter(&mut waits));
        assert!(poll(waiting.as_mut()).is_pending());
        assert_eq!(lane.enter(&mut patience()).await.unwrap_err(), Busy::QueueFull);
    }
    // Whoever gave up left his place.
    let mut waits = patience();
    let mut waiting = pin!(lane.enter(&mut waits));
    assert!(poll(waiting.as_mut()).is_pending());
    drop(slot);
    assert!(poll(waiting.as_mut()).is_ready());
}

#[tokio::test]
async fn the_wait_ends_with_its_patience() {
    let most = Duration::from_millis(20);
    let lane = Lane::new(1, 1);
    let slot = lane.enter(&mut Patience::new(most)).await.unwrap();
    let began = tokio::time::Instant::now();
    assert_eq!(lane.enter(&mut Patience::new(most)).await.unwrap_err(), Busy::Waited(most));
    assert!(began.elapsed() >= most);
    drop(slot);
    assert!(lane.enter(&mut Patience::new(most)).await.is_ok());
}
