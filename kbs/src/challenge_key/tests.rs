use super::*;
use crate::store::tests::key;

impl ChallengeKeys {
    /// Keys that no store has, for tests.
    pub(crate) fn fixed(keys: &[(u32, [u8; 32])]) -> Self {
        let key = |bytes| Arc::new(SealingKey::from_bytes(bytes).unwrap());
        let keys = keys.iter().map(|(number, bytes)| (*number, 0, key(bytes))).collect();
        Self { store: None, known: Mutex::new(Known::of(keys, UnixTime::from_secs(i64::MAX))) }
    }
}

const NOW: UnixTime = UnixTime::from_secs(1_775_000_000);
const SESSION: i64 = 300;

fn later(seconds: i64) -> UnixTime {
    NOW.plus_secs(seconds)
}

fn numbers(keys: &ChallengeKeys) -> Vec<u32> {
    keys.known.lock().unwrap().keys.iter().map(|(number, ..)| *number).collect()
}

#[test]
fn replicas_share_the_first_key_and_a_restart_keeps_it() {
    let store = Arc::new(Store::in_memory(key(), 0));
    let open = || ChallengeKeys::open(Arc::clone(&store), NOW).unwrap();
    let (one, two) = (open(), open());
    assert_eq!(one.newest().1.expose(), two.newest().1.expose());
    assert_eq!(one.numbered(1).unwrap().expose(), two.newest().1.expose());
    assert!(one.numbered(2).is_none());
}

#[test]
fn a_key_is_followed_after_thirty_days_and_seals_once_every_replica_knows_the_next() {
    let store = Arc::new(Store::in_memory(key(), 0));
    let open = || ChallengeKeys::open(Arc::clone(&store), NOW).unwrap();
    let (one, two) = (open(), open());
    one.tend(SESSION, later(LIFE_SECONDS - 1)).unwrap();
    assert_eq!(numbers(&one), [1]);
    let made = later(LIFE_SECONDS);
    one.tend(SESSION, made).unwrap();
    assert_eq!((numbers(&one), one.newest().0), (vec![1, 2], 1));
    two.tend(SESSION, made.plus_secs(PUBLISHED_SECONDS - 1)).unwrap();
    assert_eq!((numbers(&two), two.newest().0), (vec![1, 2], 1));
    two.tend(SESSION, made.plus_secs(PUBLISHED_SECONDS)).unwrap();
    assert_eq!(two.newest().0, 2);
    // What the new key seals opens everywhere, and what the old one sealed until no session of it is left.
    assert!(one.numbered(2).is_some());
    two.tend(SESSION, made.plus_secs(SESSION + SLACK_SECONDS)).unwrap();
    assert_eq!(numbers(&two), [1, 2]);
    two.tend(SESSION, made.plus_secs(SESSION + SLACK_SECONDS + 1)).unwrap();
    assert_eq!(numbers(&two), [2]);
}
