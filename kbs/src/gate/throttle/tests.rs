use std::sync::atomic::{AtomicU64, Ordering};

use super::addresses::ADDRESSES;
use super::*;

/// A throttle and the clock that it goes by, in milliseconds.
fn throttle(per_address: (u32, u32), in_all: (u32, u32)) -> (Throttle, Arc<AtomicU64>) {
    let rate = |(per_second, burst)| Rate { per_second, burst };
    let config = crate::config::tests::minimal();
    let limits = Limits { auth_per_address: rate(per_address), auth: rate(in_all), ..config.limits };
    let time = Arc::new(AtomicU64::new(0));
    let own = Arc::clone(&time);
    let clock = Steady::from_fn(move || Duration::from_millis(own.load(Ordering::SeqCst)));
    (Throttle::new(&limits, clock), time)
}

fn address(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

fn too_many(whose: &'static str, seconds: u64) -> Result<(), TooMany> {
    Err(TooMany { whose, seconds })
}

#[test]
fn an_address_has_its_burst_and_then_its_rate() {
    let (throttle, time) = throttle((2, 3), (1000, 1000));
    let one = address("192.0.2.1");
    for _ in 0..3 {
        assert_eq!(throttle.admit(one), Ok(()));
    }
    assert_eq!(throttle.admit(one), too_many("from this address", 1));
    assert_eq!(throttle.admit(address("192.0.2.2")), Ok(()));
    time.store(499, Ordering::SeqCst);
    assert_eq!(throttle.admit(one), too_many("from this address", 1));
    time.store(500, Ordering::SeqCst);
    assert_eq!(throttle.admit(one), Ok(()));
    assert_eq!(throttle.admit(one), too_many("from this address", 1));
}

#[test]
fn all_addresses_together_have_a_limit_and_who_shows_a_session_has_that_one_alone() {
    let (throttle, _) = throttle((1, 1), (1, 3));
    assert_eq!(throttle.admit(address("192.0.2.1")), Ok(()));
    assert_eq!(throttle.admit(address("192.0.2.1")), too_many("from this address", 1));
    assert_eq!((throttle.admit_known(), throttle.admit_known()), (Ok(()), Ok(())));
    assert_eq!(throttle.admit_known(), too_many("in all", 1));
    assert_eq!(throttle.admit(address("192.0.2.2")), too_many("in all", 1));
}

#[test]
fn the_wait_is_told_in_whole_seconds_and_is_enough() {
    let (throttle, time) = throttle((1, 1), (1, 1));
    assert_eq!(throttle.admit(None), Ok(()));
    time.store(1, Ordering::SeqCst);
    assert_eq!(throttle.admit(None), too_many("from this address", 1));
    time.store(1001, Ordering::SeqCst);
    assert_eq!(throttle.admit(None), Ok(()));
    let waits =
        [0, 1, 999_999_999, 1_000_000_000, 1_000_000_001].map(Duration::from_nanos).map(whole_seconds);
    assert_eq!(waits, [1, 1, 1, 1, 2]);
}

#[test]
fn addresses_of_one_ipv6_network_and_both_forms_of_an_ipv4_address_count_as_one() {
    let prefix = |text| Prefix::of(address(text));
    assert_eq!(prefix("2001:db8:0:1::1"), prefix("2001:db8:0:1:ffff:ffff:ffff:ffff"));
    assert_ne!(prefix("2001:db8:0:1::1"), prefix("2001:db8:0:2::1"));
    assert_eq!(prefix("::ffff:192.0.2.1"), prefix("192.0.2.1"));
    let apart = ["192.0.2.1", "0.0.0.0", "255.255.255.255", "2001:db8::1", "::1"].map(prefix);
    for (index, one) in apart.iter().enumerate() {
        assert!(!apart.iter().skip(index + 1).any(|other| other == one), "{one:?}");
    }
}

#[test]
fn an_address_is_spent_exactly_while_its_next_request_would_be_refused() {
    let (throttle, time) = throttle((1, 2), (1000, 1000));
    let one = address("192.0.2.1");
    assert!(!throttle.is_spent(one));
    assert_eq!(throttle.admit(one), Ok(()));
    assert!(!throttle.is_spent(one));
    assert_eq!(throttle.admit(one), Ok(()));
    assert!(throttle.is_spent(one) && !throttle.is_spent(address("192.0.2.2")));
    time.store(999, Ordering::SeqCst);
    assert!(throttle.is_spent(one));
    time.store(1000, Ordering::SeqCst);
    assert!(!throttle.is_spent(one));
    assert_eq!(throttle.admit(one), Ok(()));
}

#[test]
fn the_number_of_addresses_that_are_kept_is_bounded_and_idle_ones_are_forgotten() {
    let (throttle, time) = throttle((1, 10), (1_000_000, 1_000_000));
    let flood = |count: usize| {
        for number in 0..count {
            let address = Ipv6Addr::from((u128::from(u64::MAX - 1) << 64) - ((number as u128) << 64));
            assert_eq!(throttle.admit(Some(address.into())), Ok(()));
        }
    };
    flood(ADDRESSES + 100);
    assert_eq!(throttle.addresses.count(), ADDRESSES);
    // What was seen first is still held to its limit.
    time.store(1100, Ordering::SeqCst);
    assert_eq!(throttle.admit(address("192.0.2.1")), Ok(()));
    assert_eq!(throttle.addresses.count(), 1);
}
