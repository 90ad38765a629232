//! Cookies.

use std::sync::{Arc, LazyLock};

use kbs_protocol::HashAlgorithm;
use verifier::evidence::Tee;
use zeroize::Zeroizing;

use super::full_store::store_over;
use super::memory::Memory;
use super::{Counter, NOW, altered};
use crate::challenge_key::ChallengeKeys;
use crate::session::{Challenge, SessionError};
use crate::store::KeyPurpose;

struct Cookies {
    keys: ChallengeKeys,
    /// Of every TEE and both keys.
    sealed: Vec<(String, Challenge)>,
}

static COOKIES: LazyLock<Cookies> = LazyLock::new(|| {
    let store = Arc::new(store_over(Arc::new(Memory::default())));
    let key = |byte: u8| move || Ok(Zeroizing::new(vec![byte; 32]));
    store.own_keys(KeyPurpose::Challenge, NOW, key(1)).expect("the first key");
    let older = ChallengeKeys::open(Arc::clone(&store), NOW).expect("one key");
    store.rotate(KeyPurpose::Challenge, NOW, key(2)).expect("the second key");
    let keys = ChallengeKeys::open(store, NOW.plus_secs(3600)).expect("two keys");
    let tees = [Tee::Snp, Tee::Tdx, Tee::Sgx, Tee::Sample];
    let hashes = [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512];
    let mut sealed = Vec::new();
    let mut rng = Counter(0);
    for tee in tees {
        for hash in hashes {
            for (keys, life) in [(&older, 300), (&keys, 300), (&keys, 0)] {
                let challenge = Challenge::new(tee, hash, NOW.plus_secs(life), &mut rng);
                sealed.push((challenge.to_cookie(keys, &mut rng).expect("it seals"), challenge));
            }
        }
    }
    Cookies { keys, sealed }
});

/// A cookie: one that was sealed, altered as the bytes say, or the bytes themselves. Nothing opens that was not sealed, byte
/// for byte.
pub fn cookie(bytes: &[u8]) {
    let Some((which, rest)) = bytes.split_first() else { return };
    let sealed = &COOKIES.sealed;
    let shown = match sealed.get(usize::from(*which)) {
        Some((valid, _)) => altered(valid.as_bytes(), rest),
        None => rest.to_vec(),
    };
    let Ok(shown) = str::from_utf8(&shown) else { return };
    let known = sealed.iter().find(|(valid, _)| valid == shown).map(|(_, challenge)| challenge);
    let expected = match known {
        None => Err(SessionError::NotOurs),
        Some(known) if known.expires() <= NOW => Err(SessionError::Expired { expired: known.expires() }),
        Some(known) => Ok(known.clone()),
    };
    assert_eq!(Challenge::from_cookie(shown, &COOKIES.keys, NOW), expected);
}
