use super::*;

const MOMENT: Duration = Duration::from_millis(10);

#[test]
fn gives_back_what_was_made() {
    assert_eq!(Worker::default().run(MOMENT, || 7), Ended::Done(7));
}

#[test]
fn a_panic_of_the_work_is_a_failure_and_not_the_callers() {
    let worker = Worker::default();
    let ended = worker.run(MOMENT, || -> u8 { std::panic::resume_unwind(Box::new(())) });
    assert_eq!(ended, Ended::Failed { reason: "the engine panicked" });
    assert_eq!(worker.run(MOMENT, || 1), Ended::Done(1));
}

#[test]
fn work_that_nobody_waits_for_takes_room_until_it_ends() {
    let worker = Worker::default();
    let (release, wait) = sync_channel::<()>(0);
    let wait = Arc::new(Mutex::new(wait));
    for _ in 0..SLOTS {
        let wait = wait.clone();
        // Each ends when it is told to, or when there is nobody left to tell it.
        let ended = worker.run(Duration::ZERO, move || wait.lock().unwrap().recv().is_ok());
        assert_eq!(ended, Ended::Late);
    }
    assert_eq!(worker.run(MOMENT, || 1), Ended::Late);
    release.send(()).unwrap();
    assert_eq!(worker.run(Duration::from_secs(10), || 1), Ended::Done(1));
    drop(release);
}
