use super::*;

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_secs(1_800_000_000 + seconds)
}

#[test]
fn the_clock_may_go_back_a_little_and_not_more() {
    let mut watch = Watch::new(30);
    assert_eq!(watch.look(at(100)), Ok(()));
    assert_eq!(watch.look(at(95)), Ok(()));
    assert_eq!(watch.look(at(94)), Err(ClockWrong::WentBack { now: at(94), newest: at(100) }));
    // Little by little is back as well, and being refused is nothing to get used to.
    assert_eq!(watch.look(at(94)), Err(ClockWrong::WentBack { now: at(94), newest: at(100) }));
    assert_eq!(watch.look(at(95)), Ok(()));
    assert_eq!(watch.look(at(10_000)), Ok(()));
}

#[test]
fn the_clock_may_lie_before_the_record_by_the_bound_and_not_more() {
    let mut watch = Watch::new(30);
    assert_eq!(watch.compare(at(70), None, Some(at(100))), Ok(None));
    let mut watch = Watch::new(30);
    let wrong = ClockWrong::BeforeRecord { now: at(69), recorded: at(100) };
    assert_eq!(watch.compare(at(69), None, Some(at(100))), Err(wrong));
    assert_eq!(watch.look(at(69)), Err(wrong));
    // Without another comparison it is right again as soon as it is.
    assert_eq!(watch.look(at(70)), Ok(()));
}

#[test]
fn the_clock_may_differ_from_the_stores_by_the_bound_and_not_more() {
    for difference in [-30, 30] {
        let mut watch = Watch::new(30);
        assert_eq!(watch.compare(at(0), Some(at(difference)), None), Ok(Some(at(0))));
        assert_eq!(watch.look(at(1)), Ok(()));
    }
    for difference in [-31, 31] {
        let mut watch = Watch::new(30);
        let wrong = ClockWrong::Differs { now: at(0), store: at(difference) };
        assert_eq!(watch.compare(at(0), Some(at(difference)), None), Err(wrong));
        assert_eq!(watch.look(at(1)), Err(wrong));
        assert_eq!(watch.compare(at(2), Some(at(2)), None), Ok(Some(at(2))));
        assert_eq!(watch.look(at(3)), Ok(()));
    }
}

#[test]
fn a_clock_that_is_not_believed_teaches_nothing() {
    let mut watch = Watch::new(30);
    assert_eq!(watch.compare(at(0), Some(at(0)), None), Ok(Some(at(0))));
    assert!(watch.compare(at(86_400), Some(at(10)), Some(at(0))).is_err());
    assert!(watch.look(at(86_401)).is_err());
    assert_eq!(watch.compare(at(20), Some(at(20)), Some(at(0))), Ok(None));
    assert_eq!(watch.look(at(20)), Ok(()));
}

#[test]
fn an_instant_is_put_on_record_at_first_and_when_the_last_one_is_old() {
    let mut watch = Watch::new(30);
    assert_eq!(watch.compare(at(0), None, None), Ok(Some(at(0))));
    assert_eq!(watch.compare(at(29), None, Some(at(0))), Ok(None));
    assert_eq!(watch.compare(at(30), None, Some(at(0))), Ok(Some(at(30))));
}

#[test]
fn the_ends_of_time_are_instants_too() {
    let (first, last) = (UnixTime::from_secs(i64::MIN), UnixTime::from_secs(i64::MAX));
    let mut watch = Watch::new(30);
    assert_eq!(watch.compare(first, Some(last), None), Err(ClockWrong::Differs { now: first, store: last }));
    assert_eq!(watch.compare(last, None, Some(first)), Ok(Some(last)));
    assert_eq!(watch.look(first), Err(ClockWrong::WentBack { now: first, newest: last }));
}
