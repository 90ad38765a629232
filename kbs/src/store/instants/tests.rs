use super::*;
use crate::root_key::RootKeys;
use crate::seal::SealingKey;

fn store() -> Store {
    Store::in_memory(RootKeys::of_key(SealingKey::from_bytes(&[7; 32]).unwrap()), 0)
}

#[test]
fn an_instant_stays_on_record_until_whoever_saw_it_puts_another_in_its_place() {
    let store = store();
    let at = UnixTime::from_secs;
    assert_eq!(store.newest_instant(), Ok(None));
    store.keep_instant(None, at(100)).unwrap();
    // Others that looked before the first one wrote change nothing.
    store.keep_instant(None, at(50)).unwrap();
    store.keep_instant(Some(at(99)), at(50)).unwrap();
    assert_eq!(store.newest_instant(), Ok(Some(at(100))));
    store.keep_instant(Some(at(100)), at(130)).unwrap();
    assert_eq!(store.newest_instant(), Ok(Some(at(130))));
    let challenge_keys = || -> Vec<u32> {
        let kept = store.own_keys(KeyPurpose::Challenge, at(100), new_key).unwrap();
        kept.iter().map(|key| key.version).collect()
    };
    assert_eq!(challenge_keys(), [1]);
    assert_eq!(store.accept_clock(41, at(-1)), Ok(42));
    assert_eq!(store.newest_instant(), Ok(Some(at(-1))));
    assert_eq!(challenge_keys(), [2]);
}

#[test]
fn a_record_of_another_form_is_no_instant() {
    let store = store();
    let change = Change::Put { table: Table::Meta, key: KEY.to_vec(), value: vec![0; 7] };
    super::super::make_all(&*store.backend, vec![change]).unwrap();
    assert_eq!(store.newest_instant(), Err(StoreError::Row { table: "meta" }));
}
