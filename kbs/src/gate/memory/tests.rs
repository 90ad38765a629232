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
    let memory = BodyMemory::new(4 * PAGE);
    let (mut one, mut other) = (Held::default(), Held::default());
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
    let memory = BodyMemory::new(PAGE);
    let mut one = Held::default();
    memory.cover(&mut one, PAGE, &mut patience()).await.unwrap();
    let mut other = Held::default();
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
