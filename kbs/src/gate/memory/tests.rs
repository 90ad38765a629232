use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::*;

fn patience() -> Patience {
    Patience::new(Duration::from_millis(20))
}

#[tokio::test]
async fn room_is_taken_by_the_page_and_given_back() {
    let memory = BodyMemory::new(4 * PAGE, 4 * PAGE);
    let (mut one, mut other) = (memory.held(None), memory.held(None));
    memory.cover(&mut one, 1, &mut patience()).await.unwrap();
    memory.cover(&mut one, PAGE, &mut patience()).await.unwrap();
    assert_eq!(one.bytes(), PAGE);
    memory.cover(&mut one, PAGE + 1, &mut patience()).await.unwrap();
    assert_eq!(one.bytes(), 2 * PAGE);
    memory.cover(&mut other, 2 * PAGE, &mut patience()).await.unwrap();
    assert_eq!(memory.cover(&mut other, 2 * PAGE + 1, &mut patience()).await, Err(Busy::Memory));
    drop(one);
    assert_eq!(memory.cover(&mut other, 4 * PAGE, &mut patience()).await, Ok(()));
}

#[tokio::test]
async fn who_finds_no_room_waits_for_it() {
    let memory = BodyMemory::new(PAGE, PAGE);
    let mut one = memory.held(None);
    memory.cover(&mut one, PAGE, &mut patience()).await.unwrap();
    let mut other = memory.held(None);
    let covered = {
        let mut waits = patience();
        let mut waiting = pin!(memory.cover(&mut other, PAGE, &mut waits));
        let mut look = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut look).is_pending());
        drop(one);
        waiting.as_mut().poll(&mut look)
    };
    assert_eq!((covered, other.bytes()), (Poll::Ready(Ok(())), PAGE));
}

#[tokio::test]
async fn one_address_takes_no_more_than_its_share() {
    let memory = BodyMemory::new(16 * PAGE, PAGE);
    let address = |last: u8| Some(IpAddr::from([192, 0, 2, last]));
    let mut greedy: Vec<Held> = (0..5).map(|_| memory.held(address(1))).collect();
    for held in &mut greedy[..4] {
        assert_eq!(memory.cover(held, PAGE, &mut patience()).await, Ok(()));
    }
    assert_eq!(memory.cover(&mut greedy[4], 1, &mut patience()).await, Err(Busy::Memory));
    let mut other = memory.held(address(2));
    assert_eq!(memory.cover(&mut other, 4 * PAGE, &mut patience()).await, Ok(()));
    // What is given back is the address's again.
    drop(greedy.remove(0));
    assert_eq!(memory.cover(&mut greedy[3], 1, &mut patience()).await, Ok(()));
    // A whole body has room from any address.
    let small = BodyMemory::new(16 * PAGE, 9 * PAGE);
    let mut whole = small.held(address(1));
    assert_eq!(small.cover(&mut whole, 9 * PAGE, &mut patience()).await, Ok(()));
    assert_eq!(small.cover(&mut whole, 10 * PAGE, &mut patience()).await, Err(Busy::Memory));
}

#[test]
fn addresses_that_hold_nothing_are_not_kept_for_ever() {
    let memory = BodyMemory::new(16 * PAGE, PAGE);
    let kept = memory.held(None);
    for number in 0..3 * KEPT {
        let [.., c, d] = number.to_be_bytes();
        drop(memory.held(Some(IpAddr::from([10, u8::try_from(number >> 16).unwrap(), c, d]))));
    }
    let shares = memory.shares.lock().unwrap();
    assert!(shares.len() <= KEPT && shares.contains_key(&Prefix::of(None)), "{}", shares.len());
    drop(kept);
}
