use super::*;
use crate::store::Store;

const NOW: UnixTime = UnixTime::from_secs(1_775_000_000);

/// What tests of tokens need of the keys.
pub(crate) mod token_keys {
    use super::*;

    pub(crate) const RULES: Rules = Rules {
        purpose: KeyPurpose::Token,
        algorithm: SigningAlgorithm::Es256,
        life: 30 * 24 * 3600,
        token: 300,
    };

    /// A store without anything in it.
    pub(crate) fn store() -> Arc<Store> {
        Arc::new(Store::in_memory(crate::store::tests::key(), 1 << 20))
    }
}

/// Keys of a store of their own.
pub(crate) fn keys_at(now: UnixTime) -> SigningKeys {
    SigningKeys::open(token_keys::store(), token_keys::RULES, now).unwrap()
}

fn signer(keys: &SigningKeys, now: UnixTime) -> String {
    keys.signer(now).unwrap().kid().to_owned()
}

fn published(keys: &SigningKeys, now: UnixTime) -> Vec<String> {
    let set = keys.published(now);
    let kids = set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned());
    kids.collect()
}

#[test]
fn a_new_key_is_published_before_it_signs_and_the_old_one_verifies_until_its_last_token_is_over() {
    let keys = keys_at(NOW);
    let old = signer(&keys, NOW);
    let Rotated { kid: new, signs_from } = keys.rotate(NOW).unwrap();
    assert_eq!(signs_from, NOW.plus_secs(600));
    assert_eq!(published(&keys, NOW), [old.clone(), new.clone()]);
    assert_eq!(signer(&keys, NOW.plus_secs(599)), old);
    assert!(keys.of_kid(&new, NOW).is_some());
    assert_eq!(signer(&keys, NOW.plus_secs(600)), new);
    // The last token of the old key, and what clocks differ by.
    let last = NOW.plus_secs(600 + 300 + 300 - 1);
    keys.tend(last).unwrap();
    assert!(keys.of_kid(&old, last).is_some());
    assert_eq!(published(&keys, last), [old.clone(), new.clone()]);
    let over = last.plus_secs(1);
    assert!(keys.of_kid(&old, over).is_none());
    assert_eq!(published(&keys, over), std::slice::from_ref(&new));
    keys.tend(over).unwrap();
    let kept = keys.store.kept_keys(KeyPurpose::Token).unwrap();
    assert_eq!(kept.iter().map(|key| key.version).collect::<Vec<_>>(), [2]);
    assert_eq!(signer(&keys, over), new);
}

#[test]
fn a_key_that_is_old_is_followed_by_another() {
    let keys = keys_at(NOW);
    let old = signer(&keys, NOW);
    let life = token_keys::RULES.life;
    keys.tend(NOW.plus_secs(life - 1)).unwrap();
    assert_eq!(published(&keys, NOW), std::slice::from_ref(&old));
    keys.tend(NOW.plus_secs(life)).unwrap();
    keys.tend(NOW.plus_secs(life + 1)).unwrap();
    assert_eq!(published(&keys, NOW.plus_secs(life)).len(), 2);
    assert_eq!(signer(&keys, NOW.plus_secs(life + 599)), old);
    assert_ne!(signer(&keys, NOW.plus_secs(life + 600)), old);
}

#[test]
fn another_replica_verifies_under_a_key_that_it_did_not_make() {
    let store = token_keys::store();
    let open = || SigningKeys::open(Arc::clone(&store), token_keys::RULES, NOW).unwrap();
    let (one, two) = (open(), open());
    assert_eq!(signer(&one, NOW), signer(&two, NOW));
    let new = one.rotate(NOW).unwrap().kid;
    // Unknown ids cause one look a second: the one of this second was the start's.
    assert!(two.of_kid(&new, NOW).is_none());
    assert!(two.of_kid(&new, NOW.plus_secs(1)).is_some());
    let later = NOW.plus_secs(600);
    assert!(two.of_kid("nobody's", later).is_none());
    let newer = one.rotate(later).unwrap().kid;
    assert!(two.of_kid(&newer, later).is_none());
    two.tend(later).unwrap();
    assert!(two.of_kid(&newer, later).is_some());
}

#[test]
fn a_key_survives_a_restart() {
    let store = token_keys::store();
    let open = || SigningKeys::open(Arc::clone(&store), token_keys::RULES, NOW).unwrap();
    let before = signer(&open(), NOW);
    assert_eq!(signer(&open(), NOW.plus_secs(60)), before);
}

#[test]
fn no_key_is_made_while_another_waits_to_sign() {
    let keys = keys_at(NOW);
    keys.rotate(NOW).unwrap();
    let signs_from = NOW.plus_secs(600);
    assert_eq!(keys.rotate(NOW.plus_secs(599)), Err(RotateError::Underway { signs_from }));
    assert!(keys.rotate(signs_from).is_ok());
}

#[test]
fn a_key_that_the_operator_provides_is_the_only_one() {
    let key = SigningKey::from_der(&SigningKey::generate(SigningAlgorithm::Es256).unwrap()).unwrap();
    let key = Arc::new(key.with_chain(&[vec![1, 2, 3]]));
    let keys = SigningKeys::provided(token_keys::store(), token_keys::RULES, Arc::clone(&key), NOW);
    assert_eq!(signer(&keys, NOW), key.kid());
    assert_eq!(published(&keys, NOW), [key.kid()]);
    assert_eq!(keys.published(NOW)["keys"][0]["x5c"], serde_json::json!(["AQID"]));
    assert!(keys.of_kid("another", NOW.plus_secs(1)).is_none());
    assert_eq!(keys.rotate(NOW), Err(RotateError::Provided));
    keys.tend(NOW.plus_secs(1 << 40)).unwrap();
    assert_eq!(signer(&keys, NOW), key.kid());
}

#[test]
fn another_algorithm_signs_at_once_and_keys_of_the_former_verify_on() {
    let store = token_keys::store();
    let rules = |algorithm| Rules { purpose: KeyPurpose::Federation, algorithm, ..token_keys::RULES };
    let open = |algorithm| SigningKeys::open(Arc::clone(&store), rules(algorithm), NOW).unwrap();
    let old = signer(&open(SigningAlgorithm::Es256), NOW);
    let keys = open(SigningAlgorithm::Rs256);
    assert_eq!(keys.signer(NOW).unwrap().algorithm(), SigningAlgorithm::Rs256);
    assert!(keys.of_kid(&old, NOW).is_some());
    assert_eq!(published(&keys, NOW).len(), 2);
    assert_eq!(published(&keys, NOW.plus_secs(1200)), [signer(&keys, NOW)]);
}
